"""Light or dark, and the language: what a visitor chose for one shop. One cookie keeps it; the page
carries it as attributes of its root element, and stylesheets do the rest, so that kept frames and fragments
are the same in every mode. A language is chosen by `?lang=`; those for testers in sandboxes only."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs
from wsgiref.types import WSGIEnvironment

from werkzeug.wrappers import Response

from core import languages
from core.settings import settings
from storefront.shop import Shop

MODES = ("auto", "light", "dark")
YEAR = 365 * 24 * 3600
SPOKEN = frozenset((*languages.offered(), *languages.WRITTEN))


@dataclass(frozen=True)
class Appearance:
    """How this visitor wants to see the shop. `fresh`: chosen by this very address, to be remembered."""

    mode: str = "auto"
    language: str = languages.SOURCE
    fresh: bool = False
    slots: dict[str, str] = field(init=False, compare=False)
    sent: dict[str, bytes] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        pressed = {f"mode_{mode}": "true" if mode == self.mode else "false" for mode in MODES}
        object.__setattr__(self, "slots", {"mode": self.mode, **pressed})
        object.__setattr__(self, "sent", {name: value.encode() for name, value in self.slots.items()})


AS_IT_COMES = Appearance()


def name_of(shop: Shop) -> str:
    """The cookie of one shop: two shops of one host may be looked at differently."""
    return f"look-{shop.code}"


def wanted(environ: WSGIEnvironment, shop: Shop) -> Appearance:
    """What the request's cookie and address say; whatever they say wrongly is not said."""
    raw, query = environ.get("HTTP_COOKIE", ""), environ.get("QUERY_STRING", "")
    asked = "lang=" in query
    if not asked and "look-" not in raw:
        return AS_IT_COMES
    mode, language = kept(raw, name_of(shop))
    if asked:
        language = parse_qs(query).get("lang", [language])[-1]
    if language not in SPOKEN and not (shop.sandbox and language in languages.TESTERS):
        language = languages.SOURCE
    return Appearance(mode if mode in MODES else "auto", language, fresh=asked)


def kept(raw: str, name: str) -> tuple[str, str]:
    """Mode and language as the cookie has them: "dark.en". Read by hand, because it is read on every page."""
    for cookie in raw.split(";"):
        key, _equals, value = cookie.partition("=")
        if key.strip() == name:
            mode, _dot, language = value.strip().partition(".")
            return mode, language or languages.SOURCE
    return "auto", languages.SOURCE


def remember(response: Response, shop: Shop, look: Appearance) -> None:
    """For a year. It holds nothing about the person, so it needs no secret."""
    response.set_cookie(
        name_of(shop),
        f"{look.mode}.{look.language}",
        max_age=YEAR,
        path="/",
        httponly=True,
        samesite="Lax",
        secure=settings().public_url.startswith("https://"),
    )


def switch(shop: Shop, pressed: dict[str, str]) -> dict[str, Any]:
    """What parts/appearance.html draws; `pressed` are the values of `Appearance.slots`, or their slots."""
    words = (
        ("auto", languages.for_later("As the device"), "monitor"),
        ("light", languages.for_later("Light"), "sun"),
        ("dark", languages.for_later("Dark"), "moon"),
    )
    return {
        "url": f"{shop.base}/look",
        "modes": [(mode, languages._(word), icon, pressed[f"mode_{mode}"]) for mode, word, icon in words],
    }
