"""What the payer sees: the hosted payment page and the bank's challenge. Plain HTML without JavaScript; wrong
input stays on the form with its error, and every end of a payment is said in words."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import jinja2
from werkzeug.exceptions import NotFound
from werkzeug.routing import Map, Rule
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from . import amounts, cards, payments, sessions
from .deliveries import Postman
from .moods import Moods
from .refusals import Json
from .store import Act, Store

TEMPLATES = Path(__file__).parent / "templates"
ADDRESSES = Map(
    [
        Rule("/c/style.css", endpoint="style", methods=["GET"]),
        Rule("/c/pay/<session_id>", endpoint="show", methods=["GET"]),
        Rule("/c/pay/<session_id>", endpoint="pay", methods=["POST"]),
        Rule("/c/pay/<session_id>/expire", endpoint="let_expire", methods=["POST"]),
        Rule("/c/challenge/<session_id>", endpoint="show_challenge", methods=["GET"]),
        Rule("/c/challenge/<session_id>", endpoint="answer_challenge", methods=["POST"]),
    ]
)
HINTS = (
    ("4242 4242 4242 4242", "pays"),
    ("4000 0027 6000 3184", "asks the bank each time (3-D Secure)"),
    ("4000 0082 6000 3178", "asks the bank, then has no funds"),
    ("4000 0084 0000 1629", "asks the bank, then is declined"),
    ("4000 0084 0000 1280", "must ask the bank and cannot"),
    ("4000 0000 0000 0259", "pays, then is disputed as fraudulent"),
    ("4000 0000 0000 2685", "pays, then is disputed as not received"),
    ("4000 0000 0000 0002", "is declined"),
    ("4000 0000 0000 9995", "has no funds"),
    ("4000 0000 0000 0069", "has expired"),
    ("4000 0000 0000 0127", "has a wrong security code"),
)
POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'"
SAVE_AS_TYPED = ("email", "name", "card", "expiry")


class Pages:
    def __init__(self, store: Store, moods: Moods, postman: Postman, public_url: str | None) -> None:
        self.store, self.moods, self.postman, self.public_url = store, moods, postman, public_url
        self.templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined
        )
        self.templates.filters.update(amount=amounts.written)  # pyright: ignore[reportUnknownMemberType]  Jinja leaves the dict untyped

    def respond(self, request: Request) -> Response:
        name, ids = ADDRESSES.bind_to_environ(request.environ).match()
        return getattr(self, name)(request, **ids)

    def style(self, request: Request) -> Response:
        return Response((TEMPLATES / "style.css").read_text(), mimetype="text/css")

    def show(self, request: Request, session_id: str) -> Response:
        return self.form(self.session(request, session_id), session_id)

    def pay(self, request: Request, session_id: str) -> Response:
        typed = {name: request.form.get(name, "").strip() for name in (*SAVE_AS_TYPED, "cvc")}
        session = self.session(request, session_id)
        if session["status"] != "open":
            return self.form(session, session_id)
        faults = cards.faults_of(typed["card"], typed["expiry"], typed["cvc"])
        if not (session["customer_email"] or "@" in typed["email"]):
            faults["email"] = "Your email is incomplete."
        if not typed["name"]:
            faults["name"] = "Please provide the name on the card."
        if faults:
            return self.form(session, session_id, typed, faults, status=422)
        month, year = cards.expiry_of(typed["expiry"]) or (0, 0)
        card = cards.card_of(typed["card"], month, year)
        payer = payments.Payer(session["customer_email"] or typed["email"], typed["name"])
        with self.act(request, session_id) as act:
            outcome = payments.try_card(act, session_id, card, payer)
        return self.onward(outcome, session_id, typed)

    def let_expire(self, request: Request, session_id: str) -> Response:
        with self.act(request, session_id) as act:
            session = act.get("checkout.session", session_id)
            if session["status"] == "open":
                sessions.close(act, session)
        self.postman.ring()
        return redirect(f"/c/pay/{session_id}", 303)

    def show_challenge(self, request: Request, session_id: str) -> Response:
        session = self.session(request, session_id)
        if session["status"] != "open":
            return redirect(f"/c/pay/{session_id}", 303)
        return self.page("challenge.html", session=session)

    def answer_challenge(self, request: Request, session_id: str) -> Response:
        passed = request.form.get("answer") == "complete"
        with self.act(request, session_id) as act:
            outcome = payments.answer_challenge(act, session_id, passed=passed)
        return self.onward(outcome, session_id, {})

    def onward(self, outcome: payments.Outcome, session_id: str, typed: dict[str, str]) -> Response:
        """Where a try leads: the shop, the bank, or back to the form with the reason."""
        self.postman.ring()
        if outcome.kind == "paid":
            return redirect(success_url(outcome.session), 303)
        if outcome.kind == "challenge":
            return redirect(f"/c/challenge/{session_id}", 303)
        if outcome.kind == "declined":
            return self.form(outcome.session, session_id, typed, {"payment": outcome.message}, status=402)
        return redirect(f"/c/pay/{session_id}", 303)

    def form(
        self,
        session: Json,
        session_id: str,
        typed: dict[str, str] | None = None,
        faults: dict[str, str] | None = None,
        status: int = 200,
    ) -> Response:
        with self.store.look() as act:
            lines = act.private(session_id)["line_items"]["data"]
        return self.page(
            "pay.html" if session["status"] == "open" else "closed.html",
            status=status,
            session=session,
            lines=lines,
            typed={name: (typed or {}).get(name, "") for name in SAVE_AS_TYPED},
            faults=faults or {},
            hints=HINTS,
            success_url=success_url(session),
        )

    def session(self, request: Request, session_id: str) -> Json:
        """The session as it stands now: one whose time is over is closed by looking at it."""
        with self.act(request, session_id) as act:
            session = act.get("checkout.session", session_id)
            payments.still_open(act, session)
            return session

    def act(self, request: Request, session_id: str) -> AbstractContextManager[Act]:
        account = sessions.owner_of(self.store, session_id)
        if account is None:
            raise NotFound("There is no such payment page.")
        base_url = self.public_url or request.host_url.rstrip("/")
        return self.store.act(account, base_url=base_url, webhook_mood=self.moods.of(account)["webhooks"])

    def page(self, name: str, status: int = 200, **facts: Any) -> Response:
        response = Response(self.templates.get_template(name).render(**facts), status, mimetype="text/html")
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["Cache-Control"] = "no-store"
        response.headers["Referrer-Policy"] = "no-referrer"
        return response


def success_url(session: Json) -> str:
    return session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"])
