"""Refusals: what a person is told when something may not be done. Each rule has its own class beside it; the
five kinds here decide how a page, the command line or the API answers. Anything else that is raised is a
bug."""

from typing import ClassVar, Self

from core.languages import _


class Refusal(Exception):
    """A named refusal; `str(refusal)` is the sentence the person reads. `field`: what of a form it is about,
    where there is one thing."""

    status: ClassVar[int] = 422
    title: ClassVar[str] = "That cannot be done"
    field: str = ""

    def at(self, field: str) -> Self:
        """The same, about this field."""
        self.field = field
        return self


class Refused(Refusal):
    """The request is understood and breaks a rule."""


class Missing(Refusal):
    """Not there, or not theirs: the two are never told apart."""

    status = 404
    title = "Not found"

    def __init__(self, what: str = "page") -> None:
        super().__init__(_("We could not find this %(what)s.", what=_(what)))


class Conflict(Refusal):
    """Somebody or something else was first."""

    status = 409
    title = "Somebody was faster"


class Unavailable(Refusal):
    """Something we need does not answer; trying again later helps."""

    status = 503
    title = "Not available right now"


class NeedsLogin(Refusal):
    """Sign in first."""

    status = 401
    title = "Please sign in"


class Denied(Refusal):
    """Signed in, but this role may not do it."""

    status = 403
    title = "Your role does not allow this"
