"""Support hours in words."""

from dataclasses import dataclass

from core.languages import _, for_later
from partners.support_hours import Hours, text_of

DAYS = (
    for_later("Monday"),
    for_later("Tuesday"),
    for_later("Wednesday"),
    for_later("Thursday"),
    for_later("Friday"),
    for_later("Saturday"),
    for_later("Sunday"),
)


@dataclass(frozen=True, slots=True)
class Said:
    """Days, the hours of each, and what is promised of an answer (or nothing)."""

    days: str
    times: str
    answer: str


def said(hours: Hours) -> Said:
    """For pages, in the language of the request."""
    days = sorted(hours.days)
    if len(days) > 2 and days == list(range(days[0], days[-1] + 1)):
        which = _("%(first)s to %(last)s", first=_(DAYS[days[0]]), last=_(DAYS[days[-1]]))
    else:
        which = ", ".join(_(DAYS[day]) for day in days)
    return Said(
        which,
        _(
            "%(begins)s to %(ends)s (%(zone)s)",
            begins=text_of(hours.begins),
            ends=text_of(hours.ends),
            zone=hours.zone,
        ),
        _("Requests are answered within %(hours)s of these hours.", hours=hours.answer_hours)
        if hours.answer_hours
        else "",
    )
