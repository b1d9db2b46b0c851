"""The contact sheet: one page with every picture, small, in the order of the tour."""

from html import escape
from pathlib import Path

from tests.shots.camera import MODES, SIZES, Taken, file_name

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 100rem; padding: 0 1rem }
nav { columns: 18rem; margin-block: 1rem }
.stop { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 10rem), 1fr)); gap: .8rem }
figure { margin: 0 }
figcaption { font-size: .8rem }
img { display: block; width: 100%; height: 22rem; object-fit: cover; object-position: top; border: 1px solid }
h3 { margin: 1.5rem 0 0; font-size: .95rem }
.failed { color: #9b1c1c }
"""


def write(out: Path, taken: Taken) -> Path:
    """shots/index.html."""
    contents = "".join(
        f'<a href="#c{number}">{escape(title)}</a> ({len(names)})<br>'
        for number, (title, names) in enumerate(taken.chapters)
    )
    failed = "".join(f'<p class="failed">{escape(words)}</p>' for words in taken.failed)
    chapters = "".join(
        f'<h2 id="c{number}">{escape(title)}</h2>' + "".join(map(stop, names))
        for number, (title, names) in enumerate(taken.chapters)
    )
    count = sum(len(names) for _, names in taken.chapters)
    sizes = " and ".join(map(str, SIZES))
    page = (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Every page</title>'
        f"<style>{STYLE}</style><h1>Every page</h1>"
        f"<p>{count} pages and states, each at {sizes} px, light and dark.</p>"
        f"{failed}<nav>{contents}</nav>{chapters}</html>"
    )
    file = out / "index.html"
    file.write_text(page, encoding="utf-8")
    return file


def stop(name: str) -> str:
    """The four pictures of one."""
    pictures = "".join(
        f'<figure><a href="{file}"><img src="{file}" alt="{name} at {width} px, {mode}" loading="lazy"></a>'
        f"<figcaption>{width} px, {mode}</figcaption></figure>"
        for width in SIZES
        for mode in MODES
        for file in [file_name(name, width, mode)]
    )
    return f'<h3 id="{name}">{name}</h3><div class="stop">{pictures}</div>'
