"""Customer agreements on pages: where each stands for a customer, attesting and sending links, the same in
the reseller's and in the distributor's console. A refused attempt is written down on the customer."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import request
from werkzeug.wrappers import Response
from wtforms import DateField, EmailField, StringField
from wtforms.validators import InputRequired, Length, Optional

from core import db, parties, trail
from core.clock import business_now
from core.errors import Denied, Missing, Refusal
from core.languages import Words, _
from core.parties import Customer
from partners import agreement_links, customer_agreements
from partners.agreement_links import LIFE, AgreementLink, LinkState
from partners.conditions import NotTicked
from partners.customer_agreements import ATTESTERS, Attestation, AttestationIncomplete, MayNotAttest
from storefront import agreements, lists, pages, timelines
from storefront.forms import Form
from storefront.moments import moment
from storefront.visitors import has_role, require_role, visitor

MAY_SEND = ("storefront_manager", "buyer")
WAYS = Words(
    {
        "order": "With an order",
        "portal": "In the shop",
        "link": "By a mailed link",
        "attested": "Attested",
    }
)
pages.saying(
    agreement_accepted="Accepted. Orders are open, for everybody of your company.",
    agreement_attested="Written down. The person you named is told by mail.",
    agreement_link_sent="The link is on its way. It is good for 72 hours and works once.",
    agreement_link_again="A new link is on its way; the one before no longer works.",
    agreement_link_revoked="The link is withdrawn; it no longer works.",
)


class Attesting(Form):
    """Who of the customer accepted, and when (M40)."""

    first_name = StringField("First name", [Length(max=100)])
    last_name = StringField("Last name", [Length(max=100)])
    email = EmailField("E-mail", [Length(max=254)])
    phone = StringField("Phone", [Optional(), Length(max=40)])
    on = DateField("Accepted on", [Optional()], description="The day, UTC. It cannot be in the future.")

    def said(self) -> Attestation:
        """What it says."""
        return Attestation(
            self.first_name.data or "",
            self.last_name.data or "",
            self.email.data or "",
            self.phone.data or "",
            self.on.data,
        )


class SendLink(Form):
    """Who is asked by mail."""

    name = StringField("Name", [InputRequired("Enter the name of the person."), Length(max=120)])
    address = EmailField("E-mail", [InputRequired("Enter an e-mail address."), Length(max=254)])


# --- Where they stand ---------------------------------------------------------------------------------------


def rows_of(customer_id: UUID) -> list[dict[str, Any]]:
    """Every agreement of a customer of the scope, in the transaction we are in."""
    return [
        {
            "code": row.code,
            "name": row.name,
            "number": row.number,
            "terms_id": row.terms_id,
            "digest": row.digest,
            "accepted": row.accepted,
            "accepted_on": row.accepted_on,
            "words": words_of(row) if row.accepted_on else "",
        }
        for row in customer_agreements.standing(customer_id)
    ]


def words_of(row: Any) -> str:
    """When, by whom and how an agreement was accepted."""
    day = f"{row.accepted_on:%-d %B %Y}"
    if row.elsewhere:
        return _(
            "Version %(number)s accepted on %(day)s, with another provider; it counts here, too.",
            number=row.accepted_number,
            day=day,
        )
    if row.attested_by:
        return _(
            "Version %(number)s accepted on %(day)s by %(name)s, as %(by)s attests.",
            number=row.accepted_number,
            day=day,
            name=row.accepted_by,
            by=row.attested_by,
        )
    return _(
        "Version %(number)s accepted on %(day)s by %(name)s.",
        number=row.accepted_number,
        day=day,
        name=row.accepted_by,
    )


def note_refusal(customer: Callable[[], Customer], what: str, refusal: Refusal) -> None:
    """Writes down on the customer what somebody tried against a rule, in a transaction of its own."""
    if isinstance(refusal, NotTicked):
        return  # a forgotten tick is no attempt
    with db.transaction():
        trail.write(customer(), what, why=str(refusal))


# --- The page of a console ----------------------------------------------------------------------------------


def show(
    side: str,
    customer: Callable[[], Customer],
    status: int = 200,
    *,
    refused: Attesting | SendLink | None = None,
    about: str = "",
    problem: str | None = None,
) -> Response:
    """A customer's agreements with what a provider may do about them; a refused form as it was sent, at the
    agreement it is `about`. `side` is the console's blueprint."""
    with db.transaction():
        found = customer()
        rows, links = rows_of(found.id), link_rows(found.id)
        values = {
            "customer": found.name,
            "code": found.code,
            "links": links,
            "timeline": timelines.of([found.id, *(link["id"] for link in links)], 50),
            "may_not": why_not(found),
        }
        today = business_now().date()
    for row in rows:
        mine = refused if row["code"] == about else None
        row["attesting"] = mine if isinstance(mine, Attesting) else Attesting(prefix=row["code"], on=today)
        row["sending"] = mine if isinstance(mine, SendLink) else SendLink(prefix=row["code"])
        row["problems"] = (
            problem if isinstance(mine, Attesting) else None,
            problem if isinstance(mine, SendLink) else None,
        )
    return pages.render(
        f"{side}/customer_agreements.html",
        status,
        title=_("Agreements"),
        rows=rows,
        may_send=has_role(*MAY_SEND),
        side=side,
        **values,
    )


def why_not(customer: Customer) -> str:
    """Why this person may not attest for this customer; nothing where it may."""
    try:
        customer_agreements.refuse_unless_may_attest(customer, distributor=parties.the_distributor().name)
        refuse_unless_attester()
    except (MayNotAttest, Denied) as refusal:
        return str(refusal)
    return ""


def refuse_unless_attester() -> None:
    """MayNotAttest for whoever is neither administrator nor sells (M40)."""
    if not has_role(*ATTESTERS):
        raise MayNotAttest(_("Only administrators and buyers attest. Please ask one of them."))


def link_rows(customer_id: UUID) -> list[dict[str, Any]]:
    """Links as the page shows them."""
    now = db.session().info["now"]
    return [
        {
            "id": link.id,
            "agreement": name,
            "name": link.name,
            "email": link.email,
            "standing": link.standing(now),
            "open": link.state is LinkState.PENDING,
            "sent": moment(link.expires_at - LIFE),
            "expires": moment(link.expires_at),
        }
        for link, name in agreement_links.of_customer(customer_id)
    ]


def attest(side: str, customer: Callable[[], Customer], agreement: str) -> Response:
    """Attests that the customer accepted (M38, M39, M40)."""
    form = Attesting(request.form, prefix=agreement)
    if not form.validate():
        return show(side, customer, 422, refused=form, about=agreement)
    try:
        with db.transaction():
            found = customer()
            customer_agreements.refuse_unless_may_attest(found, distributor=parties.the_distributor().name)
            refuse_unless_attester()
            by, said = f"{visitor().name}, {visitor().standing}", agreements.saying(request.base_url)
            customer_agreements.attest(found, agreement, form.said(), said, by=by)
            code = found.code
    except Missing:
        raise
    except Refusal as refusal:
        note_refusal(customer, "attestation refused", refusal)
        problem: str | None = str(refusal)
        if isinstance(refusal, AttestationIncomplete):
            problem = None
            for name, words in refusal.problems.items():
                form[name].errors = [words]
        return show(side, customer, refusal.status, refused=form, about=agreement, problem=problem)
    return pages.see(f"{side}.customer_agreements_page", "agreement-attested", code=code)


def send(side: str, customer: Callable[[], Customer], agreement: str) -> Response:
    """Mails somebody of the customer the link by which it accepts itself."""
    require_role(*MAY_SEND)
    form = SendLink(request.form, prefix=agreement)
    if not form.validate():
        return show(side, customer, 422, refused=form, about=agreement)
    try:
        with db.transaction():
            found = customer()
            agreement_links.send(
                found, agreement, email=form.address.data or "", name=form.name.data or "", by=visitor().name
            )
            code = found.code
    except Missing:
        raise
    except Refusal as refusal:
        return show(side, customer, refusal.status, refused=form, about=agreement, problem=str(refusal))
    return pages.see(f"{side}.customer_agreements_page", "agreement-link-sent", code=code)


def resend(side: str, customer: Callable[[], Customer], link_id: str) -> Response:
    """A new link; the old one ends."""
    return _change(side, customer, link_id, agreement_links.resend, "agreement-link-again")


def revoke(side: str, customer: Callable[[], Customer], link_id: str) -> Response:
    """It ends at once."""
    return _change(side, customer, link_id, agreement_links.revoke, "agreement-link-revoked")


def _change(
    side: str,
    customer: Callable[[], Customer],
    link_id: str,
    act: Callable[[AgreementLink], None],
    said: str,
) -> Response:
    require_role(*MAY_SEND)
    with db.transaction():
        found, link = customer(), agreement_links.find(lists.identifier(link_id, "link"))
        if link.customer_id != found.id:
            raise Missing("link")
        act(link)
        code = found.code
    return pages.see(f"{side}.customer_agreements_page", said, code=code)
