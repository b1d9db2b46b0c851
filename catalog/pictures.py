"""Pictures of products: taken apart and drawn anew in two sizes (only pixels of an upload survive), the first
of them the one that lists show. The product carries that one's name and words, so that a list needs no other
row."""

import hashlib
import struct
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Index, LargeBinary, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, mapped_column

from catalog.products import REMOVABLE, Product
from core import db, trail
from core.errors import Missing, Refused
from core.languages import _
from core.tenancy import DistributorOwned, owned_by
from whitelabel_themes import images
from whitelabel_themes.images import BadImage

MOST = 8
LONGEST_ALT = 200
PAGE_PX, PAGE_BYTES = 1200, 600 * 1024
CARD_PX, CARD_BYTES = 192, 60 * 1024


class ProductPicture(DistributorOwned, db.Model):
    """One picture of a product. `name` is its content's; `width` and `height` are those of the page's size,
    so that a page keeps its room before it is there."""

    __tablename__ = "product_pictures"
    __access__ = REMOVABLE
    __table_args__ = (
        owned_by("products", "product_id"),
        UniqueConstraint("distributor_id", "product_id", "name"),
        Index("ix_product_pictures_name", "distributor_id", "name"),
    )

    product_id: Mapped[UUID]
    name: Mapped[str]
    alt: Mapped[str]
    position: Mapped[int]
    width: Mapped[int]
    height: Mapped[int]
    page: Mapped[bytes] = mapped_column(LargeBinary(), deferred=True)
    card: Mapped[bytes] = mapped_column(LargeBinary(), deferred=True)


class NotAPicture(Refused):
    """What was sent is no picture; the sentence says what is taken."""


class NoWords(Refused):
    """Whoever cannot see a picture reads its words."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "Say in a few words what the picture shows, for people who cannot see it (at most %(most)s"
                " letters).",
                most=LONGEST_ALT,
            )
        )


class TooMany(Refused):
    """A product page is no album."""

    def __init__(self) -> None:
        super().__init__(_("A product has at most %(most)s pictures. Remove one first.", most=MOST))


class HasIt(Refused):
    """The same pixels again."""

    def __init__(self) -> None:
        super().__init__(_("The product has this picture already."))


def of(product_id: UUID) -> list[ProductPicture]:
    """The pictures of a product without their content, the main one first."""
    chosen = select(ProductPicture).where(ProductPicture.product_id == product_id)
    return list(db.session().scalars(chosen.order_by(ProductPicture.position, ProductPicture.id)))


def add(product: Product, upload: bytes, alt: str) -> ProductPicture:
    """One more at the end; the first is the main one. NotAPicture, NoWords, TooMany or HasIt otherwise."""
    words = _words(alt)
    try:
        page = images.reencode(upload, max_px=PAGE_PX, max_bytes=PAGE_BYTES)
        card = images.reencode(page, max_px=CARD_PX, max_bytes=CARD_BYTES)
    except BadImage as bad:
        raise NotAPicture(_(bad.message)) from bad
    db.session().refresh(product, with_for_update=True)  # positions take turns
    known = of(product.id)
    name = hashlib.sha256(page).hexdigest()[:32]
    if any(one.name == name for one in known):
        raise HasIt
    if len(known) >= MOST:
        raise TooMany
    width, height = struct.unpack(">II", page[16:24])  # of the PNG that was just written
    made = db.add(
        ProductPicture(
            product_id=product.id,
            name=name,
            alt=words,
            position=known[-1].position + 1 if known else 0,
            width=width,
            height=height,
            page=page,
            card=card,
        )
    )
    db.flush()
    trail.write(product, "picture added", picture=words)
    _main(product)
    return made


def describe(product: Product, picture_id: UUID, alt: str) -> None:
    """Other words for it."""
    found, words = _find(product, picture_id), _words(alt)
    if found.alt != words:
        found.alt = words
        trail.write(product, "picture described", picture=words)
        _main(product)


def put_first(product: Product, picture_id: UUID) -> None:
    """From now on the one that lists show."""
    found, known = _find(product, picture_id), of(product.id)
    for place, one in enumerate([found, *(each for each in known if each.id != found.id)]):
        one.position = place
    trail.write(product, "main picture chosen", picture=found.alt)
    _main(product)


def remove(product: Product, picture_id: UUID) -> None:
    """Gone; the next one is the main one."""
    found = _find(product, picture_id)
    db.session().delete(found)
    trail.write(product, "picture removed", picture=found.alt)
    _main(product)


def _find(product: Product, picture_id: UUID) -> ProductPicture:
    chosen = select(ProductPicture).where(
        ProductPicture.id == picture_id, ProductPicture.product_id == product.id
    )
    found = db.session().scalar(chosen)
    if found is None:
        raise Missing("picture")
    return found


def _words(alt: str) -> str:
    words = " ".join(alt.split())
    if not words or len(words) > LONGEST_ALT:
        raise NoWords
    return words


def _main(product: Product) -> None:
    db.flush()
    first = next(iter(of(product.id)), None)
    product.picture, product.picture_alt = (first.name, first.alt) if first else ("", "")


def content(name: str, *, small: bool) -> bytes | None:
    """The PNG of a picture of the scope's distributor, for lists (`small`) or pages."""
    column = ProductPicture.card if small else ProductPicture.page
    return db.session().scalar(select(column).where(ProductPicture.name == name).limit(1))


def counted(product_ids: Sequence[UUID]) -> dict[UUID, int]:
    """product -> how many pictures it has."""
    rows = db.session().execute(
        select(ProductPicture.product_id, func.count())
        .where(ProductPicture.product_id.in_(product_ids))
        .group_by(ProductPicture.product_id)
    )
    return {product_id: number for product_id, number in rows}
