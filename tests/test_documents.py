"""What the documents say of files is true: each file, name and page that they point to is there. Of decisions
only the links are followed: their words tell of the day on which they were made."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
OF_TODAY = [path for path in DOCUMENTS if path.parent.name != "decisions" and path.name != "behaviours.md"]
FILE = re.compile(r"`([a-z_]\w*(?:/\w+)*/\w+\.py|app\.py|serve\.py)(?:: ([\w, ]+))?`")
ROOMS = "core partners catalog subscriptions billing checkout provisioning storefront whitelabel_themes"
LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)(?:#([\w-]+))?\)")


@pytest.mark.parametrize("path", OF_TODAY, ids=lambda path: path.name)
def test_every_file_and_name_in_a_document_is_there(path: Path) -> None:
    missing: list[str] = []
    for file, names in FILE.findall(path.read_text(encoding="utf-8")):
        if not (ROOT / file).exists():
            missing.append(file)
            continue
        text = (ROOT / file).read_text(encoding="utf-8")
        missing += [f"{file}: {name}" for name in re.findall(r"\w+", names) if not is_made(name, text)]
    assert not missing


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_in_a_document_leads_somewhere(path: Path) -> None:
    missing: list[str] = []
    for target, heading in LINK.findall(path.read_text(encoding="utf-8")):
        page = path.parent / target
        if not page.exists() or (heading and heading not in headings(page)):
            missing.append(f"{target}#{heading}")
    assert not missing


def test_decisions_are_numbered_once_each_and_called_by_their_number() -> None:
    pages = sorted((ROOT / "docs/decisions").glob("*.md"))
    numbers = [int(page.name[:4]) for page in pages]
    assert numbers == sorted(set(numbers))
    for page, number in zip(pages, numbers, strict=True):
        assert page.read_text(encoding="utf-8").startswith(f"# {number}. "), page.name


def test_every_decision_that_code_names_is_there() -> None:
    known = {int(page.name[:4]) for page in (ROOT / "docs/decisions").glob("*.md")}
    rooms = (ROOT / room for room in ROOMS.split())
    named = {
        (str(path.relative_to(ROOT)), int(number))
        for room in rooms
        for path in room.rglob("*.py")
        for number in re.findall(r"decisions?[ /](\d+)", path.read_text(encoding="utf-8"))
    }
    assert {(path, number) for path, number in named if number not in known} == set()


def is_made(name: str, text: str) -> bool:
    """Whether a module makes this name at its top or in a class."""
    return (
        re.search(rf"^\s*(?:(?:def|class) {name}\b|{name}\b(?:: [^\n]+)? = )", text, re.MULTILINE) is not None
    )


def headings(page: Path) -> set[str]:
    """The anchors of a document's headings."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title).strip().lower().replace(" ", "-") for title in titles}
