"""What a shop tells search engines: where they may look (robots.txt) and what there is (an index of sitemaps,
each with some thousands of products, in the order of their ids, so that a page of it costs the same wherever
it begins). Both name the shop's one address. They change with the shop's versions, which are their tag."""

from collections.abc import Iterator, Sequence
from urllib.parse import quote
from uuid import UUID
from xml.sax.saxutils import escape

from flask import request
from werkzeug.wrappers import Response

from core import db, doors
from core.doors import door
from core.errors import Missing
from storefront import pages
from storefront.portal import facets, heads, portal
from storefront.visitors import the_shop

EACH = 10_000  # addresses of one sitemap; the protocol allows 50,000
PRIVATE = (
    "/basket",
    "/checkout",
    "/compare",
    "/search",
    "/suggest",
    "/sign-in",
    "/forgotten",
    "/orders",
    "/services",
    "/invoices",
    "/profile",
    "/choose",
    "/company",
    "/people",
    "/reseller/",
    "/distributor/",
)
NARROWING = ("vendor", "term", "price", "sort")
XMLNS = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'

BEGINNINGS = door("""
CREATE FUNCTION sitemap_parts_v1(p_each int) RETURNS TABLE (first uuid) AS $$
  SELECT n.product_id FROM (
    SELECT t.product_id, row_number() OVER (ORDER BY t.product_id) AS place FROM search_texts t
    WHERE t.distributor_id = current_setting('app.distributor_id')::uuid AND t.reseller_id = current_setting('app.reseller_id')::uuid
      AND t.listing_id IS NOT NULL
  ) n WHERE (n.place - 1) % p_each = 0 ORDER BY n.product_id
$$""")  # noqa: E501 SQL

CODES = door("""
CREATE FUNCTION sitemap_codes_v1(p_first uuid, p_most int) RETURNS TABLE (code text) AS $$
  SELECT p.code FROM search_texts t JOIN products p ON p.distributor_id = t.distributor_id AND p.id = t.product_id
  WHERE t.distributor_id = current_setting('app.distributor_id')::uuid AND t.reseller_id = current_setting('app.reseller_id')::uuid
    AND t.listing_id IS NOT NULL AND t.product_id >= p_first ORDER BY t.product_id LIMIT p_most
$$""")  # noqa: E501 SQL


@portal.get("/robots.txt")
def robots() -> Response:
    """What is for people only, and where the sitemap is. A crawler asks at the root of a host; the shops
    under it by their alias are meant, too."""
    base = the_shop().base
    places = [f"{each}{path}" for path in PRIVATE for each in (base, f"{base}/*")]
    lines = [
        "User-agent: *",
        *(f"Disallow: {place}" for place in (("/",) if the_shop().closed else places)),
        *(f"Disallow: /*?*{name}=" for name in NARROWING),
        "",
        f"Sitemap: {heads.canonical('/sitemap.xml')}",
        "",
    ]
    return kept("\n".join(lines).encode(), "text/plain")


@portal.get("/sitemap.xml")
def sitemap() -> Response:
    """The index of the shop's sitemaps."""
    if unchanged():
        return kept(b"", "application/xml")

    def read() -> list[UUID]:
        with db.reading():
            return [row.first for row in doors.call_here(BEGINNINGS, {"p_each": EACH})]

    parts = ["pages", *map(str, pages.value("sitemap", read))]
    places = "".join(
        f"<sitemap><loc>{escape(heads.canonical(f'/sitemaps/{part}.xml'))}</loc></sitemap>" for part in parts
    )
    return kept(xml(f"<sitemapindex {XMLNS}>{places}</sitemapindex>"), "application/xml")


@portal.get("/sitemaps/<part>.xml")
def sitemap_part(part: str) -> Response:
    """The shop's pages, or so many products from one on."""
    if unchanged():
        return kept(b"", "application/xml")
    if part == "pages":
        paths = ["/", *(f"/c/{slug}" for slug in sorted(facets.categories())), "/help", "/terms"]
        return kept(b"".join(urls(paths)), "application/xml")
    try:
        first = UUID(part)
    except ValueError:
        raise Missing("sitemap") from None
    with db.reading():
        found = doors.call_here(CODES, {"p_first": first, "p_most": EACH})
    return kept(urls([f"/p/{quote(row.code)}" for row in found]), "application/xml")


def urls(paths: Sequence[str]) -> Iterator[bytes]:
    """A sitemap, in pieces of a thousand addresses."""
    base = heads.canonical("")
    yield xml(f"<urlset {XMLNS}>")
    for begin in range(0, len(paths), 1000):
        some = paths[begin : begin + 1000]
        yield "".join(f"<url><loc>{escape(base + path)}</loc></url>" for path in some).encode()
    yield b"</urlset>"


def xml(text: str) -> bytes:
    """With the head that XML wants."""
    return f'<?xml version="1.0" encoding="UTF-8"?>{text}'.encode()


def tag() -> str:
    """Changes with the shop, its shelf and the catalogue."""
    shop = the_shop()
    return f"{shop.version.hex[-12:]}{shop.shelf_version.hex[-12:]}{shop.catalogue_version.hex[-12:]}"


def unchanged() -> bool:
    """Whether the asker has it already."""
    return tag() in request.if_none_match


def kept(body: bytes | Iterator[bytes], kind: str) -> Response:
    """An answer that may be kept for an hour, and is asked for again by its tag."""
    answer = pages.current_app.response_class(
        body,
        content_type=f"{kind}; charset=utf-8",
        headers={"Cache-Control": "public, max-age=3600", "Vary": "Host"},
    )
    answer.set_etag(tag())
    return answer.make_conditional(request)
