"""Which products a condition belongs to (partners/conditions.py), and what an order of certain plans has to
agree to. A condition is linked to one product, to all of a type, or to all of a vendor."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, delete, select
from sqlalchemy.orm import Mapped

from catalog.products import Product, ProductType
from core import db, doors, tenancy, trail
from core.doors import door
from core.errors import Missing, Refused
from core.languages import Words, _
from core.tenancy import Access, DistributorOwned, owned_by
from partners.conditions import Condition
from partners.terms import AgreementMissing, Asked, Kind

TARGETS = Words({"product": "Product", "product_type": "Product type", "vendor": "Vendor"})
"""What a condition is linked to."""


class ConditionLink(DistributorOwned, db.Model):
    """A condition and the products that need it: exactly one of the three is set."""

    __tablename__ = "condition_links"
    __access__ = Access(distributor="rcd", reseller="r", customer="r", public="r", door="r")
    __table_args__ = (
        owned_by("conditions", "condition_id"),
        owned_by("products", "product_id"),
        owned_by("product_types", "product_type_id"),
        CheckConstraint("num_nonnulls(product_id, product_type_id, vendor) = 1", name="one"),
        Index(
            "uq_condition_links_target",
            "distributor_id",
            "condition_id",
            "product_id",
            "product_type_id",
            "vendor",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
    )

    condition_id: Mapped[UUID]
    product_id: Mapped[UUID | None]
    product_type_id: Mapped[UUID | None]
    vendor: Mapped[str | None]


class NothingToLink(Refused):
    """No such product, type or vendor, or a condition that no product has."""


# One statement for all that an order needs: the seller's terms, and the conditions of its plans. `accepted`
# asks for the company, wherever it accepted (M42); a version may count for those who accepted one before.
ASKED = door("""
CREATE FUNCTION terms_asked_v2(p_distributor uuid, p_reseller uuid, p_customer uuid, p_plans uuid[])
RETURNS TABLE (terms_id uuid, number bigint, digest text, published_at timestamptz, accepted boolean, company_id uuid, kind text, code text, title text, products text) AS $$
#variable_conflict use_column
DECLARE own_company uuid; seller_id uuid;
BEGIN
  SELECT coalesce(c.company_id, r.company_id), CASE WHEN p_customer IS NULL OR r.house THEN r.distributor_id ELSE r.id END INTO own_company, seller_id
  FROM resellers r LEFT JOIN customers c ON c.distributor_id = r.distributor_id AND c.id = p_customer
  WHERE r.distributor_id = p_distributor AND r.id = p_reseller;
  RETURN QUERY
  (SELECT t.id, t.number, t.digest, t.published_at, EXISTS (SELECT 1 FROM terms_acceptances a WHERE a.distributor_id = p_distributor AND a.terms_id = t.id AND a.buyer_id = coalesce(p_customer, p_reseller)),
    own_company, 'sale', '', '', ''
  FROM terms t WHERE t.distributor_id = p_distributor AND t.standing_id = seller_id ORDER BY t.number DESC LIMIT 1)
  UNION ALL
  SELECT v.id, v.number, v.digest, v.published_at, EXISTS (
      SELECT 1 FROM terms_acceptances a JOIN terms o ON o.distributor_id = a.distributor_id AND o.id = a.terms_id
      WHERE a.distributor_id = p_distributor AND a.company_id = own_company AND o.standing_id = c.id AND o.number >= v.since),
    own_company, c.kind::text, c.code, c.name, n.products
  FROM (
    SELECT l.condition_id, string_agg(DISTINCT p.name, '; ') AS products
    FROM plans q JOIN products p ON p.distributor_id = q.distributor_id AND p.id = q.product_id
    JOIN condition_links l ON l.distributor_id = p.distributor_id AND (l.product_id = p.id OR l.product_type_id = p.product_type_id OR l.vendor = p.vendor)
    WHERE q.distributor_id = p_distributor AND q.id = ANY (p_plans) GROUP BY l.condition_id
  ) n
  JOIN conditions c ON c.distributor_id = p_distributor AND c.id = n.condition_id
  JOIN LATERAL (
    SELECT t.id, t.number, t.digest, t.published_at, (SELECT max(s.number) FROM terms s WHERE s.distributor_id = p_distributor AND s.standing_id = c.id AND s.asks_again) AS since
    FROM terms t WHERE t.distributor_id = p_distributor AND t.standing_id = c.id ORDER BY t.number DESC LIMIT 1
  ) v ON true
  WHERE c.kind = 'product_terms' OR (c.kind = 'customer_agreement' AND p_customer IS NOT NULL);
END
$$""")  # noqa: E501 SQL


def asked(reseller_id: UUID, customer_id: UUID | None, plan_ids: Sequence[UUID]) -> list[Asked]:
    """What an order of these plans has to agree to, in any scope: the seller's terms in force, if any, and
    the conditions of the plans' products; each says whether the buyer has agreed already."""
    rows = doors.call_here(
        ASKED,
        {
            "p_distributor": tenancy.current().distributor_id,
            "p_reseller": reseller_id,
            "p_customer": customer_id,
            "p_plans": list(plan_ids),
        },
    )
    found = [
        Asked(*row[:6], kind=Kind(row.kind), code=row.code, title=row.title, products=row.products)
        for row in rows
    ]
    return sorted(found, key=lambda one: (one.kind is not Kind.SALE, one.title))


def refuse_unless_agreed(reseller_id: UUID, customer_id: UUID | None, plan_id: UUID) -> None:
    """AgreementMissing while a customer agreement of the plan is not accepted: no seat of its subscriptions
    changes (M41)."""
    for one in asked(reseller_id, customer_id, [plan_id]):
        if one.kind is Kind.CUSTOMER_AGREEMENT and not one.accepted:
            raise AgreementMissing(one.title)


def link(condition: Condition, what: str, which: str) -> ConditionLink:
    """From now on what `which` names (a product's code, a type's code, a vendor's name) needs the
    condition."""
    if condition.kind is Kind.DATA_USE:
        raise NothingToLink(_("A use of personal data belongs to no product."))
    values: dict[str, object] = {}
    if what == "vendor":
        known = select(Product.vendor).where(Product.vendor == which).limit(1)
        values["vendor"] = db.session().scalar(known)
    elif what == "product_type":
        values["product_type_id"] = db.session().scalar(
            select(ProductType.id).where(ProductType.code == which)
        )
    elif what == "product":
        values["product_id"] = db.session().scalar(select(Product.id).where(Product.code == which))
    if not any(values.values()):
        raise NothingToLink(_("Choose a product, a product type or a vendor of the catalogue."))
    for row in links(condition):
        if all(getattr(row, column) == value for column, value in values.items()):
            return row
    added = db.add(ConditionLink(condition_id=condition.id, **values))
    db.flush()
    trail.write(condition, "linked", to=f"{what}: {which}")
    return added


def unlink(condition: Condition, link_id: UUID) -> None:
    """Its products need the condition no longer; what was accepted stays written down."""
    found = db.session().scalar(
        select(ConditionLink).where(ConditionLink.condition_id == condition.id, ConditionLink.id == link_id)
    )
    if found is None:
        raise Missing("page")
    db.session().execute(delete(ConditionLink).where(ConditionLink.id == link_id))
    trail.write(condition, "unlinked", was=found.vendor or found.product_id or found.product_type_id)


def links(condition: Condition) -> list[ConditionLink]:
    """What it is linked to, oldest first."""
    chosen = select(ConditionLink).where(ConditionLink.condition_id == condition.id)
    return list(db.session().scalars(chosen.order_by(ConditionLink.id)))


def named(found: Sequence[ConditionLink]) -> list[tuple[UUID, str, str]]:
    """Links as people read them: id, what (of TARGETS), and the name of it."""
    products = {row.id: row.name for row in _rows(Product, [one.product_id for one in found])}
    kinds = {row.id: row.name for row in _rows(ProductType, [one.product_type_id for one in found])}
    return [
        (one.id, "vendor", one.vendor)
        if one.vendor
        else (one.id, "product", products[one.product_id])
        if one.product_id
        else (one.id, "product_type", kinds[one.product_type_id] if one.product_type_id else "")
        for one in found
    ]


def _rows(
    model: type[Product] | type[ProductType], ids: Sequence[UUID | None]
) -> Sequence[Product | ProductType]:
    wanted = [one for one in ids if one]
    return db.session().scalars(select(model).where(model.id.in_(wanted))).all() if wanted else []
