"""Every word of a template can be translated. What is not done yet stands in UNTRANSLATED, which only becomes
shorter."""

import re

import pytest
from jinja2 import Environment

from core import languages
from tests.themes.bare_words import bare_words, templates
from whitelabel_themes.loader import HERE, environment_for, give_words, themes

UNTRANSLATED = (
    "base/templates/distributor/",
    "base/templates/reseller/",
    "base/templates/mail/",
    "base/templates/account/code.html",
    "base/templates/account/confirm_email.html",
    "base/templates/account/profile.html",
    "base/templates/account/sign_in.html",
    "base/templates/account/two_factor.html",
    "base/templates/parts/companies.html",
    "base/templates/parts/refunds.html",
    "base/templates/portal/basket.html",
    "base/templates/portal/checkout.html",
    "base/templates/portal/company.html",
    "base/templates/portal/fragments/order.html",
    "base/templates/portal/terms.html",
)
FOR_DEVELOPERS = ("base/templates/style_page.html", "base/templates/parts/mails.html", "icons.txt")
NAMED = {str(path.relative_to(HERE)): path for path in templates(HERE)}
DONE = sorted(name for name in NAMED if not name.startswith((*UNTRANSLATED, *FOR_DEVELOPERS)))
NO_WORDS = {"base/templates/parts/values.html": ["Aa"]}


@pytest.mark.parametrize("name", DONE)
def test_a_template_says_nothing_untranslated(name: str) -> None:
    assert bare_words(NAMED[name].read_text()) == NO_WORDS.get(name, [])


@pytest.mark.parametrize("folder", UNTRANSLATED)
def test_what_is_excused_still_needs_it(folder: str) -> None:
    assert any(bare_words(NAMED[name].read_text()) for name in NAMED if name.startswith(folder))


@pytest.mark.parametrize("name", DONE)
def test_only_words_of_ours_are_looked_up(name: str) -> None:
    """A value looked up would be shown without being escaped."""
    source = re.sub(r"\{#.*?#\}", "", NAMED[name].read_text(), flags=re.DOTALL)
    assert re.findall(r"(?<!\w)_\((?!\")[^)]*", source) == []
    for said in re.findall(r'(?<!\w)_\("((?:[^"\\]|\\.)*)"', source):
        assert "<" not in said, said
        assert "%" not in re.sub(r"%\(\w+\)s", "", said), said


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("<p>Hello there</p>", ["Hello there"]),
        ('<p>{{ _("Hello there") }}</p>', []),
        ("{% trans %}Hello{% endtrans %}", []),
        ('<a title="Close it">{{ icon("x") }}</a>', ["Close it"]),
        ('{{ button("Place order") }}', ["Place order"]),
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
