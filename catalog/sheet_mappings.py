"""What the columns of a vendor's sheet mean: chosen by a person, guessed from their names beforehand, kept
for each source and used again when a file with the same columns comes."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import UniqueConstraint, select
from sqlalchemy.orm import Mapped

from core import db, trail
from core.errors import Refused
from core.languages import _, for_later
from core.periods import Term
from core.tenancy import Access, DistributorOwned

SIGN = "="  # "=P1Y": not a column but this, for every line


@dataclass(frozen=True, slots=True)
class Target:
    """Something that a column may mean. `names`: how sheets call it, in small letters without signs;
    `always`: what may be chosen for every line instead of a column."""

    name: str
    label: str
    names: tuple[str, ...]
    needed: bool = False
    always: tuple[str, ...] = ()


TERM_WORDS = tuple(term.value for term in Term)
TARGETS = (
    Target(
        "product",
        for_later("Product"),
        ("product", "producttitle", "productname", "title", "name", "produkt", "bezeichnung"),
        True,
    ),
    Target(
        "list_price",
        for_later("List price"),
        ("listprice", "erpprice", "erp", "rrp", "msrp", "retailprice", "retail", "price", "srp", "uvp"),
        True,
    ),
    Target(
        "term",
        for_later("Term"),
        ("term", "termduration", "commitment", "contractterm", "duration", "laufzeit"),
        True,
        TERM_WORDS,
    ),
    Target(
        "billing",
        for_later("Billed"),
        ("billing", "billingperiod", "billingplan", "billingcycle", "billingfrequency", "billed"),
        always=TERM_WORDS,
    ),
    Target("plan_code", for_later("Plan's code"), ("plancode", "code", "offerid", "itemcode")),
    Target(
        "sku",
        for_later("Vendor's SKU"),
        ("sku", "skuid", "partnumber", "partno", "itemno", "articleno", "artikel", "artikelnummer"),
    ),
    Target("product_code", for_later("Product's code"), ("productcode", "productid")),
    Target("plan", for_later("Plan's name"), ("plan", "planname", "edition", "variant", "skutitle")),
    Target("vendor", for_later("Vendor"), ("vendor", "publisher", "manufacturer", "brand", "hersteller")),
    Target(
        "cost",
        for_later("Cost"),
        ("cost", "unitprice", "netprice", "net", "partnerprice", "buyprice", "netto", "einkaufspreis", "ek"),
    ),
    Target(
        "wholesale", for_later("Wholesale price"), ("wholesale", "wholesaleprice", "resellerprice", "dealer")
    ),
    Target("currency", for_later("Currency"), ("currency", "curr", "waehrung")),
    Target(
        "category", for_later("Category"), ("category", "productcategory", "group", "family", "kategorie")
    ),
    Target(
        "summary",
        for_later("Summary"),
        ("summary", "skudescription", "shortdescription", "short", "kurzbeschreibung"),
    ),
    Target("description", for_later("Description"), ("description", "longdescription", "text")),
    Target("minimum", for_later("Smallest quantity"), ("minimum", "min", "minqty", "moq", "minimumquantity")),
    Target("maximum", for_later("Largest quantity"), ("maximum", "max", "maxqty", "maximumquantity")),
    Target(
        "range_from",
        for_later("Volume range from"),
        ("rangefrom", "pricingtierrangemin", "qtyfrom", "quantityfrom", "from", "tierfrom", "mengevon"),
    ),
    Target(
        "range_to",
        for_later("Volume range to"),
        ("rangeto", "pricingtierrangemax", "qtyto", "quantityto", "to", "tierto", "mengebis"),
    ),
    Target(
        "effective_from",
        for_later("Effective from"),
        ("effectivefrom", "effectivestartdate", "validfrom", "startdate", "gltigab", "gueltigab"),
    ),
    Target(
        "effective_until",
        for_later("Effective until"),
        ("effectiveuntil", "effectiveenddate", "validuntil", "validto", "enddate", "gltigbis", "gueltigbis"),
    ),
    Target("market", for_later("Market"), ("market", "country", "region")),
    Target("segment", for_later("Segment"), ("segment", "customersegment", "audience")),
    Target("on_sale", for_later("On sale"), ("onsale", "published", "active")),
)
BY_NAME = {target.name: target for target in TARGETS}


@dataclass(frozen=True, slots=True)
class Meaning:
    """Target -> column, or what holds for every line. `per_term`: prices are for the whole term, not for a
    billing period. `any_origin`: it may change plans that other sheets or people brought. `whole`: what it
    does not name is no longer sold by this source."""

    columns: Mapping[str, str]
    per_term: bool = False
    any_origin: bool = False
    whole: bool = False

    def as_data(self) -> dict[str, Any]:
        """As it is kept."""
        return {
            "columns": dict(self.columns),
            "per_term": self.per_term,
            "any_origin": self.any_origin,
            "whole": self.whole,
        }


def meaning_of(data: Mapping[str, Any]) -> Meaning:
    """What was kept."""
    return Meaning(data["columns"], data["per_term"], data["any_origin"], data["whole"])


class SheetSource(DistributorOwned, db.Model):
    """Where sheets of one kind come from, and what their columns mean."""

    __tablename__ = "sheet_sources"
    __access__ = Access(distributor="rcu")
    __table_args__ = (UniqueConstraint("distributor_id", "name"),)

    name: Mapped[str]
    heads: Mapped[list[str]]
    meaning: Mapped[dict[str, Any]]
    used_at: Mapped[datetime]


class BadMeaning(Refused):
    """What was chosen cannot be read; `problems` names each target."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(" ".join(problems.values()))
        self.problems = dict(problems)


def guess(heads: Sequence[str], price_list: str = "") -> Meaning:
    """What the names of the columns suggest; a column is guessed once. A catalogue that this shop has written
    is recognised with its wholesale prices of `price_list`."""
    plain = {_plain(head): head for head in heads if head}
    found, taken = dict[str, str](), set[str]()
    for target in TARGETS:
        names = (_plain(target.name), *target.names)
        if target.name == "wholesale" and price_list:
            names = (_plain(wholesale_head(price_list)), *names)
        head = next((plain[name] for name in names if name in plain and plain[name] not in taken), "")
        if head:
            found[target.name] = head
            taken.add(head)
    ours = all(name in heads for name in ("plan_code", "list_price", "range_from", "on_sale"))
    return Meaning(found, any_origin=ours)


def wholesale_head(price_list: str) -> str:
    """How an exported catalogue calls the wholesale prices of a list."""
    return f"wholesale: {price_list}"


def _plain(head: str) -> str:
    return re.sub(r"[^a-z0-9]", "", head.casefold())


def check(meaning: Meaning, heads: Sequence[str]) -> None:
    """BadMeaning unless everything that is needed was chosen, from what there is, each column once."""
    wrong, taken = dict[str, str](), dict[str, str]()
    for target in TARGETS:
        chosen = meaning.columns.get(target.name, "")
        if not chosen:
            if target.needed:
                wrong[target.name] = _("%(what)s is needed: choose its column.", what=_(target.label))
        elif chosen.startswith(SIGN):
            if chosen[1:] not in target.always:
                wrong[target.name] = _("%(what)s cannot be the same for every line.", what=_(target.label))
        elif chosen not in heads:
            wrong[target.name] = _("The file has no column “%(column)s”.", column=chosen[:80])
        elif chosen in taken:
            wrong[target.name] = _(
                "“%(column)s” is chosen for %(other)s already.",
                column=chosen,
                other=_(BY_NAME[taken[chosen]].label),
            )
        else:
            taken[chosen] = target.name
    if not meaning.columns.get("plan_code") and not meaning.columns.get("sku"):
        wrong["sku"] = _("Choose the vendor's SKU or the plan's code, so that a plan is known again.")
    if wrong:
        raise BadMeaning(wrong)


def remembered(heads: Sequence[str]) -> SheetSource | None:
    """The source whose files have these columns; the one used last."""
    chosen = select(SheetSource).where(SheetSource.heads == list(heads))
    return db.session().scalars(chosen.order_by(SheetSource.used_at.desc()).limit(1)).first()


def keep(name: str, heads: Sequence[str], meaning: Meaning) -> SheetSource:
    """Remembers it for the next file of this source."""
    found = db.session().scalar(
        select(SheetSource).where(SheetSource.name == name).with_for_update()
    ) or db.add(SheetSource(name=name, heads=[], meaning={}, used_at=db.session().info["now"]))
    if (found.heads, found.meaning) != (list(heads), meaning.as_data()):
        found.heads, found.meaning = list(heads), meaning.as_data()
        db.flush()
        trail.write(found, "columns chosen")
    found.used_at = db.session().info["now"]
    return found


def sources() -> list[str]:
    """The names of what came before, the latest first."""
    return list(db.session().scalars(select(SheetSource.name).order_by(SheetSource.used_at.desc()).limit(50)))
