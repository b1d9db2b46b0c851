"""Files that come with an application. What a file is, its content says, never its name: pictures are drawn
anew (whitelabel_themes/images.py), so that nothing but pixels is kept of them; a PDF is kept as it came, and
handed out as a file to be saved, in a sandbox, never shown in a page of ours."""

import re
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from flask import request, url_for
from werkzeug.wrappers import Response
from wtforms import MultipleFileField

from core.languages import _
from partners.documents import LARGEST, LONGEST_NAME, MOST, ApplicationDocument, Brought
from partners.joinings import Paperwork, Rules
from storefront.forms import Form
from whitelabel_themes import images
from whitelabel_themes.images import BadImage

PNG, JPEG, PDF = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"%PDF-"
END_OF_PDF = b"%%EOF"
MOST_SENT = (MOST + 1) * LARGEST  # one request with all of them; a larger one is refused before it is read
WIDEST = 2200  # pixels: a page of paper can be read


class BadFile(ValueError):
    """A file that cannot be taken; the message is for whoever chose it."""


class Files(Form):
    """The field; a browser does not let us fill it in again."""

    documents = MultipleFileField("Documents")


def field(rules: Rules, *, wanted: bool = False) -> Any:
    """The field of a programme that takes files, or None. `wanted`: none has come yet, so where files are
    required one has to be chosen."""
    if rules.documents is Paperwork.NONE:
        return None
    form = Files()
    form.documents.description = " ".join(
        filter(
            None,
            (
                rules.documents_hint,
                _("PDF, PNG or JPEG; up to %(most)s files of %(size)s MB.", most=MOST, size=LARGEST >> 20),
            ),
        )
    )
    if wanted and rules.documents is Paperwork.REQUIRED:
        form.documents.flags.required = True
    return form.documents


def sent() -> tuple[list[Brought], str]:
    """The files of the request, and why one of them cannot be taken."""
    brought: list[Brought] = []
    for file in request.files.getlist("documents"):
        name = PurePath((file.filename or "").replace("\\", "/")).name
        data = file.stream.read(LARGEST + 1)
        if not name and not data:
            continue  # nothing was chosen
        try:
            brought.append(read(name, data))
        except BadFile as wrong:
            return [], _("%(name)s: %(why)s Please choose your files again.", name=name, why=str(wrong))
    return brought, ""


def read(name: str, data: bytes) -> Brought:
    """One file by its content, or BadFile."""
    if not data:
        raise BadFile(_("The file is empty."))
    if len(data) > LARGEST:
        raise BadFile(_("The file is larger than %(size)s MB.", size=LARGEST >> 20))
    stem = PurePath(name).stem[:LONGEST_NAME] or "document"
    if data.startswith(PDF) and END_OF_PDF in data[-2048:]:
        return Brought(f"{stem}.pdf", "application/pdf", data)
    if data.startswith((PNG, JPEG)):
        try:
            return Brought(
                f"{stem}.png", "image/png", images.reencode(data, max_px=WIDEST, max_bytes=LARGEST)
            )
        except BadImage as bad:
            raise BadFile(_(bad.message)) from bad
    raise BadFile(_("Only PDF, PNG and JPEG can be taken; this file is something else."))


def rows(found: Sequence[ApplicationDocument], endpoint: str, **values: Any) -> list[dict[str, str]]:
    """Files as a page lists them."""
    return [
        {
            "name": one.name,
            "url": url_for(endpoint, document_id=one.id, **values),
            "size": _("%(kb)s KB", kb=max(1, one.size >> 10)),
            "digest": one.digest[:12],
        }
        for one in found
    ]


def answer(document: Brought) -> Response:
    """A file to be saved: never shown, never guessed at, never kept by a cache in between."""
    plain = re.sub(r'[^\w. -]|["\\\\]', "", document.name, flags=re.ASCII) or "document"
    named = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(document.name)}"
    return Response(
        document.data,
        content_type=document.media_type,
        headers={
            "Content-Disposition": named,
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
            "Content-Security-Policy": "default-src 'none'; sandbox",
        },
    )
