"""The page where records are set, and the same as JSON. No key is asked for: it listens on loopback, holds
nothing real, and refuses what another site's page sends."""

from flask import Flask, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from sandbox.names.records import Records

PAGE_MAY = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'"


def create_app(records: Records) -> Flask:
    """The application over these records."""
    app = Flask(__name__)

    @app.before_request
    def not_from_elsewhere() -> tuple[str, int] | None:
        if request.headers.get("Sec-Fetch-Site", "none") in ("cross-site", "same-site"):
            return ("This form was sent from another site.", 403) if request.method == "POST" else None
        return None

    @app.get("/")
    def show() -> str:
        typed = {"name": request.args.get("name", ""), "value": request.args.get("value", "")}
        return render_template("names.html", records=records.all(), typed=typed)

    @app.post("/")
    def change() -> AnyResponse:
        name, value = request.form.get("name", "")[:250], request.form.get("value", "")[:250]
        if request.form.get("act") == "remove":
            records.remove(name, value)
        elif name.strip() and value.strip():
            records.add(name, value.strip())
        return redirect(url_for("show"), 303)

    @app.get("/records.json")
    def as_json() -> list[dict[str, str]]:
        return [{"name": name, "value": value} for name, value in records.all()]

    @app.get("/readyz")
    def ready() -> str:
        return "ready"

    @app.after_request
    def restrict(response: Response) -> Response:
        response.headers.setdefault("Content-Security-Policy", PAGE_MAY)
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    return app
