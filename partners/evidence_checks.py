"""What an application says, in one spelling, or what is wrong with it, field by field (H1)."""

import re
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from core.languages import _
from partners import companies
from partners.programmes import EVIDENCE

LONGEST = {"company": 200, "name": 120, "email": 254}
LONGEST_EVIDENCE = 2000
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
HOST = re.compile(r"(?!-)[\w-]{1,63}(\.(?!-)[\w-]{1,63})+", re.ASCII)


def checked(
    who: Mapping[str, str], evidence: Mapping[str, str], asked: Sequence[str], problems: dict[str, str]
) -> dict[str, str]:
    """The evidence in one spelling, of what is asked for and nothing else; what is wrong goes to
    `problems`."""
    missing = {
        "company": _("Please enter your company's name."),
        "name": _("Please enter your name."),
        "email": _("Enter an e-mail address, such as anna@example.com."),
    }
    problems |= {field: words for field, words in missing.items() if not who[field]}
    if who["email"] and not EMAIL.fullmatch(who["email"]):
        problems["email"] = missing["email"]
    for field, longest in LONGEST.items():
        if len(who[field]) > longest:
            problems[field] = _("At most %(most)s characters.", most=longest)
    fine: dict[str, str] = {}
    for code in asked:
        try:
            fine[code] = _in_form(EVIDENCE[code].form, evidence.get(code, "").strip())
        except ValueError as wrong:
            problems[code] = str(wrong)
    return fine


def _in_form(form: str, typed: str) -> str:
    """One piece of evidence; ValueError with the sentence for what is wrong with it."""
    if not typed:
        raise ValueError(_("This programme asks for it."))
    if len(typed) > LONGEST_EVIDENCE:
        raise ValueError(_("At most %(most)s characters.", most=LONGEST_EVIDENCE))
    if form == "country":
        if typed.upper() not in companies.countries():
            raise ValueError(_("Please choose the country."))
        return typed.upper()
    if form == "website":
        return _website(typed)
    return typed


def _website(typed: str) -> str:
    address = typed if "://" in typed else f"https://{typed}"
    try:
        parts = urlsplit(address)
        fine = parts.scheme in ("http", "https") and HOST.fullmatch(parts.hostname or "") is not None
    except ValueError:
        fine = False
    if not fine or any(sign.isspace() for sign in address):
        raise ValueError(_("Enter the address of your website, such as https://example.com."))
    return address
