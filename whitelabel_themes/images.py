"""Takes an uploaded picture apart and draws it anew: only pixels survive, so nothing else that was in the
file (scripts, markup, positions, colour profiles, a second file) can reach a visitor."""

import io
import warnings

from PIL import Image, ImageOps, UnidentifiedImageError

FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
MOST_UPLOADED = 8 * 1024 * 1024
MOST_PIXELS = 24_000_000


class BadImage(ValueError):
    """A picture that is refused; the message is for the person who uploaded it."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def reencode(data: bytes, *, max_px: int, max_bytes: int) -> bytes:
    """The picture as a fresh PNG, at most `max_px` on its longer side and `max_bytes` long, or BadImage."""
    if not data:
        raise BadImage("The file is empty.")
    if len(data) > MOST_UPLOADED:
        raise BadImage(f"The file is larger than {MOST_UPLOADED // 1024 // 1024} MB.")
    picture = _decoded(data)
    picture.thumbnail((max_px, max_px), Image.Resampling.LANCZOS)
    return _encoded(picture, max_bytes)


def _decoded(data: bytes) -> Image.Image:
    """The first frame, upright, as plain pixels; of a closed list of formats, size checked first."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=FORMATS) as opened:
                if opened.width * opened.height > MOST_PIXELS:
                    raise BadImage(f"The picture has too many pixels ({opened.width} × {opened.height}).")
                opened.load()
                upright = ImageOps.exif_transpose(opened)
                return upright.convert("RGBA")
    except UnidentifiedImageError as error:
        raise BadImage("This is not a picture we can take: use PNG, JPEG, WebP or GIF (not SVG).") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise BadImage("The picture has too many pixels.") from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        if isinstance(error, BadImage):
            raise
        raise BadImage("The picture is damaged and cannot be read.") from error


def _encoded(picture: Image.Image, max_bytes: int) -> bytes:
    """As PNG from the bare pixels; a picture that is too heavy is drawn smaller until it fits."""
    for _ in range(6):
        fresh = Image.frombytes("RGBA", picture.size, picture.tobytes())
        buffer = io.BytesIO()
        fresh.save(buffer, format="PNG", optimize=True)
        if buffer.tell() <= max_bytes:
            return buffer.getvalue()
        picture.thumbnail((max(1, picture.width * 3 // 4), max(1, picture.height * 3 // 4)))
    raise BadImage(f"The picture is too detailed to fit in {max_bytes // 1024} KB; use a simpler one.")
