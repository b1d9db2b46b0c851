"""What our provider may do in our name: whether it has admin rights, giving them when it asks, taking them
away, and what was done with them (M33-M35). Administrators decide; everybody of the company may read it."""

from flask import request
from werkzeug.wrappers import Response

from core import db, parties
from core.errors import Missing, NeedsLogin, Refusal
from core.languages import _
from core.parties import Customer
from partners import admin_rights, relations
from partners.admin_rights import MEANING, NEVER, Answering, RightsState
from storefront import agreements, pages, relation_forms, timelines
from storefront import customer_agreements as noted
from storefront.moments import moment
from storefront.portal import portal
from storefront.portal.checkouts import current_customer
from storefront.visitors import buyer, has_role, signed_in_customer, the_shop, visitor

pages.saying(
    rights_granted="Given. Your provider can look after your services from now on.",
    rights_declined="Noted: your provider gets no admin rights. Everything else goes on.",
    rights_removed="Removed, from your provider's next click on. It is told.",
)


def answering() -> Answering:
    """Who is signed in, as the evidence names them."""
    me = buyer()
    if visitor().person_id is None:
        raise NeedsLogin(_("Your session has ended. Please sign in and try again."))
    return Answering(
        me.name, me.email, me.person_id, has_role("admin"), *relation_forms.where(request.base_url)
    )


@portal.get("/admin-rights")
@signed_in_customer
def admin_rights_page() -> Response:
    """How it stands."""
    return show()


def show(status: int = 200, *, problem: str | None = None, of: str = "") -> Response:
    """The page, with what was refused; `of` says which of its forms."""
    with db.transaction():
        customer = parties.customer(current_customer())
        kept = admin_rights.newest(customer.id)
        state = kept.state if kept else None
        asked = relations.of_customer(customer)
        said = [
            {
                "said": one.said.value,
                "name": one.name,
                "email": one.email,
                "address": one.address,
                "at": moment(one.at),
                "words": one.words,
            }
            for one in admin_rights.answers(customer.id)
        ]
        timeline = timelines.of([kept.id]) if kept else []
        admins = agreements.administrators(customer.id)
    return pages.render(
        "portal/admin_rights.html",
        status,
        title=_("Admin rights"),
        provider=the_shop().name,
        state=state.value if state else "none",
        relation=relation_forms.shown(asked) if state is RightsState.ASKED else None,
        meaning=MEANING.values(),
        never=NEVER.values(),
        answers=said,
        timeline=timeline,
        may_answer=has_role("admin"),
        admins=admins,
        problem=problem,
        of=of,
        words=request.form.get("words", "") if of == "removal" else "",
    )


@portal.post("/admin-rights")
@signed_in_customer
def answer_rights() -> Response:
    """Yes, with the agreements that belong to it, or no."""
    who, says = answering(), relation_forms.rights()
    try:
        with db.transaction():
            customer = parties.customer(current_customer())
            kept = admin_rights.to_change(customer.id)
            if says == "no" or kept.state is not RightsState.ASKED:
                admin_rights.answer(kept, who, granted=says == "yes")
            else:
                relations.enter(customer, who, rights=says, ticked=relation_forms.ticked())
    except Missing:
        raise
    except Refusal as refusal:
        return refused(refusal, "answer refused", of="answer")
    return pages.see("portal.admin_rights_page", "rights-granted" if says == "yes" else "rights-declined")


@portal.post("/admin-rights/remove")
@signed_in_customer
def remove_rights() -> Response:
    """After the warning, with its tick."""
    who = answering()
    try:
        with db.transaction():
            admin_rights.remove(
                admin_rights.to_change(current_customer()),
                who,
                sure=request.form.get("sure") == "yes",
                words=request.form.get("words", "")[: admin_rights.LONGEST_WORDS + 1],
            )
    except Missing:
        raise
    except Refusal as refusal:
        return refused(refusal, "removal refused", of="removal")
    return pages.see("portal.admin_rights_page", "rights-removed")


def refused(refusal: Refusal, what: str, *, of: str) -> Response:
    """The page again; whoever may not decide is written down."""

    def ours() -> Customer:
        return parties.customer(current_customer())

    if isinstance(refusal, admin_rights.OnlyAdministrators):
        noted.note_refusal(ours, f"admin rights: {what}", refusal)
    return show(refusal.status, problem=str(refusal), of=of)
