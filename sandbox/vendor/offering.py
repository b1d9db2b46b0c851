"""What the vendor offers, for those who ask (GET /v1/definition): a small line of products with add-ons,
steps and upgrades, in `offering.json`. A tester changes a price, withdraws a plan or adds a product, so that
there is a difference to be found."""

import json
import re
import threading
from copy import deepcopy
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from sandbox.vendor.store import Store

FILE = Path(__file__).with_name("offering.json")
PAGE = 3  # products on a page: few, so that a client turns pages
AMOUNT = re.compile(r"\d{1,7}(\.\d{1,2})?")


class BadOffering(ValueError):
    """What was posted is no change of what is offered; the message says what is wrong."""


@dataclass(frozen=True)
class Changes:
    """What differs from the beginning: plan -> price, plans that are gone, and whether there is one product
    more."""

    prices: dict[str, str] = field(default_factory=dict[str, str])
    withdrawn: tuple[str, ...] = ()
    added: bool = False


class Offering:
    """The list with its changes, which are kept in the store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._all: dict[str, Any] = json.loads(FILE.read_text())

    @property
    def changes(self) -> Changes:
        """Read each time: a reset forgets them."""
        kept = self._store.rows("SELECT content FROM offering")
        return read_changes(json.loads(kept[0]["content"])) if kept else Changes()

    def adopt(self, changes: Changes) -> None:
        """From now on the list says so."""
        with self._lock, self._store.writing() as db:
            db.execute(
                "INSERT INTO offering (id, content) VALUES (1, ?)"
                " ON CONFLICT (id) DO UPDATE SET content = excluded.content",
                [json.dumps(asdict(changes))],
            )

    def changed(self, do: str, plan: str = "", price: str = "") -> Changes:
        """The changes after one more."""
        now = self.changes
        match do:
            case "price":
                return read_changes(asdict(now) | {"prices": now.prices | {plan: price}})
            case "withdraw":
                return replace(now, withdrawn=(*now.withdrawn, plan))
            case "add":
                return replace(now, added=not now.added)
            case "as_before":
                return Changes()
            case _:
                raise BadOffering("There is no such button.")

    def products(self) -> list[dict[str, Any]]:
        """Every product as it is offered now."""
        changes = self.changes
        found: list[dict[str, Any]] = deepcopy(self._all["products"])
        if changes.added:
            found.append(deepcopy(self._all["news"]))
        for product in found:
            product["plans"] = [one for one in product["plans"] if one["code"] not in changes.withdrawn]
            for plan in product["plans"]:
                plan["price"] = changes.prices.get(plan["code"], plan["price"])
        return [product for product in found if product["plans"]]

    def plans(self) -> list[dict[str, Any]]:
        """Every plan with its product's name, for the page."""
        return [
            plan | {"product": product["name"]} for product in self.products() for plan in product["plans"]
        ]

    def page(self, after: str) -> dict[str, Any]:
        """A page of the list; types stand on the first, upgrades on the last."""
        products, begin = self.products(), int(after) if after.isascii() and after.isdigit() else 0
        last = begin + PAGE >= len(products)
        offered = {plan["code"] for product in products for plan in product["plans"]}
        return {
            "product_types": self._all["product_types"] if begin == 0 else [],
            "products": products[begin : begin + PAGE],
            "upgrades": [one for one in self._all["upgrades"] if {one["from"], one["to"]} <= offered]
            if last
            else [],
            "next": "" if last else str(begin + PAGE),
        }


def read_changes(posted: Any) -> Changes:
    """Changes from JSON; BadOffering says what is wrong with them."""
    if not isinstance(posted, dict):
        raise BadOffering("Post a JSON object.")
    given = cast("dict[str, Any]", posted)
    if unknown := sorted(set(given) - {"prices", "withdrawn", "added"}):
        raise BadOffering(f"Unknown: {', '.join(unknown)}. Known: added, prices, withdrawn.")
    prices: Any = given.get("prices", {})
    if not isinstance(prices, dict) or not all(
        AMOUNT.fullmatch(str(price)) for price in cast("dict[str, Any]", prices).values()
    ):
        raise BadOffering("“prices” has an amount such as 12.50 for each plan.")
    withdrawn: Any = given.get("withdrawn", ())
    if not isinstance(withdrawn, list | tuple):
        raise BadOffering("“withdrawn” is a list of plans.")
    return Changes(
        {str(plan): str(price) for plan, price in cast("dict[str, Any]", prices).items()},
        tuple(str(one) for one in cast("list[Any]", withdrawn)),
        bool(given.get("added", False)),
    )
