"""Uploaded pictures: only pixels come through."""

import io
import struct
import zlib

import pytest
from PIL import Image, PngImagePlugin

from whitelabel_themes.images import BadImage, reencode


def picture(format: str = "PNG", size: tuple[int, int] = (300, 100), **more: object) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, "#3b5bdb").save(buffer, format=format, **more)
    return buffer.getvalue()


def clean(data: bytes, max_px: int = 512, max_bytes: int = 200_000) -> Image.Image:
    return Image.open(io.BytesIO(reencode(data, max_px=max_px, max_bytes=max_bytes)))


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def bomb(width: int, height: int) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_picture_becomes_a_png_within_its_bounds(format):
    drawn = clean(picture(format), max_px=90)
    assert (drawn.format, drawn.size) == ("PNG", (90, 30))


def test_nothing_but_pixels_survives():
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", "<script>alert(1)</script>")
    data = picture(pnginfo=notes) + b"<script>alert(2)</script>"
    assert b"script" in data
    drawn = reencode(data, max_px=512, max_bytes=200_000)
    assert b"script" not in drawn
    assert Image.open(io.BytesIO(drawn)).info == {}


def test_a_photograph_is_turned_upright_and_loses_its_place():
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "14 Harbour Row, Cork"
    data = picture("JPEG", exif=exif)
    drawn = clean(data)
    assert drawn.size == (100, 300)
    assert not drawn.getexif()


def test_transparency_is_kept():
    buffer = io.BytesIO()
    Image.new("RGBA", (10, 10), (0, 0, 0, 0)).save(buffer, format="PNG")
    assert clean(buffer.getvalue()).getpixel((5, 5)) == (0, 0, 0, 0)


def test_a_heavy_picture_is_drawn_smaller_until_it_fits():
    noise = Image.effect_noise((400, 400), 120).convert("RGB")
    buffer = io.BytesIO()
    noise.save(buffer, format="PNG")
    assert len(reencode(buffer.getvalue(), max_px=400, max_bytes=60_000)) <= 60_000


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "not SVG"),
        (b"<!doctype html><script>alert(1)</script>", "not SVG"),
        (b"%PDF-1.7", "not SVG"),
        (b"GIF89a<script>alert(1)</script>", "damaged|not SVG"),
        (picture()[:60], "damaged"),
        (bomb(100_000, 100_000), "too many pixels"),
        (bomb(6000, 6000), "too many pixels"),
        (b"\x89PNG" + b"\0" * (8 * 1024 * 1024 + 1), "larger than 8 MB"),
        (picture("TIFF"), "not SVG"),
        (picture("BMP"), "not SVG"),
    ],
    ids=["empty", "svg", "html", "pdf", "gif-html", "cut", "bomb", "large", "heavy", "tiff", "bmp"],
)
def test_what_is_refused(data, words):
    with pytest.raises(BadImage, match=words):
        reencode(data, max_px=512, max_bytes=200_000)
