"""Entering a relation with a reseller: what an administrator of the customer reads and answers in one step,
by the link of the invitation or later in the shop. Admin rights are asked for or not (M34); where the
programme says so, the customer's agreements that are still open are accepted with it (M33). Everything is
looked at before anything is written, so that one part that is refused loses none of the others."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from core import db, parties
from core.errors import Refused
from core.ids import token_hash
from core.languages import _
from core.parties import Customer
from core.tenancy import Side
from partners import admin_rights, channels, customer_agreements
from partners.admin_rights import Answering, RightsState
from partners.invitations import Invitation, InvitationState
from partners.roles import ADMIN
from partners.terms import Agreed, TermsChanged


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of a customer. `offered`: its reseller's programme has admin rights, so it is said
    whether they are asked for; `agreements` are those that have to be accepted with the answer."""

    customer_id: UUID
    reseller_id: UUID
    company: str
    offered: bool
    rights: bool
    by: str
    agreements: tuple[Row[Any], ...]

    @property
    def something(self) -> bool:
        """Whether there is anything to read or to answer."""
        return self.offered or self.rights or bool(self.agreements)


class AnswerMissing(Refused):
    """Yes or no, never by default."""

    def __init__(self) -> None:
        super().__init__(_("Choose whether your provider gets admin rights."))


class AgreementMissing(Refused):
    """M33: in the same step."""

    def __init__(self, agreement: str) -> None:
        super().__init__(
            _("Read “%(agreement)s” and tick its box: it comes with the relation.", agreement=agreement)
        )


def of_customer(customer: Customer) -> Asked:
    """What is asked of a customer of the scope."""
    ruled = channels.ruled(customer)
    kept = admin_rights.newest(customer.id)
    first = any(one.rules.agreement_first for one in ruled)
    open_ones = (
        [row for row in customer_agreements.standing(customer.id) if not row.accepted] if first else []
    )
    return Asked(
        customer.id,
        customer.reseller_id,
        customer.name,
        admin_rights.may_be_asked(ruled),
        kept is not None and kept.state is RightsState.ASKED,
        kept.asked_by if kept else "",
        tuple(open_ones),
    )


def of_invitation(token: str) -> Asked | None:
    """What the link of an invitation asks for, in a scope that was widened for it; nothing where it invites
    no administrator of a customer. Whether the link is good is the door's business (acceptances.look)."""
    found = db.session().scalar(
        select(Invitation).where(
            Invitation.token_hash == token_hash(token), Invitation.state == InvitationState.PENDING
        )
    )
    if (
        found is None
        or found.side is not Side.CUSTOMER
        or found.customer_id is None
        or ADMIN not in found.roles
    ):
        return None
    return of_customer(parties.customer(found.customer_id))


def check(asked: Asked, *, rights: str, ticked: Collection[str]) -> None:
    """AgreementMissing, TermsChanged or AnswerMissing before anything is written; `rights` is "yes" or
    "no"."""
    for row in asked.agreements:
        if str(row.terms_id) in ticked:
            continue
        if ticked and len(ticked) >= len(asked.agreements):
            raise TermsChanged
        raise AgreementMissing(row.name)
    if asked.rights and rights not in ("yes", "no"):
        raise AnswerMissing


def enter(customer: Customer, who: Answering, *, rights: str, ticked: Collection[str]) -> None:
    """Accepts the agreements and answers, in the customer's own scope; OnlyAdministrators for everybody
    else."""
    if not who.is_admin:
        raise admin_rights.OnlyAdministrators
    asked = of_customer(customer)
    check(asked, rights=rights, ticked=ticked)
    for row in asked.agreements:
        said = Agreed(str(row.terms_id), who.address, who.browser, who.url)
        customer_agreements.accept(customer, row.code, said, name=who.name, email=who.email)
    if asked.rights:
        admin_rights.answer(admin_rights.to_change(customer.id), who, granted=rights == "yes")
