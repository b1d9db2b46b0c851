"""What search engines and link previews read of a page: one canonical address, a description, and what is
sold as structured data (schema.org, JSON-LD). A shop may be reached by its alias and by its own domain; all
of its pages name the same one. A price that visitors do not see is in none of it."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from catalog.listings import Offer, Offered
from core.languages import _
from storefront import links, pages
from storefront.fragments import Piece
from storefront.visitors import prices_shown, the_shop

LONGEST = 160  # signs of a description that are shown
SCHEMA = "https://schema.org"
TEMPLATE = "portal/fragments/head.html"

Data = dict[str, Any]


def canonical(path: str = "/") -> str:
    """The one address of a page of this shop, whichever host it was asked at. It is kept under the version of
    the shop, which a new domain changes."""
    shop = the_shop()
    base = pages.value("address", lambda: links.canonical(shop.storefront_id))
    return f"{base}{path}"


def head(
    title: str, path: str, *, description: str = "", indexed: bool = True, data: Sequence[Data] = ()
) -> Mapping[str, Any]:
    """What portal/fragments/head.html is drawn from."""
    shop = the_shop()
    return {
        "about": {
            "title": title,
            "description": shortened(description) or _("Products and prices of %(shop)s.", shop=shop.name)
            if prices_shown()
            else shortened(description) or _("Products of %(shop)s.", shop=shop.name),
            "canonical": canonical(path),
            "indexed": indexed,
            "image": canonical(f"/images/{shop.logo}.png") if shop.logo else None,
            "kind": "website" if path == "/" else "product" if path.startswith("/p/") else "article",
            "data": [as_json(each) for each in data] if indexed else [],
        }
    }


def piece(
    title: str, path: str, *, description: str = "", indexed: bool = True, data: Sequence[Data] = ()
) -> Piece:
    """The same, drawn."""
    values = head(title, path, description=description, indexed=indexed, data=data)
    return pages.drawn({"head": TEMPLATE}, values)["head"]


def shortened(text: str) -> str:
    """As much of a text as is shown, ending with a word."""
    flat = " ".join(text.split())
    if len(flat) <= LONGEST:
        return flat
    return flat[: LONGEST - 1].rsplit(" ", 1)[0].rstrip(",.;: ") + "…"


def as_json(data: Data) -> Markup:
    """Structured data inside a script element, which it can never end."""
    text = json.dumps({"@context": SCHEMA, **data}, ensure_ascii=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)  # noqa: S704 no sign is left that markup begins or ends with


# --- Structured data ----------------------------------------------------------------------------------------


def shop_data() -> list[Data]:
    """The shop itself, with its search."""
    shop = the_shop()
    return [
        {
            "@type": "WebSite",
            "name": shop.name,
            "url": canonical("/"),
            "publisher": {"@type": "Organization", "name": shop.legal_name},
            "potentialAction": {
                "@type": "SearchAction",
                "target": {"@type": "EntryPoint", "urlTemplate": canonical("/search?q={words}")},
                "query-input": "required name=words",
            },
        }
    ]


def trail_data(steps: Sequence[tuple[str, str]]) -> Data:
    """Where a page stands: (name, path) from the shop on."""
    return {
        "@type": "BreadcrumbList",
        "itemListElement": [
            {"@type": "ListItem", "position": place, "name": name, "item": canonical(path)}
            for place, (name, path) in enumerate(steps, 1)
        ],
    }


def product_data(code: str, product: Offered, offers: Sequence[Offer]) -> Data:
    """A product with what it costs, for those who may know."""
    url = canonical(f"/p/{quote(code)}")
    data: Data = {
        "@type": "Product",
        "name": product.name,
        "description": shortened(product.summary or product.description),
        "sku": code,
        "category": product.category,
        "brand": {"@type": "Brand", "name": product.vendor},
        "url": url,
    }
    if prices_shown():
        data["offers"] = [offer_data(url, offer) for offer in offers]
    return data


def offer_data(url: str, offer: Offer) -> Data:
    """A plan: the price of one unit for one billing period."""
    price = {"price": f"{offer.price.amount:f}", "priceCurrency": offer.price.currency}
    return {
        "@type": "Offer",
        "name": offer.plan,
        "url": url,
        "availability": f"{SCHEMA}/InStock",
        "seller": {"@type": "Organization", "name": the_shop().legal_name},
        **price,
        "priceSpecification": {
            "@type": "UnitPriceSpecification",
            **price,
            "unitText": f"{offer.unit} {offer.per}",
            "valueAddedTaxIncluded": False,
        },
    }
