"""Draws the pictures of the demo world's catalogue at seeding time, so that none has to be shipped: a tile in
the colour of its vendor with what stands for the category, small enough to be drawn in no time."""

import colorsys
import hashlib
import io

from PIL import Image, ImageDraw, ImageFont
from sqlalchemy import select

from catalog import pictures
from catalog.products import Product
from core import db

SIZE = (480, 300)
MOST = 16


def hang() -> int:
    """A picture for the products of the demo world that have one to show; how many."""
    chosen = (
        select(Product)
        .where(Product.picture == "", Product.category.in_(("Device management", "Security", "Productivity")))
        .order_by(Product.code)
        .limit(MOST)
    )
    found = db.session().scalars(chosen).all()
    for product in found:
        alt = f"A tile that stands for {product.name}"
        pictures.add(product, draw(product.name, product.vendor), alt)
    return len(found)


def draw(name: str, vendor: str) -> bytes:
    """A PNG: a ground in the vendor's colour, rings that differ from product to product, its letters."""
    seed = hashlib.sha256(name.encode()).digest()
    hue = hashlib.sha256(vendor.encode()).digest()[0] / 255
    ground, ring = shade(hue, 0.36, 0.55), shade(hue, 0.5, 0.5)
    picture = Image.new("RGB", SIZE, ground)
    pen = ImageDraw.Draw(picture)
    for number in range(4):
        x, y, radius = (
            seed[number] * SIZE[0] // 255,
            seed[number + 4] * SIZE[1] // 255,
            40 + seed[number + 8] // 2,
        )
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), outline=ring, width=10)
    words = "".join(word[0] for word in name.split()[-2:]).upper()
    pen.text((SIZE[0] // 2, SIZE[1] // 2), words, font=ImageFont.load_default(130), fill="white", anchor="mm")
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG")
    return buffer.getvalue()


def shade(hue: float, light: float, strength: float) -> tuple[int, int, int]:
    """A colour that white letters can be read on."""
    red, green, blue = colorsys.hls_to_rgb(hue, light, strength)
    return int(red * 255), int(green * 255), int(blue * 255)
