"""A reseller's own shop: its alias, hosts, theme settings and versions. The alias is held when the plan is
ordered, so that taken means refused before payment (I19); the shop opens when the plan is delivered (I8).
`OPEN_REQUEST` is the one statement that opens a request."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, LargeBinary, UniqueConstraint, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from core import db, doors, parties, states, tenancy, trail
from core.clock import business_now
from core.doors import door
from core.errors import Conflict, Missing, Refused
from core.ids import new_code, new_id
from core.languages import _
from core.tenancy import Access, DistributorOwned, ResellerOwned, owned_by


class StorefrontState(StrEnum):
    """HELD: ordered, not delivered. CLOSED: the plan ended; nothing is sold, and the alias stays the
    reseller's until `alias_kept_until`. RELEASED: the alias is free again."""

    HELD = "held"
    OPEN = "open"
    CLOSED = "closed"
    RELEASED = "released"


class Storefront(ResellerOwned, db.Model):
    """One shop. `version` is new whenever its looks change, `shelf_version` whenever its offers or prices
    change; what was drawn under the one before is not shown any more. `prices_public`: whether visitors see
    prices before they have signed in (I38)."""

    __tablename__ = "storefronts"
    __access__ = Access(distributor="rcu", reseller="ru", customer="r", public="r", door="r")
    __table_args__ = (
        owned_by("resellers", "reseller_id"),
        UniqueConstraint("distributor_id", "code"),
        Index(
            "uq_storefronts_alias",
            "distributor_id",
            "alias",
            unique=True,
            postgresql_where=text("state <> 'released'"),
        ),
        Index(
            "uq_storefronts_reseller",
            "distributor_id",
            "reseller_id",
            unique=True,
            postgresql_where=text("state <> 'released'"),
        ),
    )
    LIFE = states.Transitions(
        {
            StorefrontState.HELD: [StorefrontState.OPEN, StorefrontState.RELEASED],
            StorefrontState.OPEN: [StorefrontState.CLOSED],
            StorefrontState.CLOSED: [StorefrontState.OPEN, StorefrontState.RELEASED],
            StorefrontState.RELEASED: [],
        },
        first=StorefrontState.HELD,
    )

    code: Mapped[str]
    alias: Mapped[str | None]
    name: Mapped[str]
    state: Mapped[StorefrontState]
    theme: Mapped[str] = mapped_column(default="aurora")
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict)
    logo: Mapped[str | None]
    currency: Mapped[str]
    version: Mapped[UUID] = mapped_column(default=new_id)
    shelf_version: Mapped[UUID] = mapped_column(default=new_id)
    opened_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    alias_kept_until: Mapped[datetime | None]
    prices_public: Mapped[bool] = mapped_column(default=True, server_default=text("true"))


class Host(DistributorOwned, db.Model):
    """An address that leads to a storefront; unique over the whole installation. Only verified hosts are rows
    here. `aliases`: other shops open under it by their alias, as on the distributor's own hosts; on a
    reseller's domain nobody else does."""

    __tablename__ = "hosts"
    __access__ = Access(distributor="rcd", door="r")
    __table_args__ = (
        ForeignKeyConstraint(
            ["distributor_id", "storefront_id"], ["storefronts.distributor_id", "storefronts.id"]
        ),
        UniqueConstraint("host", name="uq_hosts_host"),
    )

    host: Mapped[str]
    storefront_id: Mapped[UUID]
    aliases: Mapped[bool] = mapped_column(default=False, server_default=text("true"))


class Image(ResellerOwned, db.Model):
    """A re-encoded picture (PNG), named by its content."""

    __tablename__ = "images"
    __access__ = Access(distributor="rc", reseller="rc", customer="r", public="r")
    __table_args__ = (UniqueConstraint("distributor_id", "reseller_id", "name"),)

    name: Mapped[str]
    content: Mapped[bytes] = mapped_column(LargeBinary())


# plpgsql, because it keeps its plan: an SQL function is planned anew at every call before PostgreSQL 18.
OPEN_REQUEST = door("""
CREATE FUNCTION open_request_v4(p_host text, p_segment text, p_tokens bytea)
RETURNS TABLE (distributor_id uuid, distributor_name text, business_offset interval, sandbox boolean, catalogue_version uuid,
  storefront_id uuid, reseller_id uuid, code text, alias text, name text, theme text, logo text, currency text, version uuid, shelf_version uuid,
  house boolean, seller text, session_id uuid, csrf text, stale boolean, person_id uuid, membership_id uuid, side text,
  m_reseller_id uuid, m_customer_id uuid, roles jsonb, person_name text, standing_name text, price_list_id uuid, basket bigint, settings text, person_email text, closed boolean,
  must_set_up boolean,
  viewing_id uuid, viewing_over boolean, viewing_until timestamptz, viewed_id uuid, viewed_name text, viewed_prices uuid, must_agree boolean, prices_public boolean) AS $$
DECLARE
  front uuid;
  by_alias boolean;
  shop record;
  who record;
  looking record;
BEGIN
  SELECT h.distributor_id, h.storefront_id, h.aliases INTO distributor_id, storefront_id, by_alias FROM hosts h WHERE h.host = p_host;
  IF NOT FOUND THEN RETURN; END IF;
  IF by_alias THEN SELECT n.id INTO front FROM storefronts n  -- at a reseller's own domain nobody else's shop opens
    WHERE n.distributor_id = open_request_v4.distributor_id AND n.alias = p_segment AND n.state IN ('open', 'closed');
  END IF;
  storefront_id := coalesce(front, storefront_id);
  SELECT d.name AS distributor_name, d.business_offset, d.sandbox, d.catalogue_version, f.*, r.house, r.name AS seller INTO shop
    FROM storefronts f
    JOIN resellers r ON r.distributor_id = f.distributor_id AND r.id = f.reseller_id
    JOIN distributors d ON d.id = f.distributor_id
    WHERE f.distributor_id = open_request_v4.distributor_id AND f.id = open_request_v4.storefront_id AND f.state IN ('open', 'closed');
  IF NOT FOUND THEN RETURN; END IF;
  distributor_name := shop.distributor_name; business_offset := shop.business_offset; sandbox := shop.sandbox;
  catalogue_version := shop.catalogue_version; reseller_id := shop.reseller_id; code := shop.code; alias := CASE WHEN by_alias THEN shop.alias END; name := shop.name;
  theme := shop.theme; logo := shop.logo; currency := shop.currency; version := shop.version; shelf_version := shop.shelf_version;
  house := shop.house; seller := shop.seller; settings := shop.settings::text; basket := 0; closed := shop.state <> 'open'; prices_public := shop.prices_public;
  FOR place IN 0 .. length(p_tokens) / 32 - 1 LOOP  -- hashes of 32 bytes, one after the other; one of them at most is of this shop
    SELECT s.id AS session_id, s.viewing_id, s.csrf, s.last_seen_at < now() - interval '1 minute' AS stale, m.*,
        coalesce(c.name, mr.name, shop.distributor_name) AS standing_name, mr.price_list_id,
        (SELECT count(*) FROM basket_lines b WHERE b.distributor_id = m.distributor_id AND b.membership_id = m.id) AS basket,
        EXISTS (SELECT 1 FROM sign_in_rules n CROSS JOIN jsonb_array_elements_text(m.roles) role
                WHERE n.distributor_id = m.distributor_id AND n.two_factor @> to_jsonb(m.side || ':' || role))
          AND NOT EXISTS (SELECT 1 FROM factors t WHERE t.person_id = s.person_id AND t.confirmed_at IS NOT NULL) AS must_set_up INTO who
      FROM sessions s
      JOIN persons p ON p.id = s.person_id AND p.disabled_at IS NULL
      JOIN memberships m ON m.distributor_id = s.distributor_id AND m.id = s.membership_id AND m.ended_at IS NULL
      LEFT JOIN resellers mr ON mr.distributor_id = m.distributor_id AND mr.id = m.reseller_id
      LEFT JOIN customers c ON c.distributor_id = m.distributor_id AND c.id = m.customer_id
      WHERE s.token_hash = substr(p_tokens, place * 32 + 1, 32) AND s.storefront_id = open_request_v4.storefront_id AND s.host = p_host
        AND s.expires_at > now() AND s.last_seen_at > now() - s.idle;
    IF FOUND THEN
      session_id := who.session_id; csrf := who.csrf; stale := who.stale; person_id := who.person_id; membership_id := who.id;
      side := who.side; m_reseller_id := who.reseller_id; m_customer_id := who.customer_id; roles := who.roles; person_name := who.name;
      standing_name := who.standing_name; price_list_id := who.price_list_id; basket := who.basket; person_email := who.email;
      must_set_up := who.must_set_up;
      must_agree := who.side = 'reseller'  -- the terms come before the first page (partners/entry_terms.py)
        AND EXISTS (SELECT 1 FROM enrolments e JOIN account_rules a ON a.distributor_id = e.distributor_id AND a.programme_id = e.programme_id
          WHERE e.distributor_id = who.distributor_id AND e.reseller_id = who.reseller_id AND e.state = 'active' AND a.terms_first)
        AND EXISTS (SELECT 1 FROM (SELECT t.id FROM terms t WHERE t.distributor_id = who.distributor_id AND t.standing_id = who.distributor_id
            ORDER BY t.number DESC LIMIT 1) newest
          WHERE NOT EXISTS (SELECT 1 FROM entry_acceptances a
            WHERE a.distributor_id = who.distributor_id AND a.membership_id = who.id AND a.terms_id = newest.id));
      IF who.viewing_id IS NOT NULL THEN  -- looks at a partner's console: while it lasts, and while one may
        SELECT v.id, v.until, v.reseller_id, r.name, r.price_list_id, v.ended_at IS NOT NULL OR v.until <= now() OR NOT (who.roles @> '["admin"]'
            OR EXISTS (SELECT 1 FROM partner_managers g WHERE g.distributor_id = v.distributor_id AND g.reseller_id = v.reseller_id
              AND g.membership_id = who.id)) AS over INTO looking
          FROM viewings v JOIN resellers r ON r.distributor_id = v.distributor_id AND r.id = v.reseller_id
          WHERE v.distributor_id = who.distributor_id AND v.id = who.viewing_id AND v.person_id = who.person_id AND who.side = 'distributor';
        IF FOUND THEN viewing_id := looking.id; viewing_over := looking.over; viewing_until := looking.until; viewed_id := looking.reseller_id;
          viewed_name := looking.name; viewed_prices := looking.price_list_id;
        END IF;
      END IF;
      EXIT;
    END IF;
  END LOOP;
  RETURN NEXT;
END
$$""")  # noqa: E501 SQL


CONTACT = door("""
CREATE FUNCTION shop_contact_v1(p_storefront uuid) RETURNS TABLE (email text) AS $$
  SELECT CASE WHEN r.house THEN d.contact_email ELSE r.email END FROM storefronts f
    JOIN resellers r ON r.distributor_id = f.distributor_id AND r.id = f.reseller_id
    JOIN distributors d ON d.id = f.distributor_id
    WHERE f.id = p_storefront AND f.state IN ('open', 'closed')
$$""")


def contact(storefront_id: UUID) -> str:
    """Whom the visitors of a shop write to; for everybody, also who is not signed in."""
    found = doors.call(CONTACT, {"p_storefront": storefront_id})
    return str(found.email) if found and found.email else ""


class AliasTaken(Conflict):
    """I19: a taken alias is refused and another asked for."""

    def __init__(self, alias: str) -> None:
        super().__init__(
            _("The address “%(alias)s” is already taken. Please choose another one.", alias=alias)
        )


class HasStorefront(Refused):
    """One reseller has one storefront."""

    def __init__(self) -> None:
        super().__init__(_("You already have a storefront, or an order for one is under way."))


def find(storefront_id: UUID) -> Storefront:
    """A storefront inside the scope."""
    found = db.session().scalar(select(Storefront).where(Storefront.id == storefront_id))
    if found is None:
        raise Missing("storefront")
    return found


def of_reseller(reseller_id: UUID) -> Storefront | None:
    """The reseller's storefront, held, open or closed."""
    return db.session().scalar(
        select(Storefront).where(
            Storefront.reseller_id == reseller_id, Storefront.state != StorefrontState.RELEASED
        )
    )


def hold(reseller: parties.Reseller, alias: str, *, currency: str) -> Storefront:
    """Holds the alias for a plan that is being ordered; AliasTaken or HasStorefront otherwise. An open or
    closed storefront keeps its alias: another plan for it (I22) is ordered with the alias it has."""
    standing = of_reseller(reseller.id)
    if standing is not None:
        if standing.state is not StorefrontState.HELD and standing.alias == alias:
            return standing
        raise HasStorefront
    held = Storefront(
        distributor_id=reseller.distributor_id,
        reseller_id=reseller.id,
        code=new_code("S", 8).lower(),
        alias=alias,
        name=reseller.name,
        state=StorefrontState.HELD,
        currency=currency,
        created_at=db.session().info["now"],
    )
    try:
        with db.savepoint():
            db.add(held)
            db.flush()
    except IntegrityError as error:
        raise AliasTaken(alias) from error
    trail.write(held, "alias held", alias=alias)
    return held


def is_taken(alias: str) -> bool:
    """Whether an alias is held or in use at this distributor; runs under a scope that sees all
    storefronts."""
    taken = select(Storefront.id).where(
        Storefront.alias == alias, Storefront.state != StorefrontState.RELEASED
    )
    return db.session().scalar(taken) is not None


def release(reseller_id: UUID) -> None:
    """Frees the alias of an order that expired or was refused; an open storefront is left alone."""
    standing = of_reseller(reseller_id)
    if standing is not None and standing.state is StorefrontState.HELD:
        states.move(standing, StorefrontState.RELEASED)


def close(storefront: Storefront, *, why: str, kept_until: datetime) -> None:
    """Nothing is sold here any more; the alias is kept until then, by the business clock."""
    states.move(storefront, StorefrontState.CLOSED, why=why)
    storefront.closed_at, storefront.alias_kept_until = business_now(), kept_until


def closed_too_long(now: datetime, limit: int = 200) -> list[Storefront]:
    """Closed shops whose alias need not be kept any longer."""
    late = (
        select(Storefront)
        .where(Storefront.state == StorefrontState.CLOSED, Storefront.alias_kept_until <= now)
        .order_by(Storefront.id)
        .limit(limit)
        .with_for_update()
    )
    return list(db.session().scalars(late))


def touch_looks(storefront: Storefront) -> None:
    """A fresh version, as the last change of the transaction."""
    storefront.version = new_id()


def show_prices(storefront: Storefront, *, to_all: bool) -> None:
    """Whether visitors see prices before they have signed in; on the next request (I38)."""
    if storefront.prices_public is not to_all:
        storefront.prices_public = to_all
        trail.write(storefront, "prices shown to all" if to_all else "prices shown to its own only")
        touch_looks(storefront)


def touch_shelf(reseller_id: UUID) -> None:
    """A fresh shelf version for the reseller's storefront, as the last statement of a transaction that
    changed offers or prices."""
    standing = of_reseller(reseller_id)
    if standing is not None:
        standing.shelf_version = new_id()


def the_scope_may_style(storefront: Storefront) -> bool:
    """Settings open only after the reseller received its storefront (I33)."""
    return (
        storefront.state is StorefrontState.OPEN and tenancy.current().reseller_id == storefront.reseller_id
    )


def open_house(
    reseller: parties.Reseller, *, name: str, hosts: list[str], currency: str, theme: str = "aurora"
) -> Storefront:
    """The distributor's own shop at its hosts; sold through the house reseller, so that a public page never
    runs with a wide scope."""
    shop = db.add(
        Storefront(
            distributor_id=reseller.distributor_id,
            reseller_id=reseller.id,
            code=new_code("S", 8).lower(),
            alias=None,
            name=name,
            state=StorefrontState.HELD,
            theme=theme,
            currency=currency,
            created_at=db.session().info["now"],
        )
    )
    db.flush()
    states.move(shop, StorefrontState.OPEN)
    shop.opened_at = db.session().info["now"]
    for host in hosts:
        db.add(Host(distributor_id=reseller.distributor_id, host=host, storefront_id=shop.id, aliases=True))
    db.flush()
    return shop
