"""Lists, numbers and search of a shelf of forty products, against the same asked of a list in Python."""

from collections import Counter
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from catalog import assortments, bulk_prices, listings, loading, pricing, retail, searches, shelves, spellings
from catalog.bulk_prices import Asked, How
from catalog.listings import Flag, Listing
from catalog.products import Plan, Product
from catalog.shelf_prices import Part
from catalog.shelves import Band, Wanted
from core import db
from core.errors import Missing
from core.money import Money
from tests.world import World, open_portal

VENDORS = ("Microsoft", "Hexnode", "Günther & Söhne")
CATEGORIES = ("Productivity", "Security", "Back-up")
KINDS = (("P1M", "P1M"), ("P1Y", "P1M"), ("P1Y", "P1Y"))


def many(count: int) -> dict[str, Any]:
    """A catalogue of so many products; every fifth has a second plan."""
    return {
        "currency": "EUR",
        "product_type": [
            {"code": "licence", "name": "Keys", "connector": "signed_licence", "audience": "customer"}
        ],
        "product": [
            {
                "code": f"x{n}",
                "type": "licence",
                "name": f"Exchange Guard {n:02}",
                "vendor": VENDORS[n % 3],
                "category": CATEGORIES[n % 2 + (n % 7 == 0)],
                "summary": "It watches.",
                "plan": [
                    {
                        "code": f"x{n}-{m}",
                        "sku": f"CFQ7TTC0{n:02}:000{m}",
                        "name": "Orchidee" if n == 11 else f"Plan {m}",
                        "term": KINDS[(n + m) % 3][0],
                        "billing": KINDS[(n + m) % 3][1],
                        "price": f"{(n * 37) % 90}.50",
                    }
                    for m in range(2 if n % 5 == 0 else 1)
                ],
            }
            for n in range(1, count + 1)
        ],
    }


@pytest.fixture
def shelf(world: World) -> World:
    """Brightfield's shop with forty products more."""
    with world.acting():
        loading.load(many(40), {"Partners": Decimal("0.85")})
    open_portal(world)
    return world


def rows(world: World) -> list[tuple[str, str, str, int, str]]:
    """(name, vendor, category, price, kinds) of every product, from the tables themselves."""
    with world.acting("brightfield"):
        found = db.session().execute(
            select(
                Product.name, Product.vendor, Product.category, Listing.price_minor, Plan.term,
                Plan.billing_period, Listing.lead,
            )
            .join(Plan, Plan.product_id == Product.id).join(Listing, Listing.plan_id == Plan.id)
            .where(Listing.published)
        ).all()  # fmt: skip
    kinds: dict[str, set[str]] = {}
    for row in found:
        kinds.setdefault(row[0], set()).add(f"{row[4].value}/{row[5].value}")
    return [(r[0], r[1], r[2], r[3], " ".join(sorted(kinds[r[0]]))) for r in found if r[6]]


def walked(world: World, wanted: Wanted, size: int = 7) -> list[str]:
    """Names of all pages, one after the other."""
    with world.acting("brightfield"):
        names, after = [], ""
        while True:
            page = shelves.page(wanted, after=after, size=size)
            names += [card.product for card in page.cards]
            if not (after := page.after):
                return names


@pytest.mark.behaviour("P53")
def test_pages_in_every_order_hold_what_is_wanted_and_nothing_twice(shelf: World) -> None:
    every = rows(shelf)
    orders = {
        "name": [r[0] for r in sorted(every, key=lambda r: r[0].lower())],
        "price": sorted(r[3] for r in every),
        "-price": sorted((r[3] for r in every), reverse=True),
    }
    prices = {r[0]: r[3] for r in every}
    assert walked(shelf, Wanted()) == orders["name"]
    in_front = ["Exchange Guard 39", "Exchange Guard 03"]
    with shelf.acting("brightfield"):
        ids = {row.name: row.id for row in db.session().scalars(select(Product))}
        assortments.feature(shelf.resellers["brightfield"], [ids[name] for name in in_front])
        assert [card.flag for card in shelves.page(Wanted()).cards[:3]] == [
            *(Flag.FEATURED, Flag.FEATURED),
            Flag.NONE,
        ]
        assortments.order_categories(shelf.resellers["brightfield"], ["Security"])
        assert next(iter(shelves.facets(Wanted()).categories)) == "Security"
    assert walked(shelf, Wanted()) == in_front + [name for name in orders["name"] if name not in in_front]
    assert walked(shelf, Wanted(sort="name")) == orders["name"]
    for sort in ("price", "-price"):
        names = walked(shelf, Wanted(sort=sort))
        assert [prices[name] for name in names] == orders[sort]
        assert len(set(names)) == len(every)
    assert sorted(walked(shelf, Wanted(sort="new"))) == sorted(orders["name"])
    narrow = Wanted("Security", ("Hexnode", "Microsoft"), ("P1Y/P1M",), (7, 8), "price")
    expected = {
        r[0]
        for r in every
        if r[2] == "Security"
        and r[1] in narrow.vendors
        and "P1Y/P1M" in r[4].split()
        and 1000 <= r[3] < 10000
    }
    assert set(walked(shelf, narrow, 2)) == expected
    assert expected
    with shelf.acting("brightfield"):
        for sort, after in (
            *(("price", "01890000.x"), ("new", "01890000.x"), ("name", "nonsense")),
            *(("front", "01890000.x"), ("front", "nonsense")),
        ):
            with pytest.raises(Missing):
                shelves.page(Wanted(sort=sort), after=after)


def test_the_numbers_of_a_facet_are_those_one_would_get_by_choosing_it(shelf: World) -> None:
    every, wanted = rows(shelf), Wanted("Productivity", ("Microsoft",))
    with shelf.acting("brightfield"):
        found = shelves.facets(wanted)
        searched = searches.facets(Wanted(vendors=("Hexnode",)), ["exchange"])
    assert found.vendors == Counter(r[1] for r in every if r[2] == "Productivity")
    assert found.categories == Counter(r[2] for r in every if r[1] == "Microsoft")
    both = [r for r in every if r[1] == "Microsoft" and r[2] == "Productivity"]
    assert found.kinds == Counter(kind for r in both for kind in r[4].split())
    assert sum(found.bands.values()) == found.all == len(both)
    assert searched.all == sum(r[1] == "Hexnode" and "Exchange" in r[0] for r in every)


def test_counts_follow_every_change_and_are_what_a_count_would_give(shelf: World) -> None:
    def alike() -> None:
        with shelf.acting("brightfield"):
            counted = shelves.facets(Wanted())
        every = rows(shelf)
        assert counted.categories == Counter(r[2] for r in every)
        assert counted.vendors == Counter(r[1] for r in every)
        assert counted.all == len(every)
        assert counted.bands == Counter(band_of(r[3]) for r in every)

    alike()
    with shelf.acting("brightfield"):
        first = db.session().scalars(select(Listing).where(Listing.sort_key == "exchange guard 01")).one()
        listings.reprice(first, Money(1_234_56, "EUR"))
        bulk_prices.change(
            shelf.resellers["brightfield"], Asked(Part("category", "Back-up"), How.TODAY, 8000), by="Ada"
        )
    alike()
    with shelf.acting("brightfield"):
        second = db.session().scalars(select(Listing).where(Listing.sort_key == "exchange guard 02")).one()
        retail.publish(second.id, published=False)
    alike()
    with shelf.acting():
        product = db.session().scalars(select(Product).where(Product.code == "x3")).one()
        product.category, product.vendor = "Gardening", "Acorn"
        pricing.changed(product)
    alike()
    with shelf.acting("brightfield"):
        assert shelves.facets(Wanted()).categories["Gardening"] == 1
        listings.changed(shelf.resellers["brightfield"])
    alike()


def band_of(minor: int) -> int:
    """The number of the span that holds a price."""
    return next(n for n in range(40) if Band(n).least <= minor < Band(n + 1).least) if minor else 0


def test_spans_of_prices_are_round_numbers_in_every_currency() -> None:
    assert Band(0).words("EUR") == "Free"
    assert Band(7).words("EUR") == "€10.00 to €50.00"
    assert Band(6).words("JPY") == "¥500 to ¥1,000"
    assert [Band(n).least for n in range(1, 6)] == [1, 5, 10, 50, 100]


MEANT = {
    "micorsoft": "Microsoft 365 Business Basic",
    "exchnage guard 07": "Exchange Guard 07",
    "CFQ7TTC011:0000": "Exchange Guard 11",
    "orchidee": "Exchange Guard 11",
    "guenther 08": "Exchange Guard 08",
    "GÜNTHER 08": "Exchange Guard 08",
    "gunther söhne 08": "Exchange Guard 08",
    "exch guar 09": "Exchange Guard 09",
    "x12-0": "Exchange Guard 12",
    "busines basic": "Microsoft 365 Business Basic",
}


def test_search_finds_what_was_meant_says_so_and_can_be_narrowed_and_paged(shelf: World) -> None:
    with shelf.acting("brightfield"):
        for typed, meant in MEANT.items():
            assert meant in [card.product for card in searches.search(typed).page.cards[:3]], typed
        corrected = searches.search("micorsoft")
        assert (corrected.meant, corrected.any_word) == ("microsoft", False)
        some = searches.search("exchange zzzqqq")
        assert some.any_word
        mended = searches.search("exchnage", size=9)
        following = searches.search("exchnage", after=mended.page.after, size=9)
        assert (following.meant, len(following.page.cards)) == ("exchange", 9)
        assert not {c.code for c in mended.page.cards} & {c.code for c in following.page.cards}
        assert not searches.search("zzzqqq").page.cards
        names, after = [], ""
        while True:
            page = searches.search("guard", after=after, size=9).page
            names += [card.product for card in page.cards]
            if not (after := page.after):
                break
        assert sorted(names) == [f"Exchange Guard {n:02}" for n in range(1, 41)]
        narrow = searches.search("guard", Wanted("Security", ("Hexnode",), sort="-price")).page.cards
        assert narrow
        assert {(card.category, card.vendor) for card in narrow} == {("Security", "Hexnode")}
        prices = [card.price.minor for card in narrow]
        assert prices == sorted(prices, reverse=True)
        for typed in ("½ ² ﬁ ℃", "a:* & !b", "'; drop table x", "~", "١٢", "ẞ ß", "x" * 500, "日本語"):
            searches.search(typed)
        assert searches.search("exchange guard 05").page.cards[0].product == "Exchange Guard 05"


def test_a_word_finds_what_begins_with_it_and_a_short_number_is_itself(shelf: World) -> None:
    with shelf.acting("brightfield"):

        def named(typed: str) -> set[str]:
            found = searches.search(typed, size=100)
            assert not found.meant
            assert len(found.page.cards) == searches.facets(Wanted(sort=shelves.BEST), found.words).all
            return {card.product for card in found.page.cards}

        every = {f"Exchange Guard {n:02}" for n in range(1, 41)}
        assert named("exch gua") == every
        assert named("guard 1") == {f"Exchange Guard {n:02}" for n in range(5, 41, 5)}, "they have a Plan 1"
        assert named("guard 2") == {f"Exchange Guard {n:02}" for n in range(20, 30)}, "nothing is called 2"
        assert named("watch") == every, "as their summaries say"
    with shelf.acting():
        product = db.session().scalars(select(Product).where(Product.code == "x3")).one()
        product.name = "Watchtower"
        pricing.changed(product)
    with shelf.acting("brightfield"):
        assert named("watch") == {"Watchtower"}, "names come before what is said about others"
        assert named("watches") == (every - {"Exchange Guard 03"}) | {"Watchtower"}
        hidden = db.session().scalars(select(Listing).where(Listing.product_id == product.id)).all()
        for listing in hidden:
            retail.publish(listing.id, published=False)
        assert named("watch") == every - {"Exchange Guard 03"}


def test_nobody_finds_or_is_told_words_of_another_shelf(shelf: World) -> None:
    open_portal(shelf, "harbour")
    with shelf.acting("harbour"):
        for listing in db.session().scalars(select(Listing).where(Listing.sort_key.startswith("exchange"))):
            listing.published = False
        listings.changed(shelf.resellers["harbour"])
        assert not searches.search("exchange").page.cards
        assert searches.search("exchnage").meant == ""
        assert spellings.meant(["exchnage"]) == ["exchnage"], "the door itself knows its own shelf only"
        assert "Hexnode" not in shelves.facets(Wanted()).vendors
    with shelf.acting("brightfield"):
        assert searches.search("exchnage").meant == "exchange"


@pytest.mark.parametrize(
    ("typed", "near", "meant"),
    [
        ("micorsoft", ["microsoft"], "microsoft"),
        ("exchnage", ["exchange"], "exchange"),
        ("micorso", ["microsoft"], "microsoft"),
        ("tema", ["teams"], "tema"),
        ("taems", ["items", "teams"], "teams"),
        ("abc", ["xyz"], "abc"),
        ("guard", [], "guard"),
    ],
)
def test_the_nearest_word_has_the_fewest_slips(typed: str, near: list[str], meant: str) -> None:
    assert spellings.nearest(typed, near) == meant
