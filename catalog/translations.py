"""What products, plans and categories are called in other languages. A row's own words are the shop's first
language; a visitor who reads another one sees its words where there are some, and the first language's where
there are none. What is sold keeps a copy of the words that its buyer read."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar, cast
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    ColumnElement,
    Index,
    Text,
    Uuid,
    any_,
    bindparam,
    delete,
    select,
)
from sqlalchemy.orm import Mapped, aliased, mapped_column

from catalog.categories import Category
from catalog.products import REMOVABLE, Plan, Product
from core import db, languages, trail
from core.errors import Refused
from core.languages import _
from core.statements import Statement
from core.tenancy import DistributorOwned, owned_by, same_key

LONGEST = {"name": 200, "summary": 300, "description": 10_000}


class Translation(DistributorOwned, db.Model):
    """The words of a product, a plan or a category (exactly one of the three) in one language; what is empty
    is read in the first language."""

    __tablename__ = "translations"
    __access__ = REMOVABLE
    __table_args__ = (
        owned_by("products", "product_id"),
        owned_by("plans", "plan_id"),
        owned_by("categories", "category_id"),
        CheckConstraint("num_nonnulls(product_id, plan_id, category_id) = 1", name="one"),
        Index(
            "uq_translations_words",
            "distributor_id",
            "product_id",
            "plan_id",
            "category_id",
            "language",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
        Index("ix_translations_plan", "distributor_id", "plan_id"),
    )

    product_id: Mapped[UUID | None]
    plan_id: Mapped[UUID | None]
    category_id: Mapped[UUID | None]
    language: Mapped[str]
    name: Mapped[str] = mapped_column(default="")
    summary: Mapped[str] = mapped_column(default="")
    description: Mapped[str] = mapped_column(default="")


class UnknownLanguage(Refused):
    """A language that no shop speaks."""

    def __init__(self) -> None:
        super().__init__(_("Choose one of the languages that are offered."))


class TooLong(Refused):
    """More than a page has room for."""

    def __init__(self, what: str, most: int) -> None:
        super().__init__(_("%(what)s: at most %(most)s letters.", what=what, most=most))


@dataclass(frozen=True, slots=True)
class Words:
    """What somebody wrote in one language; empty is not translated."""

    name: str = ""
    summary: str = ""
    description: str = ""


Translated = Product | Plan | Category


def keep(row: Translated, language: str, words: Words) -> bool:
    """The words of a row in a language from now on; whether that is news. All empty takes the language
    away."""
    if language not in languages.WRITTEN:
        raise UnknownLanguage
    fresh = {what: getattr(words, what).strip() for what in LONGEST}
    for what, most in LONGEST.items():
        if len(fresh[what]) > most:
            raise TooLong(_(what.capitalize()), most)
    known = _one(row, language)
    if known is None:
        if not any(fresh.values()):
            return False
        db.add(Translation(**{_column(row): row.id}, language=language, **fresh))
    elif all(getattr(known, what) == value for what, value in fresh.items()):
        return False
    elif any(fresh.values()):
        for what, value in fresh.items():
            setattr(known, what, value)
    else:
        db.session().delete(known)
    trail.write(row, f"words in {languages.WRITTEN[language]} changed", name=fresh["name"])
    db.flush()
    return True


def of(rows: Sequence[Translated]) -> dict[tuple[UUID, str], Words]:
    """(row, language) -> its words, of some rows."""
    if not rows:
        return {}
    found: dict[tuple[UUID, str], Words] = {}
    for column in {_column(row) for row in rows}:
        ids = [row.id for row in rows if _column(row) == column]
        attribute = getattr(Translation, column)
        for one in db.session().scalars(select(Translation).where(attribute.in_(ids))):
            found[getattr(one, column), one.language] = Words(one.name, one.summary, one.description)
    return found


def forget(rows: Sequence[Translated]) -> None:
    """With rows that are deleted."""
    for row in rows:
        attribute = getattr(Translation, _column(row))
        db.session().execute(delete(Translation).where(attribute == row.id))


def _one(row: Translated, language: str) -> Translation | None:
    attribute = getattr(Translation, _column(row))
    return db.session().scalar(
        select(Translation).where(attribute == row.id, Translation.language == language)
    )


def _column(row: Translated) -> str:
    return "product_id" if isinstance(row, Product) else "plan_id" if isinstance(row, Plan) else "category_id"


# --- What a visitor reads -----------------------------------------------------------------------------------


def spoken() -> str:
    """The language that is read now, or nothing where it is the first one."""
    language = languages.language()
    return language if language in languages.WRITTEN else ""


def _beside(
    own: type[Product] | type[Plan] | type[Category], words: type[Translation]
) -> ColumnElement[bool]:
    """Joins a row's words in the language asked for."""
    column = {Product: words.product_id, Plan: words.plan_id, Category: words.category_id}[own]
    return (
        (words.distributor_id == own.distributor_id)
        & (column == own.id)
        & (words.language == bindparam("language"))
    )


_PRODUCTS_WORDS, _PLANS_WORDS = aliased(Translation), aliased(Translation)
OF_PRODUCTS = Statement(
    select(Product.code, Translation.name, Translation.summary, Translation.description)
    .join(Translation, _beside(Product, Translation))
    .where(Product.code == any_(bindparam("codes", type_=ARRAY(Text()))))
)
OF_PLANS = Statement(
    select(Plan.id, _PRODUCTS_WORDS.name, _PLANS_WORDS.name)
    .join(Product, same_key(Product.id, Plan.product_id))
    .outerjoin(_PRODUCTS_WORDS, _beside(Product, _PRODUCTS_WORDS))
    .outerjoin(_PLANS_WORDS, _beside(Plan, _PLANS_WORDS))
    .where(Plan.id == any_(bindparam("plans", type_=ARRAY(Uuid()))))
)
OF_CATEGORIES = Statement(
    select(Category.name, Translation.name).join(Translation, _beside(Category, Translation))
)


def of_products(codes: Sequence[str]) -> dict[str, Words]:
    """Product code -> its words in the language that is read now; one statement, and none in the first
    language."""
    if not (language := spoken()) or not codes:
        return {}
    rows = OF_PRODUCTS.rows(language=language, codes=list(codes))
    return {code: Words(*words) for code, *words in rows}


def of_plans(plan_ids: Sequence[UUID]) -> dict[UUID, tuple[str, str]]:
    """Plan -> what its product and it are called in the language that is read now; empty where they are
    not."""
    if not (language := spoken()) or not plan_ids:
        return {}
    rows = OF_PLANS.rows(language=language, plans=list(plan_ids))
    return {plan_id: (product or "", plan or "") for plan_id, product, plan in rows}


def of_categories() -> dict[str, str]:
    """Category -> what it is called in the language that is read now."""
    if not (language := spoken()):
        return {}
    return {name: said for name, said in OF_CATEGORIES.rows(language=language) if said}


class Line(Protocol):
    """A line of a basket or an order: what it is, in words."""

    @property
    def plan_id(self) -> UUID:
        """The plan."""
        ...

    @property
    def product(self) -> str:
        """What its product is called."""
        ...

    @property
    def plan(self) -> str:
        """What the plan is called."""
        ...


AnyLine = TypeVar("AnyLine", bound=Line)


def in_words(lines: Sequence[AnyLine]) -> list[AnyLine]:
    """The lines in the language that their buyer reads; the copy that is sold is made of these."""
    words = of_plans([line.plan_id for line in lines])
    return [_said(line, *words[line.plan_id]) if line.plan_id in words else line for line in lines]


def _said(line: AnyLine, product: str, plan: str) -> AnyLine:
    changed: Any = replace(cast(Any, line), product=product or line.product, plan=plan or line.plan)
    return cast(AnyLine, changed)
