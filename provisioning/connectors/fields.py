"""What a connector asks of the buyer or of the distributor, and what is wrong with an answer."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from core.languages import _

Kind = Literal["text", "email", "number", "choice", "domain", "alias", "secret", "url"]
Party = Literal["buyer", "distributor"]

LONGEST = 500
LONGEST_SECRET = 8000  # a private key in PEM is the longest thing that anybody pastes
EMAIL = re.compile(r"[^@\s<>\"',;]{1,64}@(?=.{4,190}$)([a-z0-9-]{1,63}\.)+[a-z]{2,63}", re.IGNORECASE)
LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
DOMAIN = re.compile(rf"(?=.{{4,253}}$)({LABEL}\.)+[a-z]([a-z0-9-]{{0,61}}[a-z0-9])", re.IGNORECASE)
ALIAS = re.compile(r"[a-z0-9]([a-z0-9-]{1,38})[a-z0-9]")


@dataclass(frozen=True)
class Field:
    """One question. `reserved` are answers that would be well formed but are not given away (aliases);
    `pattern` is what a whole answer has to match; `reads` raises for an answer that the connector could not
    use."""

    name: str
    label: str
    kind: Kind
    required: bool = True
    hint: str = ""
    choices: tuple[str, ...] = ()
    asked_of: Party = "buyer"
    reserved: frozenset[str] = frozenset()
    pattern: str = ""
    reads: Callable[[str], object] | None = None

    def problem(self, value: str | None) -> str | None:
        """The sentence that a user reads about this answer, or None if the answer is good."""
        if not value or not value.strip():
            return _("%(field)s is needed.", field=_(self.label)) if self.required else None
        if len(value) > (LONGEST_SECRET if self.kind == "secret" else LONGEST):
            return _("%(field)s is too long.", field=_(self.label))
        # A PEM key has lines; nothing else that is typed into one field does.
        if self.kind != "secret" and not value.isprintable():
            return _("%(field)s must be one line of plain text.", field=_(self.label))
        return self._problem_of_kind(value)

    def _problem_of_kind(self, value: str) -> str | None:
        match self.kind:
            case "email" if not EMAIL.fullmatch(value):
                return _(
                    "%(field)s must be an e-mail address, such as anna@example.com.", field=_(self.label)
                )
            case "number" if not re.fullmatch(r"[0-9]{1,9}", value):
                return _("%(field)s must be a whole number.", field=_(self.label))
            case "choice" if value not in self.choices:
                return _(
                    "%(field)s must be one of: %(choices)s.",
                    field=_(self.label),
                    choices=", ".join(self.choices),
                )
            case "domain" if not DOMAIN.fullmatch(value):
                return _("%(field)s must be a domain name, such as example.com.", field=_(self.label))
            case "url" if not _is_web_address(value):
                return _("%(field)s must be a web address that begins with https://.", field=_(self.label))
            case "alias":
                return self._problem_of_alias(value)
            case "text" if self.pattern and not re.fullmatch(self.pattern, value):
                return self._not_right()
            case _:
                return None if self._can_be_read(value) else self._not_right()

    def _can_be_read(self, value: str) -> bool:
        if self.reads is None:
            return True
        try:
            self.reads(value)
        except Exception:  # a key of another kind raises whatever its library likes
            return False
        return True

    def _not_right(self) -> str:
        if self.hint:
            return _("%(field)s does not look right: %(hint)s", field=_(self.label), hint=_(self.hint))
        return _("%(field)s does not look right.", field=_(self.label))

    def _problem_of_alias(self, value: str) -> str | None:
        if not ALIAS.fullmatch(value):
            return _(
                "%(field)s must be 3 to 40 lower-case letters, digits or hyphens, and neither begin nor end"
                " with a hyphen.",
                field=_(self.label),
            )
        if value in self.reserved:
            return _(
                "%(field)s “%(value)s” is reserved; please choose another.", field=_(self.label), value=value
            )
        return None


def problems(fields: tuple[Field, ...], answers: Mapping[str, str], *, asked_of: Party) -> dict[str, str]:
    """Name of field -> what is wrong with its answer; empty if all is well. An answer to no question is wrong
    too."""
    asked = {field.name: field for field in fields if field.asked_of == asked_of}
    found = {name: field.problem(answers.get(name)) for name, field in asked.items()}
    wrong = {name: problem for name, problem in found.items() if problem}
    return wrong | {
        name: _("“%(name)s” is not asked for.", name=name) for name in answers if name not in asked
    }


def _is_web_address(value: str) -> bool:
    try:
        parts = urlsplit(value)
        _port = parts.port
    except ValueError:
        return False
    # Plain http passes here because the sandbox listens on loopback; `outbound` refuses it on the public
    # network.
    return (
        parts.scheme in ("https", "http")
        and bool(parts.hostname)
        and not any(sign in value for sign in (" ", "@", "#", "?"))
    )
