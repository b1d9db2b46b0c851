"""What a reseller's promotions take off for everybody is written beside its prices when they begin and end,
so that a shelf is drawn by the statement that reads its prices, and never asks what runs today. Promotions
that depend on who buys, how many or how often are not: the basket shows those."""

from uuid import UUID

from catalog import goods
from core import db

REFRESH = f"""
UPDATE listings l SET sale = found.sale FROM (
  SELECT s.id, (
    SELECT jsonb_agg(jsonb_build_object('id', d.id, 'name', d.name, 'basis_points', d.basis_points, 'minor', d.minor,
      'currency', d.currency, 'combines', d.combines, 'ends_on', d.ends_on) ORDER BY d.id)
    FROM promotions d WHERE d.distributor_id = s.distributor_id AND d.reseller_id = s.reseller_id
      AND d.state = 'running' AND d.for_everybody AND {goods.holds("s.plan_id")}) AS sale
  FROM listings s JOIN products o ON o.distributor_id = s.distributor_id AND o.id = s.product_id
  WHERE s.reseller_id = %(reseller)s
) found
WHERE l.reseller_id = %(reseller)s AND l.id = found.id AND l.sale IS DISTINCT FROM found.sale"""  # noqa: S608, E501 SQL of our own
ANY = """
SELECT EXISTS (SELECT 1 FROM promotions WHERE reseller_id = %(reseller)s AND state = 'running'
    AND for_everybody)
  OR EXISTS (SELECT 1 FROM listings WHERE reseller_id = %(reseller)s AND sale IS NOT NULL)"""


def refresh(reseller_id: UUID) -> bool:
    """The shelf's reductions as they are now, and whether one changed; costs next to nothing where nothing
    runs or ran."""
    values = {"reseller": reseller_id}
    with db.told_by_the_driver("sales"):
        if db.driver().execute(ANY.encode(), values).fetchone() != (True,):
            return False
        return db.driver().execute(REFRESH.encode(), values).rowcount > 0
