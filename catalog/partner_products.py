"""Products that only partners of their programme sell. That is data of the product; a reseller that is no
active partner finds them in no list of its shop, and no order of them is placed, whoever orders. The
distributor's own shop sells everything."""

from collections.abc import Collection, Iterable
from uuid import UUID

from sqlalchemy import ColumnElement, exists, not_, select

from catalog import listings
from catalog.listings import Listing
from catalog.markets import Eligible
from catalog.products import Product
from core import db, tasks, trail
from core.errors import Refused
from core.languages import _
from core.parties import Reseller
from core.tasks import Claimed, Kind, Repeat
from core.tenancy import current, same_key
from partners import programmes
from partners.enrolments import Enrolment, EnrolmentState


class OnlyPartnersSell(Refused):
    """The reseller is no active partner of the programme that the product belongs to."""

    def __init__(self, product: str, programme: str) -> None:
        super().__init__(
            _(
                "Only partners of “%(programme)s” sell %(product)s. Apply for the programme first; nothing"
                " was ordered.",
                programme=programme,
                product=product,
            )
        )


class NotSoldHere(Refused):
    """The same for a customer, whom its reseller's partnerships do not concern."""

    def __init__(self, product: str) -> None:
        super().__init__(
            _("This shop does not sell %(product)s. Please take it out of your basket.", product=product)
        )


class NoProgramme(Refused):
    """Partners of what?"""

    def __init__(self) -> None:
        super().__init__(_("Choose the programme whose partners sell it."))


def missing(reseller_id: UUID) -> ColumnElement[bool]:
    """Whether a product is for partners of a programme that this reseller is none of; for the scope of the
    reseller or the distributor."""
    signed = exists().where(
        same_key(Enrolment.programme_id, Product.programme_id),
        Enrolment.reseller_id == reseller_id,
        Enrolment.state == EnrolmentState.ACTIVE,
    )
    house = exists().where(Reseller.id == reseller_id, Reseller.house)
    return Product.partners_only & not_(signed.correlate(Product)) & not_(house.correlate(Product))


def kept_from(reseller_id: UUID, product_ids: Collection[UUID]) -> set[UUID]:
    """Those of the products that this reseller may not sell."""
    chosen = select(Product.id).where(Product.id.in_(product_ids), missing(reseller_id))
    return set(db.session().scalars(chosen))


def refuse_unless_partner(lines: Iterable[tuple[str, Eligible]]) -> None:
    """OnlyPartnersSell, or to a customer NotSoldHere, for the first (product, eligible) that is for others.
    In a transaction widened for "placing an order"."""
    for product, sold_to in lines:
        if sold_to.lacks_id is not None:
            if current().customer_id is not None:
                raise NotSoldHere(product)
            raise OnlyPartnersSell(product, programmes.of_id(sold_to.lacks_id).name)


def keep_for_partners(product: Product, *, only: bool) -> bool:
    """Whether only partners of its programme sell it from now on, in every shop; what was sold goes on.
    Whether that is news; NoProgramme where it belongs to none."""
    if only and product.programme_id is None:
        raise NoProgramme
    if product.partners_only == only:
        return False
    product.partners_only = only
    trail.write(product, "kept for partners of its programme" if only else "open to every reseller")
    return True


def _turn(task: Claimed) -> None:
    enrolment = (
        db.session().scalars(select(Enrolment).where(Enrolment.id == UUID(task.args["enrolment_id"]))).one()
    )
    concerned = (
        select(Listing.product_id)
        .join(Product, same_key(Product.id, Listing.product_id))
        .where(
            Listing.reseller_id == enrolment.reseller_id,
            Product.programme_id == enrolment.programme_id,
            Product.partners_only,
        )
    )
    if products := set(db.session().scalars(concerned)):
        listings.changed(enrolment.reseller_id, products)


TURN = tasks.register(Kind("show_partner_products", Repeat.SAFE, prepare=_turn))
"""A partnership has begun or ended: the partner's shop shows what is for partners only, or hides it."""
