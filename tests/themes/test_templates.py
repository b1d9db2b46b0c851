"""House rules of templates and stylesheets, and the parts on real form fields."""

import re
from pathlib import Path

import pytest
from coloraide.css.color_names import name2val_map
from wtforms import BooleanField, Form, IntegerField, RadioField, SelectField, StringField
from wtforms.validators import DataRequired

from storefront.forms import SelectChoice
from whitelabel_themes import samples, tokens
from whitelabel_themes.icons import ICONS
from whitelabel_themes.loader import HERE, environment_for, themes

TEMPLATES = sorted(HERE.rglob("*.html"))
SHEETS = sorted([*(HERE / "base" / "static").rglob("*.css"), *(HERE / "themes").rglob("*.css")])
MAILS = {"mail.html", "mails.html"}


def named(path: Path) -> str:
    return str(path.relative_to(HERE))


def code(path: Path) -> str:
    return re.sub(r"\{#.*?#\}", "", path.read_text(), flags=re.DOTALL)


def is_mail(path: Path) -> bool:
    return path.name in MAILS or "mail" in path.parts


@pytest.mark.parametrize("path", TEMPLATES, ids=named)
def test_pages_hold_no_style_and_no_script(path):
    assert is_mail(path) or not re.search(r"\sstyle\s*=|<style", code(path))
    runs = r"<script(?![^>]*(?:\ssrc=|\stype=.application/ld\+json))"  # data does not run
    assert not re.search(rf"{runs}|\son\w+=|javascript:|\|\s*safe\b(?!\s+if busy)", code(path))


@pytest.mark.parametrize("path", [path for path in TEMPLATES if path.parent.name == "parts"], ids=named)
def test_every_part_has_a_contract(path):
    assert "{#" in path.read_text()
    for macro in re.findall(r"{% macro (\w+)", code(path)):
        assert re.search(
            rf"\b{macro}\b", "".join(re.findall(r"\{#.*?#\}", path.read_text(), flags=re.DOTALL))
        ), macro


@pytest.mark.parametrize("path", TEMPLATES, ids=named)
def test_only_icons_of_the_sprite_are_named(path):
    drawn = re.findall(r'(?:icon|draw)\("([a-z0-9-]+)"', code(path)) + re.findall(
        r'icon="([a-z0-9-]+)"', code(path)
    )
    assert set(drawn) <= set(ICONS)


def test_states_and_marks_use_icons_of_the_sprite():
    states = (HERE / "base/templates/parts/badges.html").read_text()
    pairs = re.findall(r'\("(\w+)", (?:"([\w-]+)"|none), ', states)
    assert len(pairs) > 40
    assert {icon for _, icon in pairs if icon} <= set(ICONS)
    assert {tone for tone, _ in pairs} == {"ok", "wait", "warn", "bad", "info", "neutral"}


@pytest.mark.parametrize("path", SHEETS, ids=named)
def test_stylesheets_name_no_colour(path):
    css = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)
    values = " ".join(re.findall(r":\s([^;{}]+);", css)).replace("rgb(from var(", "(")
    assert not re.search(r"#[0-9a-fA-F]{3,8}\b|\b(rgba?|hsla?|oklch|oklab|lab|lch|hwb|color)\(", values)
    assert not set(re.findall(r"(?<![\w-])[a-z]+(?![\w-])", values)) & (set(name2val_map) - {"transparent"})


@pytest.mark.parametrize("path", SHEETS, ids=named)
def test_stylesheets_use_logical_directions(path):
    assert not re.search(
        r"(margin|padding|border)-(left|right|top|bottom)|text-align: (left|right)|float:", path.read_text()
    )


class Seats(Form):
    company = StringField("Company", [DataRequired("Name the company.")], description="As on the invoice.")
    seats = IntegerField("Seats", default=10)
    country = SelectField(
        "Country", choices=[SelectChoice("Ireland", "Ireland"), SelectChoice("Portugal", "Portugal")]
    )
    payment = RadioField("Payment", choices=[SelectChoice("card", "card"), SelectChoice("terms", "terms")])
    agreed = BooleanField("Agreed")


def draw(env, source: str, **values: object) -> str:
    start = (
        '{% from "parts/fields.html" import choices, error_summary, field, money_field, stepper, switch %}'
    )
    return environment_for(themes()["plain"], env).from_string(start + source).render(**values)


def test_a_field_ties_hint_and_error_to_its_control_and_keeps_the_value(env):
    form = Seats(data={"company": ""})
    form.validate()
    drawn = draw(env, '{{ field(f, autocomplete="organization") }}', f=form.company)
    assert 'aria-describedby="company-hint company-error"' in drawn
    assert 'aria-invalid="true"' in drawn
    assert 'autocomplete="organization"' in drawn
    assert "Name the company." in drawn
    assert "As on the invoice." in drawn
    assert "optional" not in drawn
    assert 'value="&lt;Ferrow&gt;"' in draw(
        env, "{{ field(f) }}", f=Seats(data={"company": "<Ferrow>"}).company
    )


def test_each_kind_of_field_has_its_control(env):
    form = Seats(data={"country": "Portugal", "payment": "terms", "agreed": True, "seats": 12})
    assert '<option selected value="Portugal">' in draw(env, "{{ field(f) }}", f=form.country)
    assert draw(env, "{{ field(f) }}", f=form.payment).count('type="radio"') == 2
    assert 'type="checkbox"' in draw(env, "{{ field(f) }}", f=form.agreed)
    assert 'role="switch"' in draw(env, "{{ switch(f) }}", f=form.agreed)
    stepped = draw(env, '{{ stepper(f, min=1, max=300, unit="seats") }}', f=form.seats)
    assert re.search(r'<input[^>]*max="300"[^>]*min="1"[^>]*type="number"[^>]*value="12"', stepped)
    assert 'inputmode="decimal"' in draw(env, '{{ money_field(f, "EUR") }}', f=form.company)


def test_the_error_summary_links_to_the_fields(env):
    form = Seats(data={"company": "", "country": "Ireland", "payment": "card"})
    assert draw(env, "{{ error_summary(form) }}", form=form).strip() == ""
    form.validate()
    assert '<a href="#company">Company</a>: Name the company.' in draw(
        env, "{{ error_summary(form) }}", form=form
    )


def test_a_button_carries_attributes_and_a_reason(env):
    start = '{% from "parts/buttons.html" import act, button %}'
    drawn = draw(
        env,
        start + '{{ button("Buy", form="buy", name="plan", value=code, hx_post="/x", autofocus=true) }}',
        code='"><b>',
    )
    assert all(part in drawn for part in ('form="buy"', 'hx-post="/x"', " autofocus", "&#34;&gt;&lt;b&gt;"))
    assert " disabled" in draw(env, start + '{{ button("Cancel", because="Too late") }}')
    assert 'name="csrf_token" value="sample"' in draw(
        env, start + '{{ act("Retry", "/retry", fields={"task": "T1"}) }}'
    )


def test_a_mail_is_drawn_with_plain_values(env):
    theme = themes()["aurora"]
    chosen = theme.validate({})
    source = (Path(__file__).parent / "pages" / "mail_sample.html").read_text()
    values = samples.page_values(theme, chosen, "")
    values["shop"].url = "https://shop.example"
    drawn = (
        environment_for(theme, env)
        .from_string(source)
        .render(values, look=tokens.mail_look(chosen), subject="Open", reason="You bought a plan.")
    )
    assert not re.search(r"var\(|<script|<table", drawn)
    assert "Log in &amp; customise it." in drawn
