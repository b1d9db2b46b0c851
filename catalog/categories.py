"""Categories of the catalogue as rows: name, order, a parent, an address. A product names its category by its
name, so that imports and files need not know the rows; a name without a row is taken in when the distributor
looks at its categories, and stands last until then."""

import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint, func, select, update
from sqlalchemy.orm import Mapped, mapped_column

from catalog.products import REMOVABLE, Product, touch_catalogue
from core import db, trail
from core.errors import Conflict, Missing, Refused
from core.languages import _
from core.tenancy import DistributorOwned, owned_by

LONGEST = 80
WORD = re.compile(r"[^a-z0-9]+")


class Category(DistributorOwned, db.Model):
    """A shelf of the catalogue. A category with a parent has no children of its own."""

    __tablename__ = "categories"
    __access__ = REMOVABLE
    __table_args__ = (
        UniqueConstraint("distributor_id", "name"),
        UniqueConstraint("distributor_id", "slug"),
        owned_by("categories", "parent_id"),
        CheckConstraint("parent_id <> id", name="parent"),
    )

    name: Mapped[str]
    slug: Mapped[str]
    position: Mapped[int] = mapped_column(default=0)
    parent_id: Mapped[UUID | None]
    archived_at: Mapped[datetime | None]


class NameTaken(Conflict):
    """Two categories would be called alike."""

    def __init__(self, name: str) -> None:
        super().__init__(_("There is a category “%(name)s” already.", name=name))


class TooDeep(Refused):
    """Categories have one level below them."""

    def __init__(self) -> None:
        super().__init__(_("A category below another one can have none below itself."))


class StillUsed(Refused):
    """Products stand in it."""

    def __init__(self, products: int) -> None:
        super().__init__(_("%(n)s products are in this category. Give them another one first.", n=products))


def slug_of(name: str) -> str:
    """A name as an address has it."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return WORD.sub("-", plain).strip("-")[:60] or "category"


def find(slug: str) -> Category:
    """A category by its address."""
    found = db.session().scalar(select(Category).where(Category.slug == slug))
    if found is None:
        raise Missing("category")
    return found


def ordered() -> list[Category]:
    """Those that are in use, each followed by the ones below it."""
    rows = db.session().scalars(
        select(Category).where(Category.archived_at.is_(None)).order_by(Category.position, Category.name)
    )
    known = list(rows)
    below: dict[UUID | None, list[Category]] = {}
    for one in known:
        below.setdefault(one.parent_id, []).append(one)
    tops = {one.id for one in below.get(None, [])}
    astray = [one for one in known if one.parent_id is not None and one.parent_id not in tops]
    return [each for top in [*below.get(None, []), *astray] for each in (top, *below.get(top.id, []))]


def take_in() -> int:
    """Rows for names that products have and no category is called; how many. Categories take turns."""
    known = set(db.session().scalars(select(Category.name)))
    used = db.session().scalars(select(Product.category).where(Product.category != "").distinct())
    new = sorted(set(used) - known)
    for name in new:
        add(name)
    return len(new)


def add(name: str, *, parent: Category | None = None) -> Category:
    """One more, at the end; NameTaken or TooDeep otherwise."""
    words = name.strip()[:LONGEST]
    if db.session().scalar(select(Category.id).where(func.lower(Category.name) == words.lower())):
        raise NameTaken(words)
    if parent is not None and parent.parent_id is not None:
        raise TooDeep
    last = db.session().scalar(select(func.max(Category.position))) or 0
    made = db.add(
        Category(
            name=words,
            slug=_free(slug_of(words)),
            position=last + 10,
            parent_id=parent.id if parent else None,
        )
    )
    db.flush()
    trail.write(made, "added")
    return made


def _free(slug: str) -> str:
    taken = set(db.session().scalars(select(Category.slug).where(Category.slug.startswith(slug))))
    return (
        slug
        if slug not in taken
        else next(f"{slug}-{n}" for n in range(2, 999) if f"{slug}-{n}" not in taken)
    )


def change(category: Category, *, name: str, position: int, parent: Category | None) -> list[UUID]:
    """Name, place and parent; the address stays. Gives the products whose category is called otherwise now,
    so that search can follow."""
    words = name.strip()[:LONGEST]
    if words.lower() != category.name.lower() and db.session().scalar(
        select(Category.id).where(func.lower(Category.name) == words.lower())
    ):
        raise NameTaken(words)
    if parent is not None and (
        parent.parent_id is not None or parent.id == category.id or _children(category)
    ):
        raise TooDeep
    was = category.name
    changed = {
        what: value
        for what, value in (
            ("name", words),
            ("position", position),
            ("parent_id", parent.id if parent else None),
        )
        if getattr(category, what) != value
    }
    for what, value in changed.items():
        setattr(category, what, value)
    if changed:
        detail: dict[str, Any] = {"was": was, **changed} if "name" in changed else {**changed}
        trail.write(category, "changed", **detail)
    moved: Sequence[UUID] = ()
    if "name" in changed:
        db.flush()
        moved = (
            db.session()
            .scalars(
                update(Product).where(Product.category == was).values(category=words).returning(Product.id)
            )
            .all()
        )
    if changed:
        touch_catalogue()
    return list(moved)


def put_away(category: Category, at: datetime | None) -> None:
    """Into the archive, or out of it; StillUsed while a product is in it or a category below it."""
    if at is not None and (used := uses(category)):
        raise StillUsed(used)
    if at is not None and _children(category):
        raise TooDeep
    category.archived_at = at
    trail.write(category, "archived" if at else "taken out of the archive")
    touch_catalogue()


def uses(category: Category) -> int:
    """How many products are in it."""
    chosen = select(func.count()).where(Product.category == category.name)
    return int(db.session().scalar(chosen) or 0)


def _children(category: Category) -> bool:
    chosen = select(Category.id).where(Category.parent_id == category.id, Category.archived_at.is_(None))
    return db.session().scalar(chosen.limit(1)) is not None
