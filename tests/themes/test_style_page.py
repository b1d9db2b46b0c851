"""Every component in every theme, in a real browser under the shop's strict policy: nothing blocked,
nothing wider than the screen, nothing that axe calls serious."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from axe_playwright_python.sync_playwright import Axe
from jinja2 import ChoiceLoader, FileSystemLoader
from playwright.sync_api import Page, Route

from whitelabel_themes import samples, style_page, tokens
from whitelabel_themes.loader import Theme, base, environment_for, loader_for, themes

PAGES = Path(__file__).parent / "pages"


def placed(static: Path, name: str, html: str) -> str:
    (static / name).write_text(html, encoding="utf-8")
    return f"/{name}"


def style_page_of(theme: Theme, env, static: Path, **chosen: object) -> str:
    settings = theme.validate(chosen)
    sheet = placed(static, f"tokens-{theme.name}.css", tokens.css(theme, settings))
    return placed(static, f"style-{theme.name}.html", style_page.draw(theme, settings, env, sheet))


def other_page(env, static: Path, name: str, **more: object) -> str:
    theme = themes()["aurora"]
    sheet = placed(static, "tokens-other.css", tokens.css(theme, theme.validate({})))
    values = {**samples.page_values(theme, theme.validate({}), sheet), **more}
    overlay = env.overlay(loader=ChoiceLoader([FileSystemLoader(PAGES), loader_for(base())]))
    return placed(static, name, overlay.get_template(name).render(values))


def console_page(env, static: Path) -> str:
    console = SimpleNamespace(
        name="Nordwind Distribution of Cloud Products and Services",
        role="Distributor",
        logo_url=None,
        css_url=None,
    )
    places = SimpleNamespace(home="#", search="#", shop="#", sign_out="#", help="#")
    nav = [
        ("Dashboard", "#", "layout-dashboard", None, False),
        ("Sales", None, None, None, False),
        ("Orders", "#", "receipt", 3, True),
    ]
    return other_page(env, static, "console.html", title="Orders", console=console, places=places, nav=nav)


def look_at(page: Page, address: str) -> list[str]:
    """Opens the page; what the browser complained of."""
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.route("**/favicon.ico", lambda route: route.fulfill(status=204))
    page.goto(address)
    page.evaluate("document.fonts.ready")
    return complaints


def judge(page: Page, address: str) -> None:
    assert look_at(page, address) == []
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    worst = [
        (found["id"], node["target"], node.get("failureSummary"))
        for found in Axe().run(page).response["violations"]
        if found["impact"] in ("serious", "critical")
        for node in found["nodes"]
    ]
    assert worst == []


def opened(chromium, scheme: str, width: int) -> Page:
    context = chromium.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
    )
    return context.new_page()


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", sorted(themes()))
def test_every_component_in_every_theme(chromium, site, env, static, name, scheme, width):
    page = opened(chromium, scheme, width)
    judge(page, site + style_page_of(themes()[name], env, static))
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_console_and_the_little_pages(chromium, site, env, static, scheme):
    for width in (360, 1280):
        page = opened(chromium, scheme, width)
        judge(page, site + console_page(env, static))
        judge(
            page,
            site + other_page(env, static, "bare.html", title="Sign in", lead="Welcome.", icon="key-round"),
        )
        page.context.close()


def test_the_little_pages_need_no_shop(chromium, site, env, static):
    page = opened(chromium, "light", 360)
    judge(
        page,
        site + other_page(env, static, "bare.html", shop=None, title="We will be back", request_id="r-1"),
    )
    page.context.close()


@pytest.mark.parametrize("brand", ["#ffee00", "#e11d48", "#101010"])
def test_other_brands_pass_too(chromium, site, env, static, brand):
    page = opened(chromium, "light", 1280)
    judge(page, site + style_page_of(themes()["aurora"], env, static, brand=brand, warmth="warm"))
    page.context.close()


def test_at_four_times_the_zoom_nothing_is_cut_off(chromium, site, env, static):
    """A screen of 320 px is what 400 % zoom leaves of 1280 px."""
    page = opened(chromium, "light", 320)
    assert look_at(page, site + style_page_of(themes()["aurora"], env, static)) == []
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    page.context.close()


def test_scripts_count_total_and_guard(chromium, site, env, static):
    page = opened(chromium, "light", 1280)
    assert look_at(page, site + style_page_of(themes()["aurora"], env, static)) == []
    form = page.locator("form:has([data-live-total])")
    form.locator("[data-step='1']").click()
    assert form.locator("[name=quantity]").input_value() == "11"
    assert page.locator("[data-live-total]").inner_text() == "€141.90"
    page.click("summary:has-text('Ana Lopes')")
    assert page.locator(".menu[open]").count() == 1
    page.keyboard.press("Escape")
    assert page.locator(".menu[open]").count() == 0
    page.click("text=Why is this waiting?")
    assert page.locator("dialog[open]").count() == 1
    page.context.close()


def test_a_form_is_sent_once_on_a_double_click(chromium, site, env, static):
    page = opened(chromium, "light", 1280)
    look_at(page, site + style_page_of(themes()["aurora"], env, static))
    sent: list[str] = []
    page.route("**/slow", lambda route: sent.append(route.request.url) or route.fulfill(status=204))
    page.locator("form[data-guard]").evaluate("form => { form.action = '/slow'; form.noValidate = true }")
    with page.expect_request("**/slow"):
        page.locator("form[data-guard] button[type=submit]:has-text('Save changes')").dblclick()
    page.wait_for_timeout(200)
    assert len(sent) == 1
    page.context.close()


def test_progress_asks_again_until_the_answer_asks_no_more(chromium, site, env, static):
    page = opened(chromium, "light", 1280)
    asking = '<div data-poll hx-get="/progress" hx-trigger="every 2s" hx-swap="outerHTML">Nearly there</div>'
    answers = [asking, "<div>All is delivered</div>"]
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(body=answers[len(asked) - 1], content_type="text/html")

    page.route("**/progress", answer)
    assert look_at(page, site + other_page(env, static, "progress.html", title="Order")) == []
    page.get_by_text("All is delivered").wait_for(timeout=45_000)
    page.wait_for_timeout(2500)
    assert len(asked) == 2
    page.context.close()


def test_menus_and_confirmations_open_without_scripts(chromium, site, env, static):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site + style_page_of(themes()["aurora"], env, static))
    page.click("summary:has-text('Cancel the order')")
    assert page.locator("form.confirm__panel").is_visible()
    page.click("summary:has-text('Ana Lopes')")
    assert page.locator(".menu__who").is_visible()
    assert not page.locator(".stepper__button").first.is_visible()
    context.close()


def test_the_command_writes_a_page_with_its_files(tmp_path):
    theme = themes()["plain"]
    style_page.write(tmp_path / "style.html", theme, theme.validate({}))
    html = (tmp_path / "style.html").read_text()
    assert "Style page" in html
    assert (tmp_path / "style_static" / "tokens.css").is_file()


def test_every_theme_draws_in_its_own_environment(env):
    drawn = {
        name: environment_for(theme, env).get_template("style_page.html") for name, theme in themes().items()
    }
    assert len({id(template) for template in drawn.values()}) == len(themes())
