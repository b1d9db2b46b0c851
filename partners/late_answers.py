"""Applications that nobody has answered in the time that was promised: business days, of the programme's
review or of its verification (M6). Each is an item on the work queue until somebody decides."""

from datetime import timedelta

from sqlalchemy import select

from core import db, tasks, work
from core.clock import business_now
from core.tasks import Claimed, Kind, Repeat
from partners.applications import WAITING, Application

KIND = "late application"


def remind() -> int:
    """Puts each that is late on the queue, once; how many are late."""
    late = select(Application).where(
        Application.state.in_(WAITING),
        Application.due_at <= business_now(),
    )
    number = 0
    for application in db.session().scalars(late.order_by(Application.due_at).limit(500)):
        words = (
            f"{application.code} of {application.company} was to be answered by"
            f" {application.due_at:%d %B %Y}."
        )
        number += 1
        if work.was_closed(application.id, words):
            continue
        work.open_item(
            KIND,
            about_type="applications",
            about_id=application.id,
            words=words,
            suggestion="Open it under Applications, and approve it, ask back or decline it.",
        )
    return number


def _remind(_task: Claimed) -> None:
    remind()


REMIND = tasks.register(
    Kind("remind_of_applications", Repeat.SAFE, prepare=_remind, every=timedelta(minutes=10))
)
