"""Absolute addresses for mails and whatever else leaves the shop without a request: from the database's
hosts and aliases and the installation's PUBLIC_URL, never from a Host header (QS7). Works in a transaction
of the distributor."""

from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import Uuid, bindparam, select

from core import db, doors
from core.doors import door
from core.errors import Missing
from core.parties import Reseller
from core.settings import settings
from core.statements import Statement
from core.tenancy import same_key
from partners.storefronts import Host, Storefront, StorefrontState

# Drawn up once, because every mail asks.
_HOUSE = (
    select(Storefront).join(Reseller, same_key(Reseller.id, Storefront.reseller_id)).where(Reseller.house)
)
_SHOP = select(Storefront).where(
    Storefront.reseller_id == bindparam("reseller"),
    Storefront.state.in_((StorefrontState.OPEN, StorefrontState.CLOSED)),
)
_HOSTS = Statement(
    select(Host.host).where(Host.storefront_id == bindparam("shop", type_=Uuid())).order_by(Host.id)
)


def house() -> Storefront:
    """The distributor's own shop."""
    found = db.session().scalar(_HOUSE)
    if found is None:
        raise Missing("shop")
    return found


def open_shop_of(reseller_id: object) -> Storefront:
    """Where a reseller's customers are at home: its portal (a closed one still shows them what they have),
    else the distributor's shop."""
    return db.session().scalar(_SHOP, {"reseller": reseller_id}) or house()


def address(shop: Storefront) -> str:
    """A shop's address without a slash at its end: its own verified host, else its alias on the
    distributor's host."""
    if own := _hosts(shop):
        return _at(own)
    return f"{_at(_hosts(house()))}/{shop.alias}" if shop.alias else _at(_hosts(house()))


# What a public page may say of addresses, where nobody may read them.
HOSTS = door("""
CREATE FUNCTION shop_hosts_v1(p_storefront uuid) RETURNS TABLE (alias text, own text[], house text[]) AS $$
  SELECT f.alias, ARRAY(SELECT h.host FROM hosts h WHERE h.distributor_id = f.distributor_id AND h.storefront_id = f.id ORDER BY h.id),
    ARRAY(SELECT h.host FROM hosts h JOIN storefronts n ON n.distributor_id = h.distributor_id AND n.id = h.storefront_id
      JOIN resellers r ON r.distributor_id = n.distributor_id AND r.id = n.reseller_id AND r.house
      WHERE h.distributor_id = f.distributor_id ORDER BY h.id)
  FROM storefronts f WHERE f.id = p_storefront
$$""")  # noqa: E501 SQL


def canonical(storefront_id: UUID) -> str:
    """As `address`, for a request of anybody; outside of any transaction."""
    found = doors.call(HOSTS, {"p_storefront": storefront_id})
    if found is None:
        raise Missing("shop")
    if found.own or not found.alias:
        return _at(found.own or found.house)
    return f"{_at(found.house)}/{found.alias}"


def _hosts(shop: Storefront) -> list[str]:
    """A shop's verified hosts, the oldest first."""
    return [row[0] for row in _HOSTS.rows(shop=shop.id)]


def _at(hosts: list[str]) -> str:
    """PUBLIC_URL where it names one of the hosts; else the first host, reached the way PUBLIC_URL is."""
    public = urlsplit(settings().public_url)
    if not hosts or public.hostname in hosts:
        return settings().public_url.rstrip("/")
    port = f":{public.port}" if public.port else ""
    return f"{public.scheme}://{hosts[0]}{port}"


def at_host(host: str) -> str:
    """A host's address, reached the way PUBLIC_URL is; PUBLIC_URL itself for none."""
    return _at([host] if host else [])
