"""The demo world: a distributor, three resellers and their customers, with people one can sign in as and
orders in every state. It is seeded through the functions that pages and workers use, from the two files in
sandbox/data, and written down in the instance folder as `demo.json`. Each step looks whether it was done,
so that a seeding that was interrupted goes on where it stopped; a finished one is recognised at once."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import select

from billing import credit, payments
from catalog import listings, loading, products
from catalog.listings import Listing
from checkout.baskets import Buyer
from core import db, parties, passwords, tenancy
from core.errors import Missing
from core.parties import Membership, OrderedBy, Reseller
from core.settings import settings
from core.tenancy import Scope, Side
from partners import storefronts
from partners.storefronts import Image, Storefront
from provisioning.connectors.signed_licence import new_signing_key
from provisioning.deliveries import ConnectorSettings
from sandbox import installations, logos, orders
from sandbox.orders import Wish
from whitelabel_themes import images
from whitelabel_themes.loader import themes

DATA = Path(__file__).parent / "data"
HOSTS = ["127.0.0.1", "localhost"]
VENDOR_KEY = "sandbox-key"  # the simulator's own default
STRIPE_NAME = "northwind"  # the Stripe sandbox opens acct_<name> to sk_test_<name>

Entry = Mapping[str, Any]


@dataclass(frozen=True)
class Demo:
    """The world as its file tells it, and whose it is in the database."""

    world: Entry
    distributor_id: UUID

    def scope(self) -> Scope:
        """The distributor's."""
        return Scope(Side.DISTRIBUTOR, self.distributor_id)


def seed(say: Callable[[str], None] = lambda _words: None) -> Path:
    """Brings the demo world about, or recognises that it is there; the file that says who can sign in."""
    file = settings().instance / "demo.json"
    world = loading.read(DATA / "world.toml")
    about = world["distributor"]
    distributor_id, is_new = parties.found_distributor(**about, sandbox=True)
    demo = Demo(world, distributor_id)
    known = _read(file)
    if (
        not is_new
        and known.get("seeded_from") == fingerprint()
        and known.get("distributor_id") == str(distributor_id)
    ):
        _connect(demo)
        _write_down(demo, file)
        return file
    say("Companies, people and catalogue")
    with tenancy.acting_as(demo.scope()), db.transaction():
        _found(demo)
    _connect(demo)
    say("Reseller plans")
    orders.fulfil(_plan_wishes(demo))
    with tenancy.acting_as(demo.scope()), db.transaction():
        _brand(demo)
    say("Orders, payments and deliveries")
    orders.fulfil(_customer_wishes(demo))
    _write_down(demo, file)
    return file


def fingerprint() -> str:
    """Changes when the files of the demo world change."""
    content = b"".join((DATA / name).read_bytes() for name in ("catalogue.toml", "world.toml"))
    return hashlib.sha256(content).hexdigest()


# --- Who exists and what is sold ----------------------------------------------------------------------------


def _found(demo: Demo) -> None:
    """Catalogue, house shop, resellers, customers and people, in one transaction: all of it is there, or
    nothing."""
    shares = {name: Decimal(share) for name, share in demo.world["price_lists"].items()}
    loading.load(loading.read(DATA / "catalogue.toml"), shares)
    if db.session().scalar(select(Reseller.id).where(Reseller.house)) is not None:
        return
    about, hashed = demo.world["distributor"], passwords.hashed(demo.world["password"])
    first = loading.price_list(next(iter(shares)), about["currency"])
    house = parties.add_reseller(name=about["name"], email=about["email"], price_list_id=first.id, house=True)
    storefronts.open_house(house, name=about["name"], hosts=HOSTS, currency=about["currency"])
    listings.stock(house.id, demo.distributor_id)
    db.add(ConnectorSettings(connector="signed_licence", settings={"signing_key": new_signing_key()}))
    for person in demo.world["staff"]:
        _add_person(person, hashed, Side.DISTRIBUTOR)
    for entry in demo.world["reseller"]:
        _add_reseller(entry, hashed, about["currency"])


def _add_reseller(entry: Entry, hashed: str, currency: str) -> None:
    reseller = parties.add_reseller(
        name=entry["name"],
        email=entry["email"],
        country=entry["country"],
        price_list_id=loading.price_list(entry["price_list"], currency).id,
        enable_reselling=entry.get("enable_reselling", True),
    )
    for person in entry["staff"]:
        _add_person(person, hashed, Side.RESELLER, reseller.id)
    if "credit" in entry:
        limit = loading.amount(entry["credit"], currency, entry["name"])
        db.add(
            credit.Balance(
                reseller_id=reseller.id,
                kind=credit.BalanceKind.CREDIT,
                currency=currency,
                ceiling=limit.minor,
            )
        )
    for customer in entry.get("customer", []):
        added = parties.add_customer(
            reseller.id, name=customer["name"], email=customer["email"], country=customer["country"]
        )
        added.ordered_by = OrderedBy(customer.get("ordered_by", "customer"))
        for person in customer["staff"]:
            _add_person(person, hashed, Side.CUSTOMER, reseller.id, added.id)


def _add_person(
    person: Entry, hashed: str, side: Side, reseller_id: UUID | None = None, customer_id: UUID | None = None
) -> None:
    email, name = person["email"], person["name"]
    person_id = parties.add_person(email=email, name=name, password_hash=hashed)
    parties.add_member(
        person_id,
        side=side,
        email=email,
        name=name,
        roles=person["roles"],
        reseller_id=reseller_id,
        customer_id=customer_id,
    )


# --- The simulators: their addresses may change from one start to the next ----------------------------------


def _connect(demo: Demo) -> None:
    """Vendor and payment gateway answer where this installation's simulators listen today."""
    with tenancy.acting_as(demo.scope()), db.transaction():
        _connect_vendor()
        _connect_gateway()


def _connect_vendor() -> None:
    """The vendor's address, where there is a vendor."""
    url = settings().vendor_sandbox_url
    if not url:
        return
    values = {"base_url": url, "api_key": VENDOR_KEY, "network": "loopback"}
    row = db.session().scalar(select(ConnectorSettings).where(ConnectorSettings.connector == "http_service"))
    if row is None:
        db.add(ConnectorSettings(connector="http_service", settings=values))
    elif row.settings.get("base_url") != url:
        row.settings = values


def _connect_gateway() -> None:
    """The Stripe sandbox's account, where there is one; it rings /webhooks/stripe/<account> and signs with
    a secret made of the name."""
    url = settings().stripe_sandbox_url
    if not url:
        return
    gateway = db.session().scalar(select(payments.Gateway))
    if gateway is None:
        account = f"acct_{STRIPE_NAME}"
        db.add(
            payments.Gateway(
                code=account,
                account_id=account,
                secret_key=f"sk_test_{STRIPE_NAME}",
                webhook_secret=f"whsec_test_{STRIPE_NAME}",
                api_base=url,
            )
        )
    elif gateway.api_base != url:
        gateway.api_base = url


# --- Portals ------------------------------------------------------------------------------------------------


def _plan_wishes(demo: Demo) -> list[Wish]:
    """Resellers with a portal bought the plan that opens it."""
    with tenancy.acting_as(demo.scope()), db.transaction():
        found = _buyers()
        house = _house()
        lists = {row.id: row.price_list_id for row in db.session().scalars(select(Reseller))}
    wishes: list[Wish] = []
    for entry in demo.world["reseller"]:
        if "portal" not in entry:
            continue
        buyer = found[entry["staff"][0]["email"]]
        scope = Scope(
            Side.RESELLER,
            demo.distributor_id,
            buyer.reseller_id,
            price_list_id=lists[buyer.reseller_id],
            person_id=buyer.person_id,
        )
        portal = entry["portal"]
        wishes.append(
            Wish(
                f"demo:{portal['alias']}",
                buyer,
                scope,
                house.id,
                portal["plan"],
                card=orders.GOOD_CARD if settings().stripe_sandbox_url else "",
                fields={"alias": portal["alias"]},
            )
        )
    return wishes


def _brand(demo: Demo) -> None:
    """Theme, logo and prices of each open portal that nobody has styled yet."""
    for entry in demo.world["reseller"]:
        if "portal" not in entry:
            continue
        portal = entry["portal"]
        shop = db.session().scalars(select(Storefront).where(Storefront.alias == portal["alias"])).one()
        if shop.settings:
            continue
        shop.theme = portal["theme"]
        shop.settings = {**themes()[portal["theme"]].validate(portal["settings"])}
        shop.logo = _keep_logo(shop, **portal["logo"])
        _price(shop, portal["prices"])
        storefronts.touch_looks(shop)


def _keep_logo(shop: Storefront, words: str, colour: str) -> str:
    """Takes the drawn logo the way of every upload; its name."""
    content = images.reencode(logos.draw(words, colour), max_px=600, max_bytes=200_000)
    name = hashlib.sha256(content).hexdigest()[:32]
    db.add(Image(reseller_id=shop.reseller_id, name=name, content=content))
    return name


def _price(shop: Storefront, prices: Mapping[str, str]) -> None:
    """The reseller's own retail prices."""
    for code, price in prices.items():
        plan = products.plan(code)
        of_plan = select(Listing).where(Listing.reseller_id == shop.reseller_id, Listing.plan_id == plan.id)
        listings.reprice(db.session().scalars(of_plan).one(), loading.amount(price, shop.currency, code))


# --- Orders -------------------------------------------------------------------------------------------------


def _customer_wishes(demo: Demo) -> list[Wish]:
    """What customers ordered in their reseller's portal: nothing without a Stripe sandbox, because customers pay by card, and only licence
    keys without a vendor simulator."""
    if not settings().stripe_sandbox_url:
        return []
    with tenancy.acting_as(demo.scope()), db.transaction():
        found = _buyers()
        shops = {shop.reseller_id: shop.id for shop in db.session().scalars(select(Storefront))}
        sellable = _sellable()
    wishes: list[Wish] = []
    for customer in (c for reseller in demo.world["reseller"] for c in reseller.get("customer", [])):
        about = {key: customer[key] for key in ("name", "email", "country")}
        for number, order in enumerate(customer.get("order", []), start=1):
            if order["plan"] not in sellable:
                continue
            buyer = found[order["by"]]
            scope = Scope(
                Side.CUSTOMER,
                demo.distributor_id,
                buyer.reseller_id,
                buyer.customer_id,
                person_id=buyer.person_id,
            )
            wishes.append(
                Wish(
                    f"demo:{customer['email']}:{number}",
                    buyer,
                    scope,
                    shops[buyer.reseller_id],
                    order["plan"],
                    order["quantity"],
                    order.get("card", orders.GOOD_CARD),
                    order.get("fate", ""),
                    customer=about,
                )
            )
    return wishes


def _sellable() -> set[str]:
    """Codes of the plans whose connector can deliver in this installation."""
    ready = set(db.session().scalars(select(ConnectorSettings.connector)))
    chosen = (
        select(products.Plan.code)
        .join(products.Product, products.Product.id == products.Plan.product_id)
        .join(products.ProductType, products.ProductType.id == products.Product.product_type_id)
        .where(products.ProductType.connector.in_(ready))
    )
    return set(db.session().scalars(chosen))


def _buyers() -> dict[str, Buyer]:
    """E-mail -> the first standing of a person, as a buyer."""
    house = _house()
    rows = db.session().scalars(
        select(Membership).order_by(Membership.created_at.desc(), Membership.id.desc())
    )
    return {
        row.email: Buyer(
            row.id, row.person_id, row.reseller_id or house.reseller_id, row.customer_id, row.name, row.email
        )
        for row in rows
    }


def _house() -> Storefront:
    """The distributor's own shop."""
    found = db.session().scalar(
        select(Storefront).join(Reseller, Reseller.id == Storefront.reseller_id).where(Reseller.house)
    )
    if found is None:
        raise Missing("shop")
    return found


# --- demo.json ----------------------------------------------------------------------------------------------


def _write_down(demo: Demo, file: Path) -> None:
    """What a script, the terminal and the page /demo need to know; rewritten at each start, because
    addresses change."""
    with tenancy.acting_as(demo.scope()), db.transaction():
        gateway = db.session().scalar(select(payments.Gateway))
        portals = {
            shop.reseller_id: shop
            for shop in db.session().scalars(select(Storefront).where(Storefront.alias.is_not(None)))
        }
        names = {row.name: row.id for row in db.session().scalars(select(Reseller))}
    url, given = settings().public_url, settings()
    aliases = {
        reseller["name"]: portals[names[reseller["name"]]].alias
        for reseller in demo.world["reseller"]
        if names[reseller["name"]] in portals
    }
    content = {
        "url": url,
        "distributor_id": str(demo.distributor_id),
        "seeded_from": fingerprint(),
        "password": demo.world["password"],
        "people": _people(demo, url, aliases),
        "portals": [
            {"name": name, "alias": alias, "url": f"{url}/{alias}/"} for name, alias in aliases.items()
        ],
        "inbox": given.inbox_url,
        "stripe": given.stripe_sandbox_url,
        "vendor": given.vendor_sandbox_url,
        "gateway": gateway.code if gateway else "",
        "urls": _addresses(url, aliases),
    }
    if content != _read(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        installations.write(file, content)


def _addresses(url: str, aliases: Mapping[str, str | None]) -> dict[str, str]:
    """Name -> address, for the terminal."""
    found = {"Try it": f"{url}/demo"} | {
        f"{name}'s portal": f"{url}/{alias}/" for name, alias in aliases.items()
    }
    if settings().stripe_sandbox_url:
        found["Stripe sandbox"] = f"{settings().stripe_sandbox_url}/_sandbox/"
    if settings().vendor_sandbox_url:
        found["Vendor simulator"] = f"{settings().vendor_sandbox_url}/_sandbox/"
    return found


def _people(demo: Demo, url: str, aliases: Mapping[str, str | None]) -> list[Entry]:
    """Everybody one can sign in as: distributor, resellers, then customers."""
    about, password = demo.world["distributor"], demo.world["password"]

    def person(entry: Entry, side: str, company: str, alias: str | None, under: str = "") -> Entry:
        shop = f"{url}/{alias}" if alias else url
        return {
            "name": entry["name"], "email": entry["email"], "password": password, "side": side, "company": company,
            "role": f"{side} · {company} · {', '.join(entry['roles']).replace('_', ' ')}", "under": under,
            "alias": alias or "", "where": f"{shop}/sign-in", "what": entry["what"],
            "start": entry.get("start", False),
        }  # fmt: skip

    found = [person(entry, "distributor", about["name"], None) for entry in demo.world["staff"]]
    for reseller in demo.world["reseller"]:
        found += [person(entry, "reseller", reseller["name"], None) for entry in reseller["staff"]]
    for reseller in demo.world["reseller"]:
        alias = aliases.get(reseller["name"])
        for customer in reseller.get("customer", []):
            found += [
                person(entry, "customer", customer["name"], alias, reseller["name"])
                for entry in customer["staff"]
            ]
    return found


def _read(file: Path) -> dict[str, Any]:
    """What is written down, or nothing."""
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
