"""For the route sweep: colleagues of every side, invitations that are out, a forgotten password."""

from uuid import UUID

from sqlalchemy import text

from core import account_links, db
from core.tenancy import Side
from partners import (
    invitations,
)
from tests.world import World, staff


def invite(world: World) -> dict[str, str]:
    """Brightfield has asked a colleague and another person of Acme's; both links are still out."""
    with world.acting("brightfield"):
        of_acme = invitations.invite(
            Side.CUSTOMER,
            email="otto@acme.example",
            name="Otto",
            roles=["buyer"],
            by="Bea",
            customer_id=world.customers["acme"],
        )
        colleague = invitations.invite(
            Side.RESELLER, email="ben@brightfield.example", name="Ben", roles=["buyer"], by="Bea"
        )
        return {
            "invitation": str(of_acme.id),
            "staff_invitation": str(colleague.id),
            "token": invitations.fresh_token(of_acme),
        }


def forget(world: World) -> str:
    """Anna has asked for a new password at Brightfield's shop; the link's token."""
    with world.acting():
        account_links.ask_reset("anna@people.example", storefront_id=world.storefronts["brightfield"])
        [kept] = db.session().execute(
            text("SELECT args ->> 'link_id' FROM tasks WHERE kind = 'mail_account_link'")
        )
        found = account_links.for_mail(UUID(kept[0]), world.distributor_id)
    assert found
    return found.token


def colleagues(world: World) -> dict[str, str]:
    """Somebody else works for Northwind, Brightfield and Acme each, and may be taken out; Northwind and Acme
    have asked one more."""
    brightfield, acme = world.resellers["brightfield"], world.customers["acme"]
    with world.acting():
        made = {
            "clerk": staff(world, "cleo", side=Side.DISTRIBUTOR),
            "colleague": staff(world, "bill", side=Side.RESELLER, reseller_id=brightfield),
            "agent": staff(world, "alma", side=Side.CUSTOMER, reseller_id=brightfield, customer_id=acme),
        }
        asked = invitations.invite(
            Side.DISTRIBUTOR, email="nils@northwind.example", name="Nils", roles=["buyer"], by="Nora"
        )
    with world.acting("acme"):
        own = invitations.invite(
            Side.CUSTOMER,
            email="arne@acme.example",
            name="Arne",
            roles=["buyer"],
            by="Anna",
            customer_id=acme,
        )
    return {name: str(person.membership_id) for name, person in made.items()} | {
        "house_invitation": str(asked.id),
        "own_invitation": str(own.id),
    }
