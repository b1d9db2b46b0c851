"""What the pages of all three sides say about the end of a service: when it ends and why, what can be done
about it, and what happened to it so far. The words stand here once; each side draws them in its own page."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from catalog import products
from core import db, tenancy, trail
from core.clock import business_now
from core.errors import Denied, Refusal
from core.languages import Words, _, for_later
from core.money import Money
from core.parties import Membership
from core.tenancy import Side
from core.trail import Line
from provisioning import windows
from storefront.moments import Moment, moment
from subscriptions import cancellations
from subscriptions.cancellations import Cancellation
from subscriptions.subscriptions import STANDING, Subscription, SubscriptionState

WORDS = Words(
    {
        "pending": "Being set up",
        "active": "Active",
        "suspended": "Suspended",
        "ending": "Ending",
        "ended": "Ended",
        "failed": "Not delivered",
        "cancelled": "Cancelled",
        "moving": "Being moved",
        "moved": "Suspended: moved",
        "gone": "Moved away",
    }
)
"""state -> the words on its badge."""


@dataclass(frozen=True, slots=True)
class Ending:
    """What a page shows. `then` is what the end means, in plain words; `may_cancel` and `may_keep` are what
    the server would accept now from this side. `back` is what the buyer gets back, gross, if it is ended at
    once before `back_until`; none outside a window."""

    state: str
    label: str
    tone: str
    title: str
    words: str
    then: str
    ends: Moment | None
    if_cancelled: Moment | None
    may_cancel: bool
    may_keep: bool
    again: bool
    back: Money | None
    back_until: Moment | None
    back_minor: int | None


@dataclass(frozen=True, slots=True)
class Happened:
    """One line of the timeline part."""

    words: str
    who: str | None
    time: Moment | None
    tone: str
    icon: str
    detail: str | None


def ending_of(service: Subscription) -> Ending:
    """The end of a service as it stands now, inside a transaction of the side that looks."""
    now, asked = business_now(), None
    if service.state in STANDING:
        asked = cancellations.standing(service.id)
    kind = products.type_of(service.plan_id)
    ends = cancellations.end_of_service(service, asked) if service.ends_at else None
    then = (
        _(
            "Then your storefront is closed: nothing can be ordered there, your customers' services go on,"
            " and its address is kept for %(days)s days.",
            days=kind.grace_days,
        )
        if kind.opens_storefront
        else _(
            "Then nobody can use it any more: its licences are no longer valid and its seats are taken back."
        )
    )
    window = windows.of(service, now) if may_be_cancelled_here(service) else None
    if asked is not None and asked.back is not None:
        window = None
    tone, title, words = _said(service, asked, moment(ends, now), kind.ends_at_term)
    return Ending(
        state="expiring" if asked else service.state.value,
        label=_("Cancelled") if asked else WORDS[service.state.value],
        tone=tone,
        title=title,
        words=words,
        then=then,
        ends=moment(ends, now),
        if_cancelled=moment(_if_cancelled(service, asked, now), now),
        may_cancel=_if_cancelled(service, asked, now) is not None and may_be_cancelled_here(service),
        may_keep=_may_keep(service, asked, now) and may_be_cancelled_here(service),
        again=service.state in (*STANDING, SubscriptionState.ENDING, SubscriptionState.ENDED) and not asked,
        back=window.back if window else None,
        back_until=moment(window.until, now) if window else None,
        back_minor=window.back.minor if window else None,
    )


def _said(
    service: Subscription, asked: Cancellation | None, ends: Moment | None, ends_at_term: bool
) -> tuple[str, str, str]:
    at = ends.exact if ends else ""
    match service.state:
        case SubscriptionState.ACTIVE | SubscriptionState.SUSPENDED if asked and asked.back is not None:
            words = _(
                "%(who)s ended it. The vendor is being asked; when that is confirmed, %(back)s goes back.",
                who=asked.by,
                back=asked.back.text,
            )
            return "wait", _("Being ended at once"), words
        case SubscriptionState.ACTIVE | SubscriptionState.SUSPENDED if asked is not None:
            words = _("%(who)s cancelled it. Until then it works as before.", who=asked.by)
            return "warn", _("Cancelled: ends on %(at)s", at=at), words
        case SubscriptionState.ACTIVE | SubscriptionState.SUSPENDED if ends_at_term:
            words = _("Renewals are not offered yet: order it again before that day to go on without a gap.")
            return "info", _("Ends on %(at)s", at=at), words
        case SubscriptionState.ACTIVE | SubscriptionState.SUSPENDED:
            return "info", _("Runs on until it is cancelled"), _("It does not end with its term.")
        case SubscriptionState.ENDING:
            words = _("We have asked the vendor to end it. It has ended when the vendor has confirmed that.")
            return "wait", _("Ending since %(at)s", at=at) if at else _("Ending"), words
        case SubscriptionState.ENDED:
            words = _(
                "Renewals are not offered yet: to go on, order it again. It begins anew, with new licences."
            )
            return "info", _("Ended on %(at)s", at=at) if at else _("Ended"), words
        case SubscriptionState.MOVING:
            words = _(
                "Another provider takes it over. It works as before; nothing can be changed until then."
            )
            return "wait", _("Being moved to %(provider)s", provider=_moved_to(service)), words
        case SubscriptionState.MOVED | SubscriptionState.GONE:
            words = _(
                "It goes on there under a new code, with new licences. What was paid for the term that runs"
                " stays as it is; what comes after it is billed there."
            )
            return "info", _("Moved to %(provider)s", provider=_moved_to(service)), words
        case SubscriptionState.PENDING | SubscriptionState.FAILED | SubscriptionState.CANCELLED:
            return "info", "", ""


def _moved_to(service: Subscription) -> str:
    """Who has taken it over, as it was told to everybody who may read about it."""
    said = (line.told.get("to") for line in reversed(trail.of(service.id)))
    return next((name for name in said if name), _("another provider"))


def _if_cancelled(service: Subscription, asked: Cancellation | None, now: datetime) -> datetime | None:
    if asked is not None:
        return None
    try:
        return cancellations.end_if_cancelled(service, now)
    except Refusal:
        return None


def _may_keep(service: Subscription, asked: Cancellation | None, now: datetime) -> bool:
    try:
        cancellations.refuse_unless_kept(service, asked, now)
    except Refusal:
        return False
    return True


def may_be_cancelled_here(service: Subscription) -> bool:
    """Customers cancel what is theirs, resellers that and their customers', the distributor its resellers'
    own: it does not step between a reseller and its customer."""
    return tenancy.current().side is not Side.DISTRIBUTOR or service.customer_id is None


class NotOurs(Denied):
    """The distributor does not step between a reseller and its customer."""

    def __init__(self) -> None:
        super().__init__(_("A reseller sold this to its customer: the two of them cancel it, not you."))


def refuse_unless_ours(service: Subscription) -> None:
    """NotOurs where the scope's side has no say."""
    if not may_be_cancelled_here(service):
        raise NotOurs


def cancelled_of(services: list[Subscription]) -> set[UUID]:
    """Those of the services that are cancelled and still run."""
    ids = [one.id for one in services if one.state in STANDING]
    if not ids:
        return set()
    asked = select(Cancellation.subscription_id).where(
        Cancellation.subscription_id.in_(ids), Cancellation.state == cancellations.CancellationState.ASKED
    )
    return set(db.session().scalars(asked))


# --- What happened so far -----------------------------------------------------------------------------------

HAPPENED: Mapping[str, tuple[str, str, str]] = {
    "pending -> active": (for_later("Delivered; the term began"), "ok", "circle-check"),
    "pending -> failed": (for_later("The vendor refused it"), "bad", "ban"),
    "cancelled": (for_later("Cancelled to the end of the term"), "warn", "circle-slash"),
    "ended at once": (
        for_later("Ended at once, within its window; %(back)s goes back"),
        "warn",
        "circle-slash",
    ),
    "kept": (for_later("Kept after all"), "ok", "rotate-ccw"),
    "notice given": (for_later("Reminded by mail: %(days)s days left"), "info", "mail"),
    "active -> suspended": (for_later("Suspended"), "warn", "circle-pause"),
    "suspended -> active": (for_later("Goes on again"), "ok", "circle-check"),
    "active -> ending": (for_later("The vendor was asked to end it"), "wait", "hourglass"),
    "suspended -> ending": (for_later("The vendor was asked to end it"), "wait", "hourglass"),
    "active -> moving": (for_later("On its way to %(to)s"), "wait", "truck"),
    "moving -> active": (for_later("Not moved; it goes on as before"), "warn", "rotate-ccw"),
    "moving -> moved": (for_later("Moved to %(to)s; suspended here"), "neutral", "circle-pause"),
    "moving -> gone": (for_later("Moved to %(to)s"), "neutral", "truck"),
    "taken over": (for_later("Taken over from another provider"), "ok", "truck"),
    "ending -> ended": (for_later("Ended; the vendor has confirmed it"), "neutral", "circle-slash"),
}


def timeline_of(service: Subscription) -> list[Happened]:
    """The trail of a service in plain words, newest first, each at its business time."""
    entries = [entry for entry in trail.of(service.id) if entry.what in HAPPENED]
    people = {entry.person_id for entry in entries if entry.person_id}
    names: dict[UUID, str] = {}
    if people:
        rows = db.session().execute(
            select(Membership.person_id, Membership.name).where(Membership.person_id.in_(people))
        )
        names = {person_id: name for person_id, name in rows}
    return [_happened(entry, service, names) for entry in reversed(entries)]


def _happened(entry: Line, service: Subscription, names: Mapping[UUID, str]) -> Happened:
    words, tone, icon = HAPPENED[entry.what]
    at = datetime.fromisoformat(entry.told["on"]) if "on" in entry.told else entry.at
    if entry.what == "pending -> active" and service.starts_at:
        at = service.starts_at
    who = entry.told.get("by") or (names.get(entry.person_id) if entry.person_id else None)
    return Happened(
        _(words, **{name: entry.told.get(name, "") for name in ("days", "to", "back")}),
        who,
        moment(at, business_now()),
        tone,
        icon,
        entry.why or entry.told.get("because"),
    )
