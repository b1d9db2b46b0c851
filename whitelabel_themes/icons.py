"""The pictures that pages may use, by Lucide's names, one a line in `icons.txt`. The sprite holds these and
no others; a test reads the templates and refuses a name that is not here."""

from pathlib import Path

ICONS = tuple(Path(__file__).with_suffix(".txt").read_text(encoding="utf-8").split())
