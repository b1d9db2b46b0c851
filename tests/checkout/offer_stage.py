"""What tests about offers share: beside 0patch, Brightfield sells an add-on to it, packs of five, a bundle of
both, a welcome offer that is made once, and an audit that needs 0patch."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from catalog import listings, loading
from tests.world import World, open_portal


def plan(code: str, price: str, **more: object) -> dict[str, object]:
    """A yearly plan of a catalogue file."""
    return {"code": code, "name": "Yearly", "term": "P1Y", "price": price} | more


def product(code: str, name: str, *plans: dict[str, object], kind: str = "licence") -> dict[str, object]:
    """A product of a catalogue file."""
    return {
        "code": code, "type": kind, "name": name, "vendor": "0patch", "category": "Security",
        "summary": "More.", "plan": list(plans),
    }  # fmt: skip


CATALOGUE: Mapping[str, Any] = {
    "currency": "EUR",
    "product_type": [
        {"code": "licence", "name": "Licence keys", "connector": "signed_licence", "audience": "customer"},
        {"code": "cloud", "name": "Cloud service", "connector": "http_service", "audience": "customer"},
        {
            "code": "tailored",
            "name": "Tailored licences",
            "connector": "signed_licence",
            "audience": "customer",
            "cancellation_days": 7,
            "variables": {"family": "tailored"},
            "order_fields": [
                {"name": "region", "label": "Region", "kind": "choice", "choices": ["EU", "US"]},
                {
                    "name": "tag",
                    "label": "Tag",
                    "pattern": "[A-Z]{3}",
                    "hint": "Three capitals.",
                    "required": False,
                },
            ],
        },
    ],
    "product": [
        product("shield", "0patch Shield", plan("shield-y", "10.00", add_on_of=["patch"])),
        product(
            "exact", "0patch Exact", plan("exact-y", "1.00", add_on_of=["patch"], add_on_quantity="exactly")
        ),
        product("packs", "0patch Packs", plan("packs-y", "2.00", minimum=8, maximum=52, step=5)),
        product(
            "levels",
            "0patch",
            plan("pro-m", "2.50", name="PRO, monthly", term="P1M", minimum=20),
            plan("pro-y", "24.95", name="PRO"),
            plan("enterprise-y", "34.95", name="Enterprise"),
        ),
        product("devices", "0patch Devices", plan("devices-y", "1.00", minimum=15)),
        product(
            "suite",
            "0patch Suite",
            plan("suite-y", "29.99", parts=["patch-y", "shield-y"], wholesale="20.00"),
        ),
        product(
            "welcome", "0patch Welcome", plan("welcome-y", "5.00", once_per_customer=True, trial_days=14)
        ),
        product("audit", "0patch Audit", plan("audit-y", "99.00", needs=["patch"], cancellation_days=3)),
        product("sized", "0patch Sized", plan("sized-y", "3.00"), kind="tailored"),
        product(
            "mail-shield", "Mail Shield", plan("mail-shield-y", "4.00", add_on_of=["m365-bb"]), kind="cloud"
        ),
    ],
}  # fmt: skip


def open_offers(world: World) -> World:
    """All of it is on the shelves of Brightfield, whose shop is open, and of Harbour."""
    with world.acting():
        loading.load(CATALOGUE, {"Partners": Decimal("0.85")})
    if "brightfield" not in world.storefronts:
        open_portal(world)
    with world.acting():
        for name in ("brightfield", "harbour"):
            listings.stock(world.resellers[name], world.distributor_id)
    return world
