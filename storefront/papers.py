"""Draws a paper (billing.documents) as PDF in the look of a shop: its logo or name, its colour, its kind of
letters. PDF/A-3B, so that it can be kept for the years a law asks for. Takes a tenth of a second or two and
no database; the library is loaded with the first paper of a process."""

from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any, Protocol

from billing.documents import Line, Paper, Side
from storefront import pages
from whitelabel_themes import tokens
from whitelabel_themes.loader import Theme
from whitelabel_themes.schema import Settings

if TYPE_CHECKING:
    from fpdf import FPDF

LEFT, RIGHT, TOP, FOOT = 22.0, 20.0, 18.0, 24.0  # mm
WIDTH = 210 - LEFT - RIGHT
TEXT, MUTED, HAIR = (28, 31, 36), (98, 104, 114), (214, 217, 222)
PALE = (236, 238, 241)
COLUMNS = (9, 69, 20, 28, 16, 26)
ALIGNED = ("RIGHT", "LEFT", "RIGHT", "RIGHT", "RIGHT", "RIGHT")
LOGO = (60.0, 16.0)  # mm it may fill
SERIF = "serif"


class Letterhead(Protocol):
    """The shop a paper comes from."""

    @property
    def name(self) -> str: ...
    @property
    def logo(self) -> bytes | None: ...
    @property
    def theme(self) -> Theme: ...
    @property
    def settings(self) -> Settings: ...


def draw(paper: Paper, head: Letterhead) -> bytes:
    """The PDF. The same paper in the same look is drawn the same."""
    sheet = _sheet(paper, head)
    sheet.add_page()
    _letterhead(sheet, head)
    _sides(sheet, paper)
    _title(sheet, paper)
    _lines(sheet, paper.lines)
    _sums(sheet, paper)
    _notes(sheet, paper.notes)
    return bytes(sheet.output())


def _sheet(paper: Paper, head: Letterhead) -> "FPDF":
    """An empty paper: fonts, margins, what every page has."""
    from fpdf import FPDF  # noqa: PLC0415 fifty MiB, for processes that draw only

    class Sheet(FPDF):
        """Every page has the mark, the coloured edge and the foot."""

        def header(self) -> None:
            """The edge in the shop's colour, and the mark across the page."""
            self.set_fill_color(*_rgb(_accent(head)))
            self.rect(0, 0, 210, 3.2, style="F")
            if paper.mark:
                self.set_font("Paper", "B", 104)
                self.set_text_color(*PALE)
                with self.rotation(38, 105, 150):
                    self.text((210 - self.get_string_width(paper.mark)) / 2, 165, paper.mark)
            if self.page > 1:
                self.set_xy(LEFT, 10)
                self.set_font("Paper", "", 8.5)
                self.set_text_color(*MUTED)
                self.cell(WIDTH, 5, f"{paper.title} {paper.number}", align="R")
            self.set_y(TOP)

        def footer(self) -> None:
            """Who it is from, and the page."""
            self.set_draw_color(*HAIR)
            self.line(LEFT, 297 - FOOT + 5, 210 - RIGHT, 297 - FOOT + 5)
            self.set_xy(LEFT, 297 - FOOT + 7)
            self.set_font("Paper", "", 7.5)
            self.set_text_color(*MUTED)
            seller = paper.seller
            self.multi_cell(
                WIDTH - 30, 3.8, "  ·  ".join((seller.name, *seller.address, *seller.identity)), align="L"
            )
            self.set_xy(210 - RIGHT - 30, 297 - FOOT + 7)
            self.cell(30, 3.8, f"Page {self.page_no()} of {{nb}}", align="R")

    sheet = Sheet(format="A4", enforce_compliance="PDF/A-3B")
    family = SERIF if head.settings.word("font") == SERIF else "inter"
    sheet.add_font("Paper", "", pages.assets().file(f"paper-{family}.ttf"))
    sheet.add_font("Paper", "B", pages.assets().file(f"paper-{family}-bold.ttf"))
    sheet.set_margins(LEFT, TOP, RIGHT)
    sheet.set_auto_page_break(True, FOOT)
    sheet.set_title(f"{paper.title} {paper.number}")
    sheet.set_author(paper.seller.name)
    sheet.set_lang("en")
    return sheet


def _letterhead(sheet: "FPDF", head: Letterhead) -> None:
    """The logo, or the shop's name in its colour."""
    if head.logo:
        sheet.image(BytesIO(head.logo), LEFT, TOP - 4, *LOGO, keep_aspect_ratio=True)
        sheet.set_y(TOP + LOGO[1])
        return
    sheet.set_xy(LEFT, TOP - 2)
    _letters(sheet, "B", 17, _rgb(_accent(head)))
    sheet.multi_cell(WIDTH, 8, head.name, align="L")
    sheet.set_y(max(sheet.get_y(), TOP + LOGO[1]))


def _sides(sheet: "FPDF", paper: Paper) -> None:
    """The buyer where an envelope's window shows it, the seller on the right."""
    top = max(sheet.get_y() + 4, 42)
    ends = [
        _side(sheet, paper.buyer, "To", LEFT, top, 92),
        _side(sheet, paper.seller, "From", LEFT + 104, top, WIDTH - 104),
    ]
    sheet.set_y(max(*ends, 78))


def _side(sheet: "FPDF", side: Side, word: str, x: float, y: float, width: float) -> float:
    """One of the two; where it ends."""
    sheet.set_xy(x, y)
    _letters(sheet, "", 8, MUTED)
    sheet.cell(width, 5, word)
    for words, style in [(side.name, "B"), *((line, "") for line in side.address)]:
        sheet.set_xy(x, sheet.get_y() + (5 if sheet.get_y() == y else 0))
        _letters(sheet, style, 10, TEXT)
        sheet.multi_cell(width, 5, words, align="L", new_x="LEFT", new_y="NEXT")
    for line in side.identity:
        sheet.set_x(x)
        _letters(sheet, "", 8.5, MUTED)
        sheet.multi_cell(width, 4.6, line, align="L", new_x="LEFT", new_y="NEXT")
    return sheet.get_y()


def _title(sheet: "FPDF", paper: Paper) -> None:
    """Title, and the facts in one row."""
    sheet.set_xy(LEFT, sheet.get_y() + 6)
    _letters(sheet, "B", 20, TEXT)
    sheet.multi_cell(WIDTH, 10, paper.title, align="L", new_x="LEFT", new_y="NEXT")
    top, x = sheet.get_y() + 2, LEFT
    ends: list[float] = []
    for number, (word, value) in enumerate(paper.facts):
        width = WIDTH * (0.34 if number == 0 else 0.22)
        sheet.set_xy(x, top)
        _letters(sheet, "", 8, MUTED)
        sheet.cell(width, 4.5, word, new_x="LEFT", new_y="NEXT")
        sheet.set_x(x)
        _letters(sheet, "B", 9.5, TEXT)
        sheet.multi_cell(width - 3, 5, value, align="L", new_x="LEFT", new_y="NEXT")
        ends.append(sheet.get_y())
        x += width
    sheet.set_xy(LEFT, max(ends) + 5)


def _lines(sheet: "FPDF", lines: Sequence[Line]) -> None:
    """The table; its head is repeated on every page."""
    from fpdf.enums import TableBordersLayout  # noqa: PLC0415 see above
    from fpdf.fonts import FontFace  # noqa: PLC0415

    _letters(sheet, "", 9, TEXT)
    sheet.set_draw_color(*HAIR)
    head = FontFace(emphasis="BOLD", color=MUTED, size_pt=8)
    with sheet.table(
        width=WIDTH, col_widths=COLUMNS, text_align=ALIGNED, headings_style=head, line_height=5,
        borders_layout=TableBordersLayout.HORIZONTAL_LINES, padding=(1.6, 1.2), align="LEFT",
    ) as table:  # fmt: skip
        table.row(("No.", "Description", "Quantity", "Price, net", "VAT", "Total, net"))
        for line in lines:
            table.row(
                (str(line.number), line.description, line.quantity, line.price.text, line.rate, line.net.text)
            )


def _sums(sheet: "FPDF", paper: Paper) -> None:
    """Below the column of totals; never torn apart, and never on a page without what is said of them."""
    height = 7.0 * len(paper.sums) + 8 + sum(8 + 5 * (len(note) // 95) for note in paper.notes)
    if sheet.will_page_break(height):
        sheet.add_page()
    sheet.set_y(sheet.get_y() + 4)
    for number, (word, amount) in enumerate(paper.sums, start=1):
        last = number == len(paper.sums)
        if last:
            sheet.set_draw_color(*TEXT)
            sheet.line(210 - RIGHT - 84, sheet.get_y() + 0.6, 210 - RIGHT, sheet.get_y() + 0.6)
            sheet.set_y(sheet.get_y() + 1.4)
        sheet.set_x(210 - RIGHT - 84)
        _letters(sheet, "B" if last else "", 11.5 if last else 9.5, TEXT)
        sheet.cell(50, 7, word)
        sheet.cell(34, 7, amount.text, align="R", new_x="LMARGIN", new_y="NEXT")


def _notes(sheet: "FPDF", notes: Sequence[str]) -> None:
    sheet.set_y(sheet.get_y() + 8)
    for note in notes:
        sheet.set_x(LEFT)
        _letters(sheet, "", 9, TEXT)
        sheet.multi_cell(WIDTH, 5, note, align="L", new_x="LMARGIN", new_y="NEXT")
        sheet.set_y(sheet.get_y() + 1.5)


def _letters(sheet: "FPDF", style: Any, size: float, colour: tuple[int, int, int]) -> None:
    sheet.set_font("Paper", style, size)
    sheet.set_text_color(*colour)


def _accent(head: Letterhead) -> str:
    return tokens.mail_look(head.settings).accent


def _rgb(colour: str) -> tuple[int, int, int]:
    digits = colour.removeprefix("#")
    return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)
