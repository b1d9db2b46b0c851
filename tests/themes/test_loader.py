"""Where a template comes from: the theme, its parents, the base."""

from typing import Any

import pytest
from jinja2 import Environment, TemplateNotFound

from whitelabel_themes.loader import HERE, base, environment_for, themes

AURORA, PLAIN = themes()["aurora"], themes()["plain"]
HERO = "parts/hero.html"
SHOP = {
    "settings": {
        "welcome": "<b>Hello</b>",
        "tagline": "",
        "gradient": True,
        "promise_first": "fast",
        "promise_second": "",
        "promise_third": "",
    }
}


def hero(env: Environment, name: str = HERO) -> str:
    macros: Any = env.get_template(name).module
    return str(macros.hero(SHOP))


def test_a_theme_draws_its_own_and_falls_back_to_the_base(env):
    assert "hero__promises" in hero(environment_for(AURORA, env))
    assert "hero__promises" not in hero(environment_for(PLAIN, env))


def test_the_prefix_reaches_the_original(env):
    aurora = environment_for(AURORA, env)
    assert hero(aurora, f"base/{HERO}") == hero(environment_for(PLAIN, env))
    assert hero(aurora, f"aurora/{HERO}") == hero(aurora)


def test_a_theme_cannot_reach_a_theme_it_does_not_descend_from(env):
    with pytest.raises(TemplateNotFound):
        environment_for(PLAIN, env).get_template(f"aurora/{HERO}")


def test_a_name_cannot_climb_out_of_the_folder(env):
    with pytest.raises(TemplateNotFound):
        environment_for(AURORA, env).get_template("../theme.toml")


def test_pages_of_two_themes_never_mix(env):
    drawn = [hero(environment_for(theme, env)) for theme in (AURORA, PLAIN, AURORA, PLAIN, AURORA)]
    assert drawn[0] == drawn[2] == drawn[4]
    assert drawn[1] == drawn[3] != drawn[0]


def test_each_theme_has_one_environment_with_a_cache_of_its_own(env):
    aurora, plain = environment_for(AURORA, env), environment_for(PLAIN, env)
    assert environment_for(AURORA, env) is aurora
    assert len({id(aurora.cache), id(plain.cache), id(env.cache)}) == 3


def test_a_global_added_later_reaches_every_theme(env):
    aurora = environment_for(AURORA, env)
    env.globals["added_later"] = "yes"
    assert aurora.from_string("{{ added_later }}").render() == "yes"


def test_what_a_reseller_wrote_is_escaped(env):
    assert "&lt;b&gt;Hello" in hero(environment_for(AURORA, env))


def test_the_base_is_not_a_choice_and_consoles_are_not_themed():
    assert base().name not in themes()
    themed = (HERE / "themes").glob("*/templates/*")
    assert {folder.name for folder in themed} <= {"layouts", "parts", "portal", "mail"}


def test_a_theme_inherits_settings_and_may_change_their_defaults():
    assert PLAIN.validate({})["radius"] == "soft"
    assert AURORA.validate({})["radius"] == "round"
    assert {setting.key for setting in PLAIN.settings} < {setting.key for setting in AURORA.settings}
