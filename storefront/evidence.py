"""Who agreed to what, as lists of both consoles: acceptances of terms and agreements (I71), and consents to a
use of personal data with their withdrawals (I72). The file carries what a dispute asks for."""

from collections.abc import Sequence
from operator import attrgetter
from typing import Any
from uuid import UUID

from sqlalchemy import Select, or_, select

from core import db
from core.languages import Words, _
from core.parties import Reseller
from partners.consents import Consent
from partners.terms import Kind, TermsAcceptance, Way
from storefront import lists
from storefront.customer_agreements import WAYS
from storefront.filters import Days
from storefront.lists import Column, List
from storefront.moments import moment

KINDS = Words(
    {
        "sale": "Terms of sale",
        "customer_agreement": "Customer agreements",
        "product_terms": "Product terms",
    }
)
ACTS = Words({"given": "Given", "withdrawn": "Withdrawn"})
READERS = ("storefront_manager", "buyer")
"""Besides administrators, who reads them: addresses and names stand on them."""


# --- Acceptances --------------------------------------------------------------------------------------------


def acceptances(side: str) -> tuple[List, Select[TermsAcceptance]]:
    """The log of a console, the newest first, and its statement; the scope says whose rows they are."""

    def rows_of(found: Sequence[tuple[TermsAcceptance]]) -> list[dict[str, Any]]:
        names = resellers({one.reseller_id for (one,) in found}) if side == "distributor" else {}
        return [
            {
                "one": one,
                "at": moment(one.accepted_at),
                "what": one.title or KINDS[one.kind.value],
                "way": WAYS[one.way.value],
                "reseller": names.get(one.reseller_id, ""),
            }
            for (one,) in found
        ]

    return (
        List(
            _("Acceptances"),
            f"{side}.acceptance_list",
            [
                Column("company", _("Company"), of("company"), TermsAcceptance.company),
                *(
                    [Column("reseller", _("Reseller"), lambda row: row["reseller"])]
                    if side == "distributor"
                    else []
                ),
                Column("what", _("What"), lambda row: row["what"]),
                Column("version", _("Version"), of("number"), kind="num"),
                Column("person", _("Person"), of("name"), TermsAcceptance.name),
                Column("way", _("How"), lambda row: row["way"]),
                Column("at", _("When"), lambda row: row["at"], TermsAcceptance.id),
                Column("email", _("E-mail"), of("email"), only_file=True),
                Column("phone", _("Phone"), of("phone"), only_file=True),
                Column("on", _("Accepted on"), of("accepted_on"), only_file=True),
                Column("attested", _("Attested by"), of("attested_by"), only_file=True),
                Column("order", _("Order"), of("order_code"), only_file=True),
                Column("products", _("Products"), of("products"), only_file=True),
                Column("digest", _("SHA-256"), of("digest"), only_file=True),
                Column("url", _("Page"), of("url"), only_file=True),
                Column("address", _("Address"), of("address"), only_file=True),
                Column("browser", _("Browser"), of("browser"), only_file=True),
            ],
            TermsAcceptance.id,
            rows_of,
            "-at",
            search=lambda query: or_(
                TermsAcceptance.order_code == query.upper(),
                TermsAcceptance.email == query.lower(),
                *(
                    column.icontains(query, autoescape=True)
                    for column in (TermsAcceptance.company, TermsAcceptance.name, TermsAcceptance.title)
                ),
            ),
            views=lists.Choice(
                "show",
                _("View"),
                KINDS.options(),
                lambda word: TermsAcceptance.kind == Kind(word),
                any_word=_("All"),
            ),
            filters=[
                lists.Choice("way", _("How"), WAYS.options(), lambda word: TermsAcceptance.way == Way(word)),
                Days("when", _("When"), TermsAcceptance.accepted_at),
            ],
            export=f"{side}.acceptance_file",
        ),
        select(TermsAcceptance),
    )


def of(name: str) -> Any:
    """A column of the row itself."""
    read = attrgetter(name)
    return lambda row: read(row["one"])


def resellers(ids: set[UUID]) -> dict[UUID, str]:
    """Their names; one statement for a page."""
    chosen = select(Reseller.id, Reseller.name).where(Reseller.id.in_(ids))
    return {reseller_id: name for reseller_id, name in db.session().execute(chosen)}


# --- Consents -----------------------------------------------------------------------------------------------


def consents(side: str) -> tuple[List, Select[Consent]]:
    """What people said about uses of their data, the newest first, and its statement."""
    return (
        List(
            _("Consents"),
            f"{side}.consent_list",
            [
                Column("person", _("Person"), of("name"), Consent.name),
                Column("company", _("Company"), of("company"), Consent.company),
                Column("use", _("Use"), of("title"), Consent.title),
                Column("version", _("Version"), of("number"), kind="num"),
                Column("act", _("Consent"), lambda row: row["act"]),
                Column("at", _("When"), lambda row: row["at"], Consent.id),
                Column("email", _("E-mail"), of("email"), only_file=True),
                Column("digest", _("SHA-256"), of("digest"), only_file=True),
                Column("url", _("Page"), of("url"), only_file=True),
                Column("address", _("Address"), of("address"), only_file=True),
                Column("browser", _("Browser"), of("browser"), only_file=True),
            ],
            Consent.id,
            consent_rows,
            "-at",
            search=lambda query: or_(
                Consent.email == query.lower(),
                *(
                    column.icontains(query, autoescape=True)
                    for column in (Consent.name, Consent.company, Consent.title)
                ),
            ),
            views=lists.Choice(
                "show",
                _("View"),
                ACTS.options(),
                lambda word: Consent.given.is_(word == "given"),
                any_word=_("All"),
            ),
            filters=[Days("when", _("When"), Consent.at)],
            export=f"{side}.consent_file",
        ),
        select(Consent),
    )


def consent_rows(found: Sequence[tuple[Consent]]) -> list[dict[str, Any]]:
    """Acts as the list shows them."""
    return [
        {"one": one, "at": moment(one.at), "act": ACTS["given" if one.given else "withdrawn"]}
        for (one,) in found
    ]
