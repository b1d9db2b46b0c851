"""The forms of a page, as a browser would send them untouched: fields with their values, including those that
stand outside and name their form."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

UNSENT = {"submit", "button", "reset", "image", "file"}


@dataclass
class PageForm:
    """Where it goes and what it holds; buttons are kept apart, because only the pressed one is sent."""

    action: str
    method: str
    id: str = ""
    fields: dict[str, list[str]] = field(default_factory=dict)
    buttons: dict[str, list[str]] = field(default_factory=dict)


class Reader(HTMLParser):
    """Collects forms in the order of the page."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[PageForm] = []
        self.loose: list[tuple[str, str, str, bool]] = []  # form id, name, value, is a button
        self.inside: PageForm | None = None
        self.select: tuple[str, str | None, bool] | None = None  # name, form id, whether an option was taken
        self.text: tuple[str, str | None, list[str]] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given: dict[str, Any] = dict(attrs)
        if tag == "form":
            self.inside = PageForm(
                given.get("action") or "", (given.get("method") or "get").lower(), given.get("id") or ""
            )
            self.forms.append(self.inside)
        elif tag == "input" and given.get("name") and "disabled" not in given:
            kind = (given.get("type") or "text").lower()
            if kind not in ("checkbox", "radio") or "checked" in given:
                default = "on" if kind == "checkbox" else ""
                self.keep(given.get("form"), given["name"], given.get("value") or default, kind in UNSENT)
        elif tag == "button" and given.get("name"):
            self.keep(given.get("form"), given["name"], given.get("value") or "", True)
        elif tag == "select" and given.get("name"):
            self.select = (given["name"], given.get("form"), False)
        elif tag == "option" and self.select and ("selected" in given or not self.select[2]):
            name, form_id, taken = self.select
            if taken and (owner := self.owner(form_id)):
                owner.fields.get(name, [""]).pop()
            self.keep(form_id, name, given.get("value") or "", False)
            self.select = (name, form_id, True)
        elif tag == "textarea" and given.get("name"):
            self.text = (given["name"], given.get("form"), [])

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.inside = None
        elif tag == "select":
            self.select = None
        elif tag == "textarea" and self.text:
            self.keep(self.text[1], self.text[0], "".join(self.text[2]), False)
            self.text = None

    def handle_data(self, data: str) -> None:
        if self.text:
            self.text[2].append(data)

    def owner(self, form_id: str | None) -> PageForm | None:
        return next((form for form in self.forms if form.id == form_id), None) if form_id else self.inside

    def keep(self, form_id: str | None, name: str, value: str, button: bool) -> None:
        owner = self.owner(form_id)
        if owner is not None:
            (owner.buttons if button else owner.fields).setdefault(name, []).append(value)
        elif form_id:
            self.loose.append((form_id, name, value, button))


def forms_of(page: str) -> list[PageForm]:
    """Every form of a page."""
    reader = Reader()
    reader.feed(page)
    for form_id, name, value, button in reader.loose:
        for form in reader.forms:
            if form.id == form_id:
                (form.buttons if button else form.fields).setdefault(name, []).append(value)
    return reader.forms
