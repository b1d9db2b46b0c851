"""What a user reads about an answer that will not do."""

import pytest

from provisioning.connectors.base import Field, problems
from provisioning.connectors.fields import Kind
from provisioning.connectors.reseller_plan import ResellerPlan


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("text", "Acme Ltd & Söhne", "two\nlines"),
        ("text", "x" * 500, "x" * 501),
        ("email", "anna.o+shop@acme.example", "anna@acme"),
        ("email", "a@b.example", "a@b.example\r\nBcc: c@d.example"),
        ("number", "15", "-1"),
        ("number", "0", "1e9"),
        ("choice", "EU", "eu"),
        ("domain", "shop.brightfield.example", "-brightfield.example"),
        ("domain", "xn--bcher-kva.example", "10.0.0.1"),
        ("url", "https://vendor.example:8443/api", "javascript:alert(1)"),
        ("url", "https://vendor.example", "https://user:secret@vendor.example"),
        ("url", "http://127.0.0.1:9000", "https://vendor.example:99999"),
        ("secret", "-----BEGIN KEY-----\nabc\n", ""),
        ("alias", "brightfield", "Brightfield"),
        ("alias", "a-1", "ab"),
        ("alias", "a" * 40, "a" * 41),
        ("alias", "shop-24", "-shop"),
        ("alias", "shop24", "shop24-"),
        ("alias", "abc", "söhne"),
        ("alias", "webhooks2", "webhooks"),
        ("alias", "my-reseller", "reseller"),
    ],
)
def test_an_answer_is_good_or_a_sentence_says_why_not(kind: Kind, good: str, bad: str) -> None:
    reserved = frozenset({"webhooks", "reseller"})
    field = Field("it", "Your answer", kind, choices=("EU", "US"), reserved=reserved)
    assert field.problem(good) is None
    assert "Your answer" in (field.problem(bad) or "")


def test_only_what_is_required_must_be_answered() -> None:
    assert Field("it", "Note", "text", required=False).problem("") is None
    assert Field("it", "Note", "text").problem("  ") == "Note is needed."


def test_answers_are_asked_of_one_party_only() -> None:
    fields = (
        Field("domain", "Domain", "domain"),
        Field("api_key", "API key", "secret", asked_of="distributor"),
    )
    assert problems(fields, {"domain": "acme.example"}, asked_of="buyer") == {}
    assert list(problems(fields, {"domain": "acme.example", "api_key": "x"}, asked_of="buyer")) == ["api_key"]


@pytest.mark.parametrize(
    "word",
    ["reseller", "distributor", "static", "theme", "webhooks", "sign-in", "orders", "basket", "checkout"]
    + ["livez", "readyz", "healthz", "metrics", "api", "account", "invitations", "search", "assets"],
)
def test_no_storefront_is_named_like_an_address_of_ours(word: str) -> None:
    assert "reserved" in problems(ResellerPlan.fields, {"alias": word}, asked_of="buyer")["alias"]
