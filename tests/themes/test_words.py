"""Every word of a template can be translated."""

import re

import pytest
from jinja2 import Environment
from markupsafe import Markup

from core import languages
from tests.themes.bare_words import bare_words, templates
from whitelabel_themes.loader import HERE, environment_for, give_words, themes

FOR_DEVELOPERS = ("base/templates/style_page.html", "base/templates/parts/mails.html", "icons.txt")
NAMED = {str(path.relative_to(HERE)): path for path in templates(HERE)}
DONE = sorted(name for name in NAMED if not name.endswith(FOR_DEVELOPERS))
NO_WORDS = {"base/templates/parts/values.html": ["Aa"]}


@pytest.mark.parametrize("name", DONE)
def test_a_template_says_nothing_untranslated(name: str) -> None:
    assert bare_words(NAMED[name].read_text()) == NO_WORDS.get(name, [])


@pytest.mark.parametrize("name", DONE)
def test_only_words_of_ours_are_looked_up(name: str) -> None:
    """A value looked up would be shown without being escaped."""
    source = re.sub(r"\{#.*?#\}", "", NAMED[name].read_text(), flags=re.DOTALL)
    assert re.findall(r"(?<!\w)(?:_|ngettext)\((?!\")[^)]*", source) == []
    for said in re.findall(r'(?<!\w)(?:_|ngettext)\("((?:[^"\\]|\\.)*)"', source):
        assert "<" not in said, said
        assert "%" not in re.sub(r"%\(\w+\)s", "", said), said


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("<p>Hello there</p>", ["Hello there"]),
        ('<p>{{ _("Hello there") }}</p>', []),
        ('{{ ngettext("One session", "%(num)s sessions", n) }}', []),
        ("{% trans %}Hello{% endtrans %}", []),
        ('<a title="Close it">{{ icon("x") }}</a>', ["Close it"]),
        ('{{ button("Place order") }}', ["Place order"]),
        ('{{ notice(problem ~ " Nothing was ordered.") }}', [" Nothing was ordered."]),
        ('{{ card("E-mail") }}{{ fact("VAT") }}{{ card("1. Add it") }}', ["E-mail", "VAT", "1. Add it"]),
        ('{{ button(_("Place order"), kind="quiet") }}', []),
        ("<p>{{ n }} of {{ all }}</p>", ["of"]),
        ('{% if f.type == "BooleanField" %}<b class="card card--x">{{ n }}</b>{% endif %}', []),
    ],
)
def test_bare_words_are_found_and_others_are_not(source: str, found: list[str]) -> None:
    assert bare_words(source) == found


def test_each_language_has_its_own_templates_and_fills_in_what_it_is_given() -> None:
    env = Environment(autoescape=True)
    give_words(env, languages._, languages.form_of, languages.said_in)
    source = '{{ _("Sign in") }} {{ _("Order %(code)s", code=code) }}'
    drawn = {}
    for language in ("en", "en-XA", "en"):
        with languages.speaking(language):
            template = environment_for(themes()["plain"], env, language).from_string(source)
            drawn[language] = template.render(code="<b>")
    assert drawn["en"] == "Sign in Order &lt;b&gt;"
    assert drawn["en-XA"].startswith("[Šîĝñ îñ ẋẋ] [Öŕdéŕ &lt;b&gt;")


def test_markup_stays_markup_and_a_text_is_not_escaped() -> None:
    for escapes, what, drawn in (
        (True, Markup("<b>7</b>"), "Order <b>7</b>"),
        (False, "A & B", "Order A & B"),
    ):
        env = Environment(autoescape=escapes)  # noqa: S701 a mail's text is not escaped
        give_words(env, languages._, languages.form_of, languages.said_in)
        drawer = environment_for(themes()["plain"], env, "en")
        assert drawer.from_string('{{ _("Order %(what)s", what=what) }}').render(what=what) == drawn
