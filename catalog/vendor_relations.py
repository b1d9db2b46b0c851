"""What a vendor says about two of its things: this is an add-on of that, this may be upgraded to that, this
needs that. Kept by the codes of products and plans as the vendor calls them, and changed by taking over what
its service lists (catalog/price_changes.py) alone."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import UniqueConstraint, select
from sqlalchemy.orm import Mapped

from catalog.price_imports import RowKind
from core import db
from core.tenancy import Access, DistributorOwned


class Relation(StrEnum):
    """ADD_ON: `from` only with `to`. UPGRADE, PARTIAL: all seats, or some, may move to `to`. NEEDS: `to` has
    to be there before."""

    ADD_ON = "add_on"
    UPGRADE = "upgrade"
    PARTIAL = "partial_upgrade"
    NEEDS = "needs"


class VendorRelation(DistributorOwned, db.Model):
    """One relation of a source (`connector:KEY`)."""

    __tablename__ = "vendor_relations"
    __access__ = Access(distributor="rcud")
    __table_args__ = (
        UniqueConstraint(
            "distributor_id",
            "source",
            "relation",
            "from_code",
            "to_code",
            name="uq_vendor_relations_said",
        ),
    )

    source: Mapped[str]
    relation: Mapped[Relation]
    from_code: Mapped[str]
    to_code: Mapped[str]


@dataclass(frozen=True, slots=True, order=True)
class Related:
    """The same as a value."""

    relation: Relation
    from_code: str
    to_code: str


def compared(source: str, told: Iterable[Related]) -> Iterator[dict[str, Any]]:
    """Rows of a preview: what is new, what is there, what is no longer said."""
    rows = db.session().scalars(select(VendorRelation).where(VendorRelation.source == source))
    there = {Related(row.relation, row.from_code, row.to_code) for row in rows}
    now = set(told)
    for one in sorted(now | there):
        kind = RowKind.RETIRED if one not in now else RowKind.UNCHANGED if one in there else RowKind.NEW
        yield {
            "kind": kind,
            "name": f"{one.from_code} → {one.to_code}",
            "relation": one.relation,
            "product_code": one.from_code,
            "target_code": one.to_code,
        }
