"""Builds the static files: stylesheets, script, fonts and the icon sprite, each with a hash of its content
in its name, so that they may be cached for ever. Fonts, icons and htmx come from the installed npm packages
and are never committed.

    python -m whitelabel_themes.assets --out instance/static
"""

import argparse
import hashlib
import json
import os
import re
import tempfile
from pathlib import Path

from . import tokens
from .icons import ICONS
from .loader import HERE, themes

MANIFEST = "manifest.json"
PACKAGES = HERE.parent / "node_modules"
SVG = "http://www.w3.org/2000/svg"
# CSS family, package and file; latin covers western Europe, latin-ext is fetched only for names that need it.
FONTS = {
    "inter": ("Inter Variable", "inter", "inter"),
    "serif": ("Source Serif 4 Variable", "source-serif-4", "source-serif-4"),
    "mono": ("JetBrains Mono Variable", "jetbrains-mono", "jetbrains-mono"),
}
# Papers embed whole TrueType files (Latin, Greek, Cyrillic): names are written as people write them.
PAPER_FONTS = {
    "paper-inter.ttf": ("inter", "400Regular/Inter_400Regular.ttf"),
    "paper-inter-bold.ttf": ("inter", "700Bold/Inter_700Bold.ttf"),
    "paper-serif.ttf": ("source-serif-4", "400Regular/SourceSerif4_400Regular.ttf"),
    "paper-serif-bold.ttf": ("source-serif-4", "700Bold/SourceSerif4_700Bold.ttf"),
}


class MissingAsset(LookupError):
    """A file that was not built, or a package that was not installed; the message says what to run."""


class Assets:
    """The built files of one folder, by their plain names."""

    def __init__(self, folder: Path, prefix: str = "/static/") -> None:
        self.folder = folder
        self._prefix = prefix
        self._names = _read_manifest(folder)

    def url(self, name: str) -> str:
        """The address of a file: `url("base.css")` -> `/static/base.0f3a....css`."""
        try:
            return self._prefix + self._names[name]
        except KeyError as error:
            raise MissingAsset(
                f"{name} is not among the built files: {', '.join(sorted(self._names))}"
            ) from error

    def file(self, name: str) -> Path:
        """Where a built file lies, for what reads it here instead of a browser."""
        return self.folder / self.url(name).removeprefix(self._prefix)


def build(out: Path, packages: Path = PACKAGES) -> dict[str, str]:
    """Writes every file and the manifest into `out`; the manifest comes last, in one step. Returns it."""
    out.mkdir(parents=True, exist_ok=True)
    fonts = {f"{key}.woff2": _write(out, f"{key}.woff2", data) for key, data in _fonts(packages).items()}
    fonts |= {name: _write(out, name, data) for name, data in _paper_fonts(packages).items()}
    texts = {
        "base.css": _fontfaces(packages, fonts) + _joined(HERE / "base" / "static" / "base"),
        "console.css": tokens.console_css() + _joined(HERE / "base" / "static" / "console"),
        **{sheet: _shrunk(_theme_css(sheet)) for sheet in _theme_sheets()},
        "app.js": _read(HERE / "base" / "static" / "app.js"),
        "passkeys.js": _read(HERE / "base" / "static" / "passkeys.js"),
        "htmx.js": _read(_package(packages, "htmx.org") / "dist" / "htmx.min.js"),
        "icons.svg": sprite(packages),
    }
    manifest = {**fonts, **{name: _write(out, name, text.encode()) for name, text in texts.items()}}
    _replace(out / MANIFEST, json.dumps(manifest, indent=1, sort_keys=True).encode())
    return manifest


def sprite(packages: Path = PACKAGES) -> str:
    """All icons as symbols of one SVG, each under its name."""
    folder = _package(packages, "lucide-static") / "icons"
    return f'<svg xmlns="{SVG}">{"".join(_symbol(folder, name) for name in ICONS)}</svg>'


def _symbol(folder: Path, name: str) -> str:
    inside = re.search(r"<svg[^>]*>(.*)</svg>", _read(folder / f"{name}.svg"), flags=re.DOTALL)
    if inside is None:
        raise MissingAsset(f"the icon {name} of lucide-static is not a drawing we can read")
    shapes = re.sub(r"\s+", " ", inside[1]).replace("> <", "><").replace(" />", "/>").strip()
    return f'<symbol id="{name}" viewBox="0 0 24 24">{shapes}</symbol>'


def _theme_sheets() -> list[str]:
    return sorted({sheet for theme in themes().values() for sheet in theme.stylesheets})


def _theme_css(sheet: str) -> str:
    name = sheet.removeprefix("theme-").removesuffix(".css")
    return _read(HERE / "themes" / name / "static" / "theme.css")


def _joined(folder: Path) -> str:
    return "".join(_shrunk(_read(path)) for path in sorted(folder.glob("*.css")))


def _shrunk(css: str) -> str:
    """Without comments and indents; the rest is left to gzip."""
    return re.sub(r"\s*\n\s*", "\n", re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)).strip() + "\n"


def _fonts(packages: Path) -> dict[str, bytes]:
    files = {key: _font_file(packages, key, "latin") for key in FONTS}
    files |= {f"{key}-ext": _font_file(packages, key, "latin-ext") for key in FONTS}
    return {key: path.read_bytes() for key, path in files.items()}


def _paper_fonts(packages: Path) -> dict[str, bytes]:
    return {
        name: (_package(packages, f"@expo-google-fonts/{package}") / file).read_bytes()
        for name, (package, file) in PAPER_FONTS.items()
    }


def _font_file(packages: Path, key: str, subset: str) -> Path:
    _, package, stem = FONTS[key]
    return (
        _package(packages, f"@fontsource-variable/{package}") / "files" / f"{stem}-{subset}-wght-normal.woff2"
    )


def _fontfaces(packages: Path, names: dict[str, str]) -> str:
    return "".join(
        _fontface(packages, key, subset, names[f"{key}{suffix}.woff2"])
        for key in FONTS
        for subset, suffix in (("latin", ""), ("latin-ext", "-ext"))
    )


def _fontface(packages: Path, key: str, subset: str, file: str) -> str:
    family, package, stem = FONTS[key]
    described = _read(_package(packages, f"@fontsource-variable/{package}") / "index.css")
    block = described.split(f"/* {stem}-{subset}-wght-normal */")[1]
    found = re.search(r"unicode-range:([^;}]+)", block)
    spread = f"unicode-range:{found[1].strip()};" if found else ""
    return (
        f'@font-face{{font-family:"{family}";font-style:normal;font-display:swap;font-weight:100 900;'
        f'src:url({file}) format("woff2");{spread}}}\n'
    )


def _package(packages: Path, name: str) -> Path:
    folder = packages / name
    if not folder.is_dir():
        raise MissingAsset(f"the front-end package {name} is not installed in {packages}; run: npm ci")
    return folder


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _read_manifest(folder: Path) -> dict[str, str]:
    try:
        return json.loads(_read(folder / MANIFEST))
    except FileNotFoundError as error:
        raise MissingAsset(
            f"no built files in {folder}; run: python -m whitelabel_themes.assets --out {folder}"
        ) from error


def _write(out: Path, name: str, data: bytes) -> str:
    stem, suffix = name.rsplit(".", 1)
    hashed = f"{stem}.{hashlib.sha256(data).hexdigest()[:12]}.{suffix}"
    _replace(out / hashed, data)
    return hashed


def _replace(path: Path, data: bytes) -> None:
    """Never half a file, even when two builds run at once."""
    handle, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
    Path(name).chmod(0o644)
    Path(name).replace(path)


def main() -> None:
    parser = argparse.ArgumentParser(description="Build the static files with hashed names.")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--packages", type=Path, default=PACKAGES, help="the node_modules folder")
    chosen = parser.parse_args()
    try:
        manifest = build(chosen.out, chosen.packages)
    except MissingAsset as error:
        raise SystemExit(str(error)) from error
    print(f"{len(manifest)} files in {chosen.out}")  # noqa: T201 - a command's answer


if __name__ == "__main__":
    main()
