"""Vendors whose service lists what they offer: which price list their prices are for, how often they are
asked, and what came of it. What they list becomes the preview of an import, never a change by itself."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import UniqueConstraint, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from core import db
from core.tenancy import Access, DistributorOwned, owned_by

EVERY = timedelta(days=1)


class ServiceSource(DistributorOwned, db.Model):
    """One connector's list. `words`: what came of asking last; `import_code`: the preview that waits, or the
    last one."""

    __tablename__ = "service_sources"
    __access__ = Access(distributor="rcu")
    __table_args__ = (
        UniqueConstraint("distributor_id", "connector"),
        owned_by("price_lists", "price_list_id"),
    )

    connector: Mapped[str]
    price_list_id: Mapped[UUID]
    share_points: Mapped[int]
    category: Mapped[str]
    nightly: Mapped[bool] = mapped_column(default=False)
    asked_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    words: Mapped[str] = mapped_column(default="")
    import_code: Mapped[str] = mapped_column(default="")

    @property
    def source(self) -> str:
        """What its plans are marked with (catalog/products.py: Plan.source)."""
        return f"connector:{self.connector}"

    @property
    def asking(self) -> bool:
        """Whether an answer is waited for."""
        return self.asked_at is not None and (self.answered_at is None or self.answered_at < self.asked_at)


def of_connector(connector: str) -> ServiceSource | None:
    """The row of a connector, locked, if it was ever asked."""
    return db.session().scalar(
        select(ServiceSource).where(ServiceSource.connector == connector).with_for_update()
    )


def of_source(source: str) -> ServiceSource | None:
    """The row whose plans are marked so."""
    kind, _colon, connector = source.partition(":")
    return of_connector(connector) if kind == "connector" else None


def everyone() -> dict[str, ServiceSource]:
    """Connector -> its row."""
    return {row.connector: row for row in db.session().scalars(select(ServiceSource))}


def due(now: datetime) -> list[ServiceSource]:
    """Those to be asked again at this business time."""
    before = now - EVERY
    chosen = select(ServiceSource).where(
        ServiceSource.nightly, or_(ServiceSource.asked_at.is_(None), ServiceSource.asked_at <= before)
    )
    return list(db.session().scalars(chosen.with_for_update()))
