"""The customer agreement: nothing is ordered before it is accepted, it is accepted in three ways, and it is
the company's. Rules without pages; those are in tests/portal/test_customer_agreements.py."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError

from checkout import placing
from checkout.placing import Checkout
from core import db, parties, tenancy
from core.parties import Customer
from core.tenancy import Scope, Side
from partners import agreement_links, customer_agreements, enrolments, programmes
from partners.agreement_links import AgreementLink, LinkState, NoSuchLink, SentAlready
from partners.applications import Application
from partners.conditions import NotTicked
from partners.customer_agreements import AcceptedAlready, AttestationIncomplete, MayNotAttest
from partners.terms import (
    AgreementMissing,
    Kind,
    ProductTermsNotAccepted,
    TermsAcceptance,
    TermsChanged,
    Way,
)
from subscriptions import subscriptions
from subscriptions.subscriptions import Subscription
from tests.partners import agreement_stage as stage
from tests.partners.programme_stage import apply, open_programme
from tests.world import World, open_portal

TITLE = "0patch customer agreement"


@pytest.fixture(autouse=True)
def _shops(world: World) -> None:
    open_portal(world, "brightfield")
    open_portal(world, "harbour")


@contextmanager
def customer(world: World, who: str = "acme", by: str = "") -> Generator[Customer]:
    """A customer in somebody's transaction; its own, unless somebody else is named."""
    with world.acting(by or who):
        yield parties.customer(world.customers[who])


def attest(world: World, version: str, *, by: str = "northwind", **changed: Any) -> TermsAcceptance:
    """Somebody attests for Acme."""
    with customer(world, by=by) as acme:
        customer_agreements.refuse_unless_may_attest(acme, distributor="Northwind")
        said = stage.attestation(**changed)
        return customer_agreements.attest(acme, stage.CODE, said, stage.agreed(version), by="Bea")


def enrol(world: World, code: str, *, attests: bool) -> None:
    """Brightfield is a partner of a programme that lets its resellers attest, or not."""
    open_programme(world, code)
    apply(world, code)
    with world.acting():
        programme = programmes.find(code)
        programme.resellers_attest = attests
        application = db.session().scalars(
            select(Application).where(Application.programme_id == programme.id)
        )
        enrolments.begin(programme, world.resellers["brightfield"], application.one().id)


# --- Before it is accepted ----------------------------------------------------------------------------------


@pytest.mark.behaviour("M37")
def test_nothing_is_ordered_before_the_agreement_is_accepted(world: World) -> None:
    version = stage.agreement(world)
    world.put("acme", "patch-y", 2)
    with pytest.raises(AgreementMissing, match=TITLE):
        world.place("acme")
    stage.accept(world, version)
    assert world.place("acme").startswith("ORD-")


@pytest.mark.behaviour("M37")
def test_nor_does_anybody_order_on_its_behalf(world: World) -> None:
    stage.agreement(world)
    world.put("acme", "patch-y", 2)
    clearance, shop = world.clearance("acme"), world.storefronts["brightfield"]
    unasked = Checkout("on-behalf", shop, asks_terms=False)
    with (
        tenancy.acting_as(world.scope("acme")),
        pytest.raises(AgreementMissing),
        db.transaction(widened_because="placing an order"),
    ):
        placing.place(world.people["acme"], clearance, unasked)


@pytest.mark.behaviour("M41")
def test_no_seat_changes_while_an_agreement_is_missing(world: World) -> None:
    world.fund_by_hand(world.buys("acme", "patch-y", 3))
    world.work(5)
    version = stage.agreement(world)
    with world.acting("acme"):
        service = db.session().scalars(select(Subscription)).one()
        with pytest.raises(AgreementMissing, match=TITLE):
            subscriptions.assign(service, "anton@acme.example")
    stage.accept(world, version)
    with world.acting("acme"):
        subscriptions.assign(db.session().scalars(select(Subscription)).one(), "anton@acme.example")


# --- Accepting ----------------------------------------------------------------------------------------------


@pytest.mark.behaviour("M38", "W13")
def test_an_acceptance_is_evidence_that_nobody_changes(world: World) -> None:
    version = stage.agreement(world)
    stage.accept(world, version)
    [kept] = stage.evidence(world)
    assert str(kept.terms_id) == version
    assert (kept.kind, kept.way, kept.title) == (Kind.CUSTOMER_AGREEMENT, Way.PORTAL, TITLE)
    assert (kept.company, kept.address, kept.browser) == ("Acme", "192.0.2.9", "Tests")
    assert len(kept.digest) == 64
    assert kept.order_id is None
    assert datetime.now(UTC) - kept.accepted_at < timedelta(minutes=1)
    for who in ("northwind", "brightfield", "acme"):
        with pytest.raises(DBAPIError, match="permission denied"), world.acting(who):
            db.session().execute(update(TermsAcceptance).values(name="Nobody"))


def test_one_accepts_the_version_in_force_once(world: World) -> None:
    old = stage.agreement(world)
    new = stage.next_version(world)
    with pytest.raises(NotTicked):
        stage.accept(world, "")
    for forged in (old, "nothing", world.customers["acme"].hex):
        with pytest.raises(TermsChanged):
            stage.accept(world, forged)
    stage.accept(world, new)
    with pytest.raises(AcceptedAlready, match=TITLE):
        stage.accept(world, new)
    assert len(stage.evidence(world)) == 1


def test_a_new_version_asks_again_or_counts_for_those_who_accepted(world: World) -> None:
    stage.accept(world, stage.agreement(world))
    stage.next_version(world, asks_again=False)
    world.buys("acme", "patch-y")
    newest = stage.next_version(world, text="Newer.")
    with pytest.raises(AgreementMissing):
        world.buys("acme", "patch-y")
    stage.accept(world, newest)
    assert world.place("acme").startswith("ORD-")


@pytest.mark.behaviour("M42")
def test_an_acceptance_is_the_companys_and_survives_its_move_to_another_provider(world: World) -> None:
    version = stage.agreement(world)
    world.put("zebra", "patch-y")
    with pytest.raises(AgreementMissing):
        world.place("zebra")  # otherwise the new provider has to obtain it
    stage.accept(world, version)
    with world.acting():  # Acme's standing with its new provider
        acme = parties.customer(world.customers["acme"])
        parties.customer(world.customers["zebra"]).company_id = acme.company_id
    assert world.place("zebra").startswith("ORD-")
    with customer(world, "zebra") as zebra:
        [row] = customer_agreements.standing(zebra.id)
    assert (row.accepted, row.elsewhere, row.accepted_by) == (
        True,
        True,
        "",
    )  # who did is the other's business


# --- Attesting ----------------------------------------------------------------------------------------------


@pytest.mark.behaviour("M38", "M40")
def test_a_provider_attests_by_name(world: World) -> None:
    version = stage.agreement(world)
    attest(world, version, phone="+49 89 1234")
    [kept] = stage.evidence(world)
    assert (kept.way, kept.name, kept.email) == (Way.ATTESTED, "Anna Berg", "anna@acme.example")
    assert (kept.phone, kept.attested_by) == ("+49 89 1234", "Bea")
    assert kept.accepted_on == datetime.now(UTC).date()
    assert world.buys("acme", "patch-y").startswith("ORD-")


@pytest.mark.behaviour("M40")
def test_an_attestation_says_who_and_when(world: World) -> None:
    version, today = stage.agreement(world), datetime.now(UTC).date()
    cases: list[tuple[str, Any, str]] = [
        ("first_name", " ", "first name"),
        ("last_name", "", "last name"),
        ("email", "anna", "e-mail address"),
        ("on", None, "the day"),
        ("on", today + timedelta(days=2), "cannot be in the future"),
        ("on", today - timedelta(days=2), "nobody can have accepted it before"),
    ]
    for field, value, says in cases:
        with pytest.raises(AttestationIncomplete) as refused:
            attest(world, version, **{field: value})
        assert says in refused.value.problems[field]
    assert stage.evidence(world) == []


@pytest.mark.behaviour("M39")
def test_a_reseller_attests_only_where_each_of_its_programmes_lets_it(world: World) -> None:
    version = stage.agreement(world)
    with pytest.raises(MayNotAttest, match="Only partners"):
        attest(world, version, by="brightfield")
    enrol(world, "indirect", attests=False)
    with pytest.raises(MayNotAttest, match="As a partner of Indirect partners you cannot attest: Northwind"):
        attest(world, version, by="brightfield")
    enrol(world, "direct", attests=True)
    with pytest.raises(MayNotAttest):
        attest(world, version, by="brightfield")
    with world.acting():
        programmes.find("indirect").resellers_attest = True
    attest(world, version, by="brightfield")
    assert [one.way for one in stage.evidence(world)] == [Way.ATTESTED]


def test_an_attestation_is_of_the_version_in_force(world: World) -> None:
    old = stage.agreement(world)
    stage.next_version(world)
    with pytest.raises(TermsChanged):
        attest(world, old)


# --- By a link ----------------------------------------------------------------------------------------------


def send(world: World, email: str = "anna@acme.example") -> str:
    """Brightfield mails Anna the link; its token."""
    with customer(world, by="brightfield") as acme:
        link = agreement_links.send(acme, stage.CODE, email=email, name="Anna", by="Bea")
        return agreement_links.token_of(link.nonce)


def use(world: World, token: str, version: str, reseller: str = "brightfield") -> TermsAcceptance:
    """Whoever holds it accepts in a reseller's shop."""
    public = Scope(Side.PUBLIC, world.distributor_id, world.resellers[reseller])
    because = "following an agreement's link"
    with tenancy.acting_as(public), db.transaction(widened_because=because):
        link = agreement_links.by_token(token, reseller_id=world.resellers[reseller], to_change=True)
        return agreement_links.use(link, "Anna Berg", stage.agreed(version))


@pytest.mark.behaviour("M38")
def test_a_link_accepts_once_for_the_company(world: World) -> None:
    version = stage.agreement(world)
    token = send(world)
    assert token.encode() not in b"".join(tokens(world))
    with pytest.raises(NotTicked):
        use(world, token, "")  # and the link is as it was
    use(world, token, version)
    [kept] = stage.evidence(world)
    assert (kept.way, kept.name, kept.email, kept.person_id) == (
        Way.LINK,
        "Anna Berg",
        "anna@acme.example",
        None,
    )
    with pytest.raises(NoSuchLink):
        use(world, token, version)


def tokens(world: World) -> list[bytes]:
    """What the database keeps of links."""
    with world.acting():
        return list(db.session().scalars(select(AgreementLink.token_hash)))


def test_a_link_that_is_old_withdrawn_sent_anew_or_of_another_shop_is_none(world: World) -> None:
    version, token = stage.agreement(world), ""
    token = send(world)
    with pytest.raises(NoSuchLink):
        use(world, token, version, reseller="harbour")
    with pytest.raises(SentAlready):
        send(world)

    def link() -> AgreementLink:
        return db.session().scalars(select(AgreementLink).order_by(AgreementLink.id.desc()).limit(1)).one()

    with world.acting("brightfield"):
        agreement_links.resend(link())
        fresh = agreement_links.token_of(link().nonce)
    with pytest.raises(NoSuchLink):
        use(world, token, version)
    with world.acting():
        link().expires_at = datetime.now(UTC)
    with pytest.raises(NoSuchLink):
        use(world, fresh, version)
    other = send(world, "otto@acme.example")
    with world.acting("brightfield"):
        agreement_links.revoke(link())
        assert link().state is LinkState.REVOKED
    with pytest.raises(NoSuchLink):
        use(world, other, version)
    assert stage.evidence(world) == []


# --- Terms of products --------------------------------------------------------------------------------------


def place(world: World, seller_terms: str, *product_terms: str) -> str:
    """Acme orders what is in its basket, with these boxes ticked."""
    clearance, shop = world.clearance("acme"), world.storefronts["brightfield"]
    wish = Checkout(f"key{product_terms}", shop, agreed=stage.agreed(seller_terms, *product_terms))
    with tenancy.acting_as(world.scope("acme")), db.transaction(widened_because="placing an order"):
        return placing.place(world.people["acme"], clearance, wish)


@pytest.mark.behaviour("I71")
def test_the_checkout_is_blocked_until_the_products_terms_are_ticked(world: World) -> None:
    version = stage.product_terms(world)
    world.put("acme", "patch-y", 2)
    with pytest.raises(ProductTermsNotAccepted, match="Patching terms"):
        world.place("acme")
    newest = stage.next_version(world, "patch-terms")
    with pytest.raises(TermsChanged):
        place(world, "", version)
    code = place(world, "", newest)
    [kept] = stage.evidence(world)
    assert (kept.kind, kept.title, kept.products) == (Kind.PRODUCT_TERMS, "Patching terms", "0patch Pro")
    assert (kept.order_code, kept.company, kept.name) == (code, "Acme GmbH", "Anna")
    assert (kept.email, kept.address, kept.browser) == ("anna@people.example", "192.0.2.9", "Tests")
    assert kept.url == "http://shop.test/agreements"
    world.buys("acme", "patch-y")  # once for a version
    assert len(stage.evidence(world)) == 1
