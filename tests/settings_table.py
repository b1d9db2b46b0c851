"""`python -m tests.settings_table` writes the table of settings in docs/operations.md anew from
core/settings.py; a test sees that this was done."""

from pathlib import Path

from core.settings import Settings

PAGE = Path(__file__).parent.parent / "docs" / "operations.md"
BEGIN, END = "<!-- settings: python -m tests.settings_table -->\n", "<!-- end of settings -->"


def table() -> str:
    """One line for each setting, in the order of the code."""
    lines = ["| setting | if not set | what it says |", "| --- | --- | --- |"]
    for name, field in Settings.model_fields.items():
        usual = f"`{field.default}`" if str(field.default) else "empty"
        lines.append(f"| `{name.upper()}` | {usual} | {field.description or ''} |")
    return "\n".join(lines) + "\n"


def written(page: str) -> str:
    """The page with the table of today."""
    before, _, rest = page.partition(BEGIN)
    return before + BEGIN + table() + END + rest.partition(END)[2]


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
