"""The reseller's customers and colleagues: invited, accepted, withdrawn; and nothing of another reseller
within reach."""

from collections.abc import Callable

import pytest
from sqlalchemy import select, update

from billing.invoices import Invoice
from catalog.listings import Listing
from checkout.placing import OnlyYourResellerOrders
from core import db, parties
from core.parties import Customer, Membership, OrderedBy
from partners import acceptances, invitations
from partners.invitations import Invitation, InvitationState
from subscriptions.subscriptions import Subscription
from tests.reseller.conftest import Person
from tests.world import World, open_portal

FERROW = {"company": "Ferrow & Sons", "name": "Carla Ruiz", "email": "carla@ferrow.example", "country": "de"}


@pytest.fixture(autouse=True)
def open_brightfield(world: World) -> None:
    open_portal(world)


def code_of(world: World, customer: str) -> str:
    with world.acting():
        return parties.customer(world.customers[customer]).code


def invitation_of(world: World, email: str) -> Invitation:
    with world.acting():
        return db.session().scalars(select(Invitation).where(Invitation.email == email)).one()


def roles_of(world: World, person: str, *roles: str) -> None:
    with world.acting():
        mine = Membership.id == world.people[person].membership_id
        db.session().execute(update(Membership).where(mine).values(roles=list(roles)))


def test_a_customer_is_invited_and_comes_in(world: World, bea: Person) -> None:
    page = bea.places("/reseller/customers/invite", **FERROW).split("?")[0]
    bea.sees(page, "Ferrow & Sons", "carla@ferrow.example", "Invited", "Resend", "Withdraw")
    with world.acting():
        token = invitations.fresh_token(db.session().scalars(select(Invitation)).one())
    acceptances.accept(
        token,
        storefront_id=world.storefronts["brightfield"],
        name="",
        password="Chosen-by-carla-7",
        address="192.0.2.7",
    )
    bea.sees(page, "Accepted", "Carla Ruiz")
    bea.sees("/reseller/customers?q=ferrow", "Ferrow & Sons")


def test_what_was_typed_stays_when_it_is_refused(world: World, bea: Person) -> None:
    answer = bea.post("/reseller/customers/invite", **FERROW | {"email": "not an address"})
    assert answer.status_code == 422
    assert 'value="Carla Ruiz"' in answer.text
    assert "Enter an e-mail address" in answer.text
    with world.acting():
        assert db.session().scalar(select(Customer).where(Customer.name == FERROW["company"])) is None


def test_before_the_storefront_opens_the_page_says_what_comes_first(world: World, hugo: Person) -> None:
    hugo.sees("/reseller/customers/invite", "Your storefront comes first")
    assert hugo.post("/reseller/customers/invite", **FERROW).status_code == 422


def test_an_invitation_is_sent_again_and_withdrawn(world: World, bea: Person) -> None:
    page = bea.places("/reseller/customers/invite", **FERROW).split("?")[0]
    at = f"{page}/invitations/{invitation_of(world, FERROW['email']).id}"
    bea.places(f"{at}/resend")
    assert invitation_of(world, FERROW["email"]).sending == 2
    bea.places(f"{at}/revoke")
    assert invitation_of(world, FERROW["email"]).state is InvitationState.REVOKED
    assert bea.post(f"{at}/resend").status_code == 409
    assert "Withdrawn" in bea.sees(page)


@pytest.mark.behaviour("H45")
def test_the_reseller_decides_that_only_it_orders_for_a_customer(world: World, bea: Person) -> None:
    page = f"/reseller/customers/{code_of(world, 'acme')}"
    bea.sees(page, "Only we order")
    bea.places(f"{page}/ordering", ordered_by="reseller")
    with pytest.raises(OnlyYourResellerOrders):
        world.buys("acme", "patch-y", 15)
    bea.sees("/reseller/customers", "Only we order")
    bea.places(f"{page}/ordering", ordered_by="customer")
    assert world.place("acme")


def test_a_switch_nobody_offered_changes_nothing(world: World, bea: Person) -> None:
    assert (
        bea.post(f"/reseller/customers/{code_of(world, 'acme')}/ordering", ordered_by="nobody").status_code
        == 422
    )
    with world.acting():
        assert parties.customer(world.customers["acme"]).ordered_by is OrderedBy.CUSTOMER


def test_a_colleague_is_invited_with_roles(world: World, bea: Person) -> None:
    bea.places(
        "/reseller/team", name="Ben", email="ben@brightfield.example", roles=["buyer", "billing_agent"]
    )
    assert invitation_of(world, "ben@brightfield.example").roles == ["buyer", "billing_agent"]
    bea.sees("/reseller/team", "Buyer, Billing agent", "Bea")
    for wrong in ({"roles": []}, {"roles": ["god"]}, {"roles": ["buyer"], "email": "bea@people.example"}):
        answer = bea.post("/reseller/team", **{"name": "Ben", "email": "ben2@brightfield.example"} | wrong)
        assert answer.status_code in (409, 422)


def test_only_administrators_change_the_team(world: World, bea: Person) -> None:
    roles_of(world, "bea", "storefront_manager")
    assert "Only an administrator changes roles" in bea.sees("/reseller/team")
    assert bea.post("/reseller/team", name="Ben", email="ben@x.example", roles=["admin"]).status_code == 403


def test_the_role_is_asked_for_wherever_something_changes(world: World, bea: Person) -> None:
    page = f"/reseller/customers/{code_of(world, 'acme')}"
    roles_of(world, "bea", "billing_agent")
    for path, form in (
        ("/reseller/customers/invite", FERROW),
        (f"{page}/ordering", {"ordered_by": "reseller"}),
        (f"{page}/people", {"name": "A", "email": "a@b.example", "roles": ["admin"]}),
        ("/reseller/prices", {"save": "all"}),
        ("/reseller/prices/rules", {"level": "all", "method": "percent", "value": "5"}),
        ("/reseller/prices/bulk", {"how": "percent", "value": "5"}),
        ("/reseller/margins/floors", {"percent": "5"}),
        ("/reseller/shelf", {"act": "hide"}),
        ("/reseller/branding", {"act": "save"}),
        ("/reseller/branding/logo", {"act": "remove"}),
    ):
        assert bea.post(path, **form).status_code == 403, path


def test_another_reseller_finds_nothing_of_ours_under_any_id(world: World, bea: Person, hugo: Person) -> None:
    open_portal(world, "harbour")
    customer = bea.places("/reseller/customers/invite", **FERROW).split("?")[0]
    invitation = invitation_of(world, FERROW["email"]).id
    world.give_credit("brightfield", 10_000_00)
    world.buys("acme", "patch-y", 15)
    order = world.buys("acme", "patch-y", 15)
    world.fund_by_hand(order)
    world.work()
    with world.acting("brightfield"):
        invoice = db.session().scalars(select(Invoice)).first()
        listing = db.session().scalars(select(Listing)).first()
        subscription = db.session().scalars(select(Subscription)).first()
    assert invoice
    assert listing
    assert subscription
    hugos = f"/reseller/customers/{code_of(world, 'zebra')}"
    pages = [
        customer,
        f"/reseller/orders/{order}",
        f"/reseller/orders/{order}/progress",
        f"/reseller/orders/{order}/pay",
        f"/reseller/money/invoices/{invoice.id}",
        f"/reseller/subscriptions/{subscription.code}",
    ]
    acts: list[tuple[str, dict[str, object]]] = [
        (f"{customer}/ordering", {"ordered_by": "reseller"}),
        (f"{customer}/people", {"name": "H", "email": "h@people.example", "roles": ["admin"]}),
        (f"{customer}/invitations/{invitation}/revoke", {}),
        (f"{hugos}/invitations/{invitation}/revoke", {}),
        (f"{hugos}/invitations/{invitation}/resend", {}),
        (f"/reseller/team/invitations/{invitation}/revoke", {}),
        (f"/reseller/orders/{order}/cancel", {}),
        ("/reseller/prices", {f"price-{listing.id}": "1.00", "save": str(listing.id)}),
        ("/reseller/prices", {"hide": str(listing.id)}),
    ]
    for path in pages:
        assert bea.get(path).status_code in (200, 286, 403), path
        assert hugo.get(path).status_code == 404, path
    for path, form in acts:
        assert hugo.post(path, **form).status_code == 404, path
    with world.acting():
        assert invitation_of_here(FERROW["email"]).state is InvitationState.PENDING
        kept = db.session().get(Listing, (listing.distributor_id, listing.id))
        assert kept is not None
        assert kept.price_minor == listing.price_minor


def invitation_of_here(email: str) -> Invitation:
    return db.session().scalars(select(Invitation).where(Invitation.email == email)).one()


def test_an_invitation_of_a_customer_is_not_revoked_through_the_team(world: World, bea: Person) -> None:
    bea.places("/reseller/customers/invite", **FERROW)
    invitation = invitation_of(world, FERROW["email"]).id
    assert bea.post(f"/reseller/team/invitations/{invitation}/revoke").status_code == 404
    assert bea.post(f"/reseller/team/invitations/{'x' * 36}/revoke").status_code == 404


def test_customers_and_strangers_have_no_console(world: World, sign_in: Callable[..., Person]) -> None:
    anna = sign_in("anna", "/brightfield")
    assert anna.get("/reseller/").status_code == 404
    assert (
        sign_in("hugo").client.get("/brightfield/reseller/", base_url="http://shop.test").status_code == 303
    )
