"""Draws the logo of a reseller of the demo world, so that no picture has to be shipped: waves in a round
mark, and the name beside it."""

import io
import math

from PIL import Image, ImageDraw, ImageFont

FINE = 4  # drawn this much larger, then scaled down: that smooths every edge
HEIGHT = 96


def draw(words: str, colour: str) -> bytes:
    """A PNG with a transparent ground, 96 pixels high."""
    font = ImageFont.load_default(54 * FINE)
    start, end = HEIGHT + 22, 8
    width = start + math.ceil(font.getlength(words) / FINE) + end
    picture = Image.new("RGBA", (width * FINE, HEIGHT * FINE), (0, 0, 0, 0))
    pen = ImageDraw.Draw(picture)
    pen.ellipse((0, 0, HEIGHT * FINE - 1, HEIGHT * FINE - 1), fill=colour)
    for row, depth in enumerate((42, 58, 74)):
        _wave(pen, row, depth)
    pen.text((start * FINE, HEIGHT * FINE // 2), words, font=font, fill=colour, anchor="lm")
    picture.thumbnail((width, HEIGHT), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG")
    return buffer.getvalue()


def _wave(pen: ImageDraw.ImageDraw, row: int, depth: int) -> None:
    """A white line across the mark, each a little shorter than the one above."""
    inset = 20 + 6 * row
    points = [
        (x * FINE, (depth + 4 * math.sin((x + 9 * row) / 7)) * FINE) for x in range(inset, HEIGHT - inset + 1)
    ]
    pen.line(points, fill="white", width=5 * FINE, joint="curve")
