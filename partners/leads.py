"""Leads: how one company is recognised under different spellings, and who may pursue it. A deal that is
registered holds the lead's keys (its name in its country, its domain, its tax id): each key is held once in a
distributor, which three partial unique indexes of `deals` see to. An approved and living deal holds the lead
against every other reseller and the distributor's own sales (H33, H34); who it is, nobody else is told."""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import UUID

from core import doors, trail
from core.clock import business_now
from core.doors import door
from core.errors import Conflict, Refused
from core.languages import _
from core.parties import Customer, Reseller

HOST = re.compile(r"(?!-)[a-z0-9-]{1,63}(\.(?!-)[a-z0-9-]{1,63})+")
LEGAL_FORMS = frozenset(
    [
        "ab", "ag", "aps", "as", "asa", "bhd", "bv", "bvba", "co", "company", "corp", "corporation",
        "doo", "eg", "ehf", "ek", "eood", "eurl", "ev", "gbr", "gesmbh", "gmbh", "haftungsbeschrankt",
        "inc", "incorporated", "kft", "kg", "kgaa", "lda", "limited", "llc", "llp", "ltd", "ltda",
        "mbh", "nv", "ohg", "oo", "ood", "ou", "oy", "oyj", "plc", "private", "pte", "pty", "pvt",
        "rl", "sa", "sarl", "sas", "sasu", "sdn", "se", "sia", "sl", "snc", "sp", "spa", "srl", "sro",
        "uab", "ug", "vof", "z", "zrt",
    ]
)  # fmt: skip
"""Words at a name's end that say what kind of company it is, without their dots."""
MAILBOXES = frozenset(
    [
        "aol.com", "gmail.com", "gmx.at", "gmx.ch", "gmx.de", "gmx.net", "googlemail.com",
        "hotmail.com", "icloud.com", "live.com", "mail.com", "outlook.com", "posteo.de",
        "proton.me", "protonmail.com", "t-online.de", "web.de", "yahoo.com", "yandex.com",
    ]
)  # fmt: skip
"""Where anybody has a mailbox: such a domain says nothing about a company."""
HOSTS = frozenset(
    [
        "azurewebsites.net", "blogspot.com", "github.io", "herokuapp.com", "myshopify.com", "netlify.app",
        "onmicrosoft.com", "pages.dev", "sharepoint.com", "vercel.app", "web.app", "wixsite.com",
        "wordpress.com",
    ]
)  # fmt: skip
"""Where each name below belongs to somebody else."""
REGISTRY = re.compile(r"(ac|co|com|edu|go|gob|gov|gv|ltd|me|mil|ne|net|nom|or|org|plc)\.[a-z]{2}")
"""Names below which countries register companies, such as co.uk."""


@dataclass(frozen=True, slots=True)
class Keys:
    """What a company is recognised by: its names in its country (empty: not known, so in any), its domains,
    its tax id. Any may be missing."""

    names: tuple[str, ...]
    country: str = ""
    domains: tuple[str, ...] = ()
    tax_id: str = ""


class LeadTaken(Conflict):
    """Somebody else holds the lead by an approved deal; neutral to who it is (H33, H34)."""

    title = "Another partner is at it"

    def __init__(self, company: str) -> None:
        super().__init__(
            _(
                "Another partner has a registered deal with %(company)s. Until it ends, nobody else may offer"
                " or sell to this company.",
                company=company,
            )
        )


class DealComesFirst(Refused):
    """A programme of this reseller lets customers in after the approval of their lead only (H10)."""

    title = "Register the deal first"

    def __init__(self, company: str) -> None:
        super().__init__(
            _(
                "%(company)s has no approved deal. Register it under Deals; once it is approved, you can"
                " invite this customer.",
                company=company,
            )
        )


# --- Spelling -----------------------------------------------------------------------------------------------

ALIKE = str.maketrans(
    "авекмнорстухіјѕԁԛԝһӏαβεζηικμνορτυχγʏıɑɡ",
    "abekmhopctyxijsdqwhlabezhikmnoptyxyyiag",
)
"""Letters of other alphabets, small as they are here, and those that they pass for, small or large."""
STROKES = str.maketrans("øłđðħ", "olddh") | {ord("æ"): "ae", ord("œ"): "oe", ord("þ"): "th"}
"""Latin letters that no accent can be taken from."""


def plain(text: str) -> str:
    """Small letters and digits with single spaces: "Müller & Söhne" is "muller sohne". What cannot be seen is
    not there, and a word that can be read as a Latin one is that one: whoever writes a company with a
    Cyrillic letter means the same company."""
    bare = unicodedata.normalize("NFKD", text.casefold().replace(".", ""))
    seen = "".join(sign for sign in bare if unicodedata.category(sign) not in ("Mn", "Me", "Cf"))
    words = "".join(sign if sign.isalnum() else " " for sign in seen.translate(STROKES)).split()
    return " ".join(read if (read := word.translate(ALIKE)).isascii() else word for word in words)


def bare_name(company: str) -> str:
    """A company's name without its legal form, for comparing."""
    words = plain(company).split()
    while len(words) > 1 and words[-1] in LEGAL_FORMS:
        words.pop()
    return " ".join(words)


def domain_of(address: str) -> str:
    """The domain that somebody has registered, of a website or of an e-mail address: of shop.acme.co.uk it is
    acme.co.uk. Empty for what is none, and where anybody may have a mailbox."""
    text = address.strip().casefold()
    if "@" in text and "://" not in text:
        host = text.rpartition("@")[2]
    else:
        try:
            host = urlsplit(text if "://" in text else f"https://{text}").hostname or ""
        except ValueError:
            return ""
    host = host.rstrip(".")
    try:
        host = host.encode("idna").decode() if not host.isascii() else host
    except UnicodeError:
        return ""
    return _registered(host) if HOST.fullmatch(host) else ""


def _registered(host: str) -> str:
    labels = host.split(".")
    below = ".".join(labels[-2:])
    kept = ".".join(labels[-3:] if below in HOSTS or REGISTRY.fullmatch(below) else labels[-2:])
    return "" if kept in MAILBOXES or kept in HOSTS or REGISTRY.fullmatch(kept) else kept


def tax_key(tax_id: str) -> str:
    """Capitals and digits only."""
    return "".join(sign for sign in unicodedata.normalize("NFKC", tax_id).upper() if sign.isalnum())


def keys(names: Collection[str], country: str, *, addresses: Collection[str] = (), tax_id: str = "") -> Keys:
    """The keys of a company with all its names, web and mail addresses."""
    return Keys(
        tuple(sorted({bare_name(name) for name in names if plain(name)})),
        country.strip().upper(),
        tuple(sorted({found for found in map(domain_of, addresses) if found})),
        tax_key(tax_id),
    )


# --- Who may pursue it --------------------------------------------------------------------------------------

# A narrow scope sees no other reseller's deals: what comes back is whether there is one, and the id of the
# own one. A reseller may ask about itself only.
STANDING = door("""
CREATE FUNCTION lead_standing_v1(p_reseller uuid, p_names text[], p_country text, p_domains text[], p_tax text, p_now timestamptz)
RETURNS TABLE (taken boolean, own uuid, demanded boolean) AS $$
  WITH live AS (
    SELECT d.id, d.reseller_id FROM deals d
    WHERE d.distributor_id = current_setting('app.distributor_id')::uuid AND d.state = 'approved' AND d.ends_at > p_now
      AND ((d.name_key = ANY (p_names) AND p_country IN ('', d.country)) OR (d.domain <> '' AND d.domain = ANY (p_domains)) OR (d.tax_id <> '' AND d.tax_id = p_tax))
  )
  SELECT EXISTS (SELECT 1 FROM live WHERE live.reseller_id <> p_reseller),
    (SELECT live.id FROM live WHERE live.reseller_id = p_reseller ORDER BY live.id LIMIT 1),
    EXISTS (
      SELECT 1 FROM enrolments e JOIN deal_rules r ON r.distributor_id = e.distributor_id AND r.programme_id = e.programme_id
      WHERE e.distributor_id = current_setting('app.distributor_id')::uuid AND e.reseller_id = p_reseller
        AND e.state = 'active' AND e.ends_at > p_now AND r.takes_deals AND r.before_customers
    )
  WHERE current_setting('app.reseller_id') IN ('', p_reseller::text)
$$""")  # noqa: E501 SQL


@dataclass(frozen=True, slots=True)
class LeadStanding:
    """How a reseller stands to a lead: whether somebody else holds it, its own living deal, and whether it
    needs one before the company may become its customer."""

    taken: bool
    own: UUID | None
    demanded: bool


def standing(reseller_id: UUID, lead: Keys) -> LeadStanding:
    """Asked in any scope; in a reseller's about itself."""
    [row] = doors.call_here(
        STANDING,
        {
            "p_reseller": reseller_id,
            "p_names": list(lead.names),
            "p_country": lead.country,
            "p_domains": list(lead.domains),
            "p_tax": lead.tax_id,
            "p_now": business_now(),
        },
    )
    return LeadStanding(row.taken, row.own, row.demanded)


def refuse_to_sell(reseller_id: UUID, company: str, lead: Keys) -> LeadStanding:
    """LeadTaken where another reseller's approved deal holds the company: for whatever offers or sells to it
    (an order, a quote)."""
    found = standing(reseller_id, lead)
    if found.taken:
        raise LeadTaken(company)
    return found


def refuse_to_take_on(reseller_id: UUID, company: str, lead: Keys) -> None:
    """Whether a company may become this reseller's customer: LeadTaken, or DealComesFirst where a programme
    that it is in demands an approved deal (H10, H34)."""
    found = refuse_to_sell(reseller_id, company, lead)
    if found.demanded and found.own is None:
        raise DealComesFirst(company)


def note_refused(about: Reseller | Customer, company: str, refusal: Refused | Conflict) -> None:
    """Into the trail of the reseller or of its customer, in a transaction of its own: what was refused leaves
    nothing else behind."""
    trail.write(about, "refused because of a deal", why=str(refusal), company=company)
