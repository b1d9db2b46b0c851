"""`demo.json` in the instance folder: who can sign in where, and the addresses of everything. For the
terminal, for scripts and for the page /demo; written again at each start, because addresses change."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import select

from billing import gateways
from core import db, tenancy
from core.parties import Reseller
from core.settings import settings
from partners.storefronts import Storefront
from sandbox import installations
from sandbox.worlds import Demo, Entry, fingerprint


def write(demo: Demo, file: Path) -> None:
    """What a script, the terminal and the page /demo need to know; rewritten at each start, because
    addresses change."""
    with tenancy.acting_as(demo.scope()), db.transaction():
        gateway = db.session().scalar(select(gateways.Gateway))
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
        "names": given.names_url,
        "gateway": gateway.code if gateway else "",
        "urls": _addresses(url, aliases),
    }
    if content != read(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        installations.write(file, content)


def _addresses(url: str, aliases: Mapping[str, str | None]) -> dict[str, str]:
    """Name -> address, for the terminal."""
    found = {"Try it": f"{url}/demo"}
    found |= {f"{name}'s portal": f"{url}/{alias}/" for name, alias in aliases.items()}
    if settings().stripe_sandbox_url:
        found["Stripe sandbox"] = f"{settings().stripe_sandbox_url}/_sandbox/"
    if settings().vendor_sandbox_url:
        found["Vendor simulator"] = f"{settings().vendor_sandbox_url}/_sandbox/"
    if settings().names_url:
        found["Name server"] = f"{settings().names_url}/"
    return found


def _people(demo: Demo, url: str, aliases: Mapping[str, str | None]) -> list[Entry]:
    """Everybody one can sign in as: distributor, resellers, then customers."""
    about, password = demo.world["distributor"], demo.world["password"]

    def person(entry: Entry, side: str, company: str, alias: str | None, under: str = "") -> Entry:
        shop = f"{url}/{alias}" if alias else url
        return {
            "name": entry["name"],
            "email": entry["email"],
            "password": password,
            "side": side,
            "company": company,
            "role": f"{side} · {company} · {', '.join(entry['roles']).replace('_', ' ')}",
            "under": under,
            "alias": alias or "",
            "where": f"{shop}/sign-in",
            "what": entry["what"],
            "start": entry.get("start", False),
        }

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


def read(file: Path) -> dict[str, Any]:
    """What is written down, or nothing."""
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
