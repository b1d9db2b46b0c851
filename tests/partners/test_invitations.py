"""Invitations: one link, one use, one person; and nothing learned from asking."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from core import db, sign_ins, tenancy
from core.errors import Missing, Refusal
from core.parties import Membership
from core.passwords import WeakPassword
from core.sessions import Browser, Opened, WrongLogin
from core.states import IllegalMove
from core.tasks import Task
from core.tenancy import Side
from core.throttles import MOST_LETTERS, TooOften
from partners import acceptances, invitations
from partners.acceptances import Joined
from partners.invitations import AlreadyInvited, AlreadyThere, Invitation, InvitationState, NotInvited
from tests.world import HOST, PASSWORD, World, open_portal

CHOSEN = "Chosen-by-carla-7"


def invite(
    world: World, email: str = "carla@ferrow.example", *, company: str = "Ferrow", by: str = "brightfield"
) -> str:
    """Brightfield invites Carla as the first person of its new customer; the token of the mail."""
    with world.acting(by):
        _, invitation = invitations.invite_customer(company, email=email, name="Carla", by="Bea")
        return invitations.fresh_token(invitation)


def look(world: World, token: str, shop: str = "northwind") -> acceptances.Invited:
    return acceptances.look(token, storefront_id=world.storefronts[shop])


def accept(world: World, token: str, password: str = CHOSEN, shop: str = "northwind") -> Joined:
    return acceptances.accept(
        token,
        storefront_id=world.storefronts[shop],
        name="Carla Ruiz",
        password=password,
        address="192.0.2.7",
    )


def the_invitation(email: str = "carla@ferrow.example") -> Invitation:
    return db.session().scalars(select(Invitation).where(Invitation.email == email)).one()


def make_late(world: World) -> None:
    with world.acting():
        db.session().execute(
            update(Invitation).values(expires_at=Invitation.expires_at - timedelta(hours=73))
        )


def test_nobody_fills_a_mailbox_with_invitations(world: World) -> None:
    invite(world)
    with world.acting("brightfield"):
        invitation = the_invitation()
        for _again in range(MOST_LETTERS - 1):
            invitations.resend(invitation)
        with pytest.raises(TooOften):
            invitations.resend(invitation)
        invitations.revoke(invitation)
        db.flush()
        with pytest.raises(TooOften):
            invitations.invite(Side.RESELLER, email=invitation.email, name="Carla", roles=["buyer"], by="Bea")
    invite(world, "dora@ferrow.example", company="Dorado")
    with world.acting("harbour"):
        invitations.invite(Side.RESELLER, email=invitation.email, name="Carla", roles=["buyer"], by="Hugo")


def test_an_invited_person_chooses_a_password_and_is_in(world: World) -> None:
    token = invite(world)
    assert look(world, token) == acceptances.Invited(
        "carla@ferrow.example", "Carla", "Ferrow", "Bea", known=False
    )
    joined = accept(world, token)
    here = Browser(world.storefronts["northwind"], HOST, "192.0.2.7")
    signed = sign_ins.sign_in("carla@ferrow.example", CHOSEN, at=here)
    with world.acting("brightfield"):
        member = db.session().scalars(select(Membership).where(Membership.id == joined.membership_id)).one()
        assert (member.side, member.roles, member.name) == (Side.CUSTOMER, ["admin"], "Carla Ruiz")
        assert the_invitation().state is InvitationState.ACCEPTED
    assert isinstance(signed, Opened)


def test_the_link_stands_in_the_mail_only(world: World) -> None:
    token = invite(world)
    with world.acting():
        row = the_invitation()
        assert token not in (row.nonce, row.token_hash.hex())
        task = db.session().scalars(select(Task).where(Task.kind == "mail_invitation")).one()
        assert token not in str(task.args)
        assert invitations.fresh_token(row) == token


def test_a_known_address_proves_itself_by_its_own_password(world: World) -> None:
    token = invite(world, "zoe@people.example")
    assert look(world, token).known
    with pytest.raises(WrongLogin):
        accept(world, token, "Not-zoes-password-1")
    assert accept(world, token, PASSWORD).proven.person_id == world.people["zoe"].person_id


def test_a_weak_password_leaves_the_link_as_it_was(world: World) -> None:
    token = invite(world)
    with pytest.raises(WeakPassword):
        accept(world, token, "short")
    assert accept(world, token)


def test_used_revoked_expired_and_invented_links_get_the_same_answer(world: World) -> None:
    used, revoked, expired = (
        invite(world, f"{name}@ferrow.example") for name in ("used", "revoked", "expired")
    )
    accept(world, used)
    with world.acting("brightfield"):
        invitations.revoke(the_invitation("revoked@ferrow.example"))
    make_late(world)
    said: list[str] = []
    for token in (used, revoked, expired, "invented"):
        with pytest.raises(NotInvited) as looked:
            look(world, token)
        with pytest.raises(NotInvited) as accepted:
            accept(world, token)
        said += [str(looked.value), str(accepted.value)]
    assert len(set(said)) == 1


def test_of_twenty_clicks_one_gets_in(world: World) -> None:
    token = invite(world)

    def click(_: int) -> bool:
        try:
            return bool(accept(world, token))
        except (NotInvited, WrongLogin):
            return False

    with ThreadPoolExecutor(4) as clicks:
        assert sum(clicks.map(click, range(20))) == 1
    with world.acting():
        assert (
            len(
                db.session()
                .scalars(select(Membership).where(Membership.email == "carla@ferrow.example"))
                .all()
            )
            == 1
        )


def test_sending_again_ends_the_link_before(world: World) -> None:
    first = invite(world)
    with world.acting("brightfield"):
        invitations.resend(the_invitation())
        second = invitations.fresh_token(the_invitation())
    with pytest.raises(NotInvited):
        look(world, first)
    assert look(world, second)
    with world.acting():
        assert len(db.session().scalars(select(Task).where(Task.kind == "mail_invitation")).all()) == 2


def test_a_late_guest_asks_for_a_new_link_which_goes_to_the_invited_address(world: World) -> None:
    token = invite(world)
    make_late(world)
    public = tenancy.Scope(Side.PUBLIC, world.distributor_id, world.resellers["house"])
    for asked in (token, token, "invented"):
        with tenancy.acting_as(public), db.transaction():
            acceptances.ask_again(asked, storefront_id=world.storefronts["northwind"])
    with world.acting():
        row = the_invitation()
        assert row.sending == 2
        assert look(world, invitations.fresh_token(row))


def test_a_link_works_in_the_inviters_shop_and_the_distributors_only(world: World) -> None:
    open_portal(world, "brightfield")
    open_portal(world, "harbour")
    token = invite(world)
    assert look(world, token, "brightfield")
    assert look(world, token, "northwind")
    with pytest.raises(NotInvited):
        look(world, token, "harbour")


def test_the_same_person_is_not_invited_twice_into_one_account(world: World) -> None:
    with world.acting("brightfield"):
        invitations.invite(Side.RESELLER, email="new@people.example", name="New", roles=["buyer"], by="Bea")
    for email, refusal in (("New@people.example ", AlreadyInvited), ("bea@people.example", AlreadyThere)):
        with pytest.raises(refusal), world.acting("brightfield"):
            invitations.invite(Side.RESELLER, email=email, name="New", roles=["buyer"], by="Bea")


def test_inviting_says_nothing_about_accounts_elsewhere(world: World) -> None:
    with world.acting("brightfield"):
        known = invitations.invite(
            Side.RESELLER, email="zoe@people.example", name="Zoe", roles=["buyer"], by="Bea"
        )
        unknown = invitations.invite(
            Side.RESELLER, email="nobody@people.example", name="Zoe", roles=["buyer"], by="Bea"
        )
    visible = {"name", "roles", "state", "sending", "invited_by", "expires_at"}
    assert {k: getattr(known, k) for k in visible} == {k: getattr(unknown, k) for k in visible}


def test_another_reseller_finds_no_invitation_of_ours(world: World) -> None:
    invite(world)
    with world.acting():
        ours = the_invitation().id
    with pytest.raises(Missing), world.acting("harbour"):
        invitations.find(ours)
    with pytest.raises(Missing), world.acting("harbour"):
        invitations.invite(
            Side.CUSTOMER,
            email="x@y.example",
            name="X",
            roles=["admin"],
            by="Hugo",
            customer_id=world.customers["acme"],
        )


def test_an_accepted_invitation_is_neither_revoked_nor_sent_again(world: World) -> None:
    accept(world, invite(world))
    for act in (invitations.revoke, invitations.resend):
        with pytest.raises(IllegalMove), world.acting("brightfield"):
            act(the_invitation())


def test_only_roles_that_exist_are_given(world: World) -> None:
    for roles in ([], ["admin", "god"]):
        with pytest.raises(Refusal), world.acting("brightfield"):
            invitations.invite(Side.RESELLER, email="x@y.example", name="X", roles=roles, by="Bea")
