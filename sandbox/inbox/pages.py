"""The page that shows the mails: a list with search, one mail as HTML and as text, and the same as JSON."""

import io
import re
from typing import Any

from flask import Flask, Response, abort, render_template, request, send_file, url_for

from sandbox.inbox.mails import Mail, Mails

# A mail may hold anything, so it is shown without scripts, forms or an origin; its links open in a new tab.
MAIL_MAY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src 'self' data:; "
    "style-src 'unsafe-inline'"
)
PAGE_MAY = "default-src 'none'; style-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'"


def create_app(mails: Mails) -> Flask:
    app = Flask(__name__)

    @app.get("/")
    def list_mails() -> str:
        words, to = request.args.get("q", ""), request.args.get("to", "")
        return render_template("list.html", mails=mails.search(words, to=to), words=words, to=to)

    @app.get("/mails/<int:id_>")
    def show(id_: int) -> str:
        return render_template("mail.html", mail=find(id_), view=request.args.get("view", ""))

    @app.get("/mails/<int:id_>/html")
    def show_html(id_: int) -> Response:
        response = Response('<base target="_blank">' + _with_parts(find(id_)), mimetype="text/html")
        response.headers["Content-Security-Policy"] = MAIL_MAY
        return response

    @app.get("/mails/<int:id_>/parts/<int:number>")
    def show_part(id_: int, number: int) -> Response:
        parts = find(id_).parts
        if number >= len(parts):
            abort(404)
        part = parts[number]
        is_image = part.get_content_type() in ("image/png", "image/jpeg", "image/gif", "image/webp")
        content: object = part.get_payload(decode=True)
        return send_file(
            io.BytesIO(content if isinstance(content, bytes) else b""),
            mimetype=part.get_content_type() if is_image else "application/octet-stream",
            as_attachment=not is_image,
            download_name=part.get_filename() or "part",
        )

    @app.get("/messages.json")
    def list_json() -> list[dict[str, Any]]:
        after = request.args.get("after", 0, type=int)
        to, limit = request.args.get("to", ""), request.args.get("limit", 200, type=int)
        found = mails.search(request.args.get("q", ""), to=to, after=after, limit=limit)
        return [_plain(mail) for mail in found]

    @app.get("/readyz")
    def say_ready() -> str:
        mails.search(limit=1)
        return "ready"

    @app.after_request
    def restrict(response: Response) -> Response:
        response.headers.setdefault("Content-Security-Policy", PAGE_MAY)
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    def find(id_: int) -> Mail:
        return mails.get(id_) or abort(404)

    return app


def _plain(mail: Mail) -> dict[str, Any]:
    return {
        "id": mail.id,
        "received_at": mail.received_at.isoformat(),
        "from": str(mail.message["From"] or mail.sender),
        "to": list(mail.recipients),
        "subject": mail.subject,
        "message_id": str(mail.message["Message-ID"] or ""),
        "headers": {name: str(value) for name, value in mail.message.items()},
        "text": mail.text,
        "html": mail.html,
        "links": mail.links,
        "attachments": [name for _, name in mail.attachments],
    }


def _with_parts(mail: Mail) -> str:
    """The HTML with the pictures that it carries itself (`cid:` addresses) found at their own address."""
    numbers = {
        str(part["Content-ID"]).strip("<>"): n for n, part in enumerate(mail.parts) if part["Content-ID"]
    }

    def address(found: re.Match[str]) -> str:
        number = numbers.get(found[1])
        return url_for("show_part", id_=mail.id, number=number) if number is not None else found[0]

    return re.sub(r"cid:([^\"'\s)>]+)", address, mail.html)
