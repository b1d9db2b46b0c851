"""The distributor's newsletter: what was sent, and the next issue (H15)."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from flask import request, url_for
from sqlalchemy import or_, select
from werkzeug.wrappers import Response
from wtforms import SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from core import db
from core.errors import Missing, Refusal
from core.languages import _
from partners import newsletters, programmes
from partners.newsletters import LONGEST_SUBJECT, LONGEST_TEXT, Newsletter
from partners.programmes import Programme
from storefront import exports, lists, pages, timelines
from storefront.distributor import console
from storefront.filters import Days
from storefront.forms import Form, SelectChoice
from storefront.lists import Column, List
from storefront.moments import moment
from storefront.visitors import has_role, require_role, visitor

pages.saying(newsletter_sent="Sent. Each partner has its copy; the mails are on their way.")


class NewsletterForm(Form):
    """The next issue."""

    programme = SelectField("Partners of", validate_choice=False)
    subject = StringField("Subject", [InputRequired("What is it about?"), Length(max=LONGEST_SUBJECT)])
    text = TextAreaField(
        "Text",
        [InputRequired("Write something."), Length(max=LONGEST_TEXT)],
        description="Plain words; an empty line begins a new paragraph.",
    )


def with_choices(form: NewsletterForm) -> NewsletterForm:
    """The form with the programmes of today; in a transaction."""
    known = db.session().execute(select(Programme.code, Programme.name).order_by(Programme.name))
    form.programme.choices = [
        SelectChoice("", _("Every programme")),
        *(SelectChoice(code, name) for code, name in known),
    ]
    return form


@console.get("/newsletters")
def newsletter_list() -> Response:
    """The newest issue first."""
    with db.transaction():
        page = lists.page(the_list(), select(Newsletter))
    return pages.render(
        "distributor/newsletters.html", title=_("Newsletter"), page=page, may_send=has_role("admin")
    )


@console.get("/newsletters.csv")
def newsletter_file() -> Response:
    """The same as a file."""
    with db.transaction():
        return exports.answer(the_list(), select(Newsletter))


def the_list() -> List:
    """What the list is."""
    return List(
        _("Newsletter"),
        "distributor.newsletter_list",
        [
            Column("subject", _("Subject"), itemgetter("subject"), Newsletter.subject),
            Column("code", _("Code"), itemgetter("code"), only_file=True),
            Column("programme", _("Partners of"), itemgetter("programme"), Newsletter.programme_name),
            Column("copies", _("Copies"), itemgetter("copies"), Newsletter.copies, kind="num"),
            Column("by", _("Sent by"), itemgetter("by")),
            Column("sent", _("Sent"), itemgetter("sent"), Newsletter.id),
        ],
        Newsletter.id,
        rows_of,
        "-sent",
        search=lambda query: or_(
            Newsletter.code == query.upper(),
            Newsletter.subject.icontains(query, autoescape=True),
            Newsletter.text.icontains(query, autoescape=True),
        ),
        filters=[Days("sent", _("Sent"), Newsletter.sent_at)],
        export="distributor.newsletter_file",
    )


def rows_of(found: Sequence[tuple[Newsletter]]) -> list[dict[str, Any]]:
    """Issues as the list shows them."""
    return [
        {
            "code": one.code,
            "url": url_for("distributor.newsletter_page", code=one.code),
            "subject": one.subject,
            "programme": one.programme_name or _("Every programme"),
            "copies": one.copies,
            "by": one.sent_by,
            "sent": moment(one.sent_at),
        }
        for (one,) in found
    ]


@console.get("/newsletters/<code>")
def newsletter_page(code: str) -> Response:
    """One issue as it was sent."""
    with db.transaction():
        [one] = rows_of([(newsletters.find(code),)])
        text = newsletters.find(code).text
        timeline = timelines.of([newsletters.find(code).id])
    return pages.render(
        "distributor/newsletter.html", title=one["subject"], one=one, text=text, timeline=timeline
    )


@console.get("/newsletters/new")
def new_newsletter() -> Response:
    """The form."""
    require_role("admin")
    return show_new()


def show_new(
    status: int = 200, *, form: NewsletterForm | None = None, problem: str | None = None
) -> Response:
    """The form as it was sent, where it was refused; and how many would get it."""
    with db.transaction():
        form = with_choices(form or NewsletterForm())
        readers = len(newsletters.readers(None))
    return pages.render(
        "distributor/new_newsletter.html",
        status,
        title=_("New issue"),
        form=form,
        problem=problem,
        readers=readers,
    )


@console.post("/newsletters/new")
def send_newsletter() -> Response:
    """To all of them, at once."""
    require_role("admin")
    form = NewsletterForm(request.form)
    if not form.validate():
        return show_new(422, form=form)
    try:
        with db.transaction():
            chosen = programmes.find(form.programme.data) if form.programme.data else None
            made = newsletters.send(
                chosen, subject=form.subject.data or "", text=form.text.data or "", by=visitor().name
            )
            code = made.code
    except Missing:
        raise
    except Refusal as refusal:
        return show_new(refusal.status, form=form, problem=str(refusal))
    return pages.see("distributor.newsletter_page", "newsletter-sent", code=code)
