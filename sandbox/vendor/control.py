"""What a tester needs of the vendor: its books as JSON, its moods to set, and one page that shows both. No
key is asked for: the simulator listens on loopback, holds nothing real, and refuses what another site's page
sends.
"""

import threading
import time
from collections import Counter, deque
from dataclasses import replace
from typing import Any, cast, get_args

from flask import Blueprint, Response, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from sandbox.vendor.contract import problem
from sandbox.vendor.moods import BadMood, CallType, Kind, Moods, Scope, Settings, read, read_mood
from sandbox.vendor.offering import BadOffering, Offering, read_changes
from sandbox.vendor.store import Store

SHOWN = 50
PAGE = 1000

SUBSCRIPTIONS = "SELECT * FROM subscriptions ORDER BY made_at DESC LIMIT ?"
PURCHASES = "SELECT * FROM purchases ORDER BY n DESC LIMIT ?"
COUNTS = """
SELECT
    (SELECT count(*) FROM purchases) AS purchases,
    (SELECT count(*) FROM tenants) AS tenants,
    (SELECT count(*) FROM subscriptions) AS subscriptions,
    (SELECT count(*) FROM subscriptions WHERE state = 'active') AS active,
    (SELECT count(*) FROM licences) AS licences,
    (SELECT count(*) FROM operations WHERE state = 'working') AS working,
    (SELECT count(*) FROM (SELECT 1 FROM purchases GROUP BY reference HAVING count(*) > 1)) AS doubles
"""


class Calls:
    """The latest calls and how many there were, since the start; not kept on disk."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.latest: deque[dict[str, Any]] = deque(maxlen=SHOWN)
        self.counts: Counter[str] = Counter()

    def note(self, answer: Response) -> Response:
        if request.path.startswith("/v1/"):
            mood = str(request.environ.get("vendor.mood", ""))
            call = {"at": time.time(), "method": request.method, "path": request.path, "mood": mood}
            with self._lock:
                self.latest.appendleft(call | {"status": answer.status_code})
                self.counts[mood] += 1
        return answer


def blueprint(store: Store, moods: Moods, offering: Offering, calls: Calls) -> Blueprint:
    """The pages under /_sandbox."""
    desk = _Desk(store, moods, offering, calls)
    routes = Blueprint("sandbox", __name__, url_prefix="/_sandbox", template_folder="templates")

    @routes.before_request
    def _not_from_elsewhere() -> Response | None:
        elsewhere = request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin")
        return (
            problem(403, "elsewhere", "Set moods from this page.")
            if elsewhere and request.method == "POST"
            else None
        )

    routes.add_url_rule("/", view_func=desk.page)
    routes.add_url_rule("/", endpoint="set_by_form", view_func=desk.set_by_form, methods=["POST"])
    routes.add_url_rule("/state", view_func=desk.state)
    routes.add_url_rule("/purchases", view_func=desk.purchases)
    routes.add_url_rule("/moods", view_func=desk.show_moods)
    routes.add_url_rule("/moods", endpoint="set_moods", view_func=desk.set_moods, methods=["POST"])
    routes.add_url_rule("/offering", view_func=desk.show_offering)
    routes.add_url_rule(
        "/offering", endpoint="change_offering", view_func=desk.change_offering, methods=["POST"]
    )
    routes.add_url_rule("/offers", view_func=desk.offer_by_form, methods=["POST"])
    routes.add_url_rule("/reset", view_func=desk.reset, methods=["POST"])
    return routes


class _Desk:
    def __init__(self, store: Store, moods: Moods, offering: Offering, calls: Calls) -> None:
        self._store = store
        self._moods = moods
        self._offering = offering
        self._calls = calls

    def state(self) -> Response:
        """Purchases per reference, the references bought more than once, what runs (reference -> id), and
        counts of everything."""
        self._store.finish_due()
        per_reference = self._store.rows(
            "SELECT reference, count(*) AS times FROM purchases GROUP BY reference"
        )
        purchases = {row["reference"]: row["times"] for row in per_reference}
        doubles = sorted(reference for reference, times in purchases.items() if times > 1)
        active = self._store.rows("SELECT reference, id FROM subscriptions WHERE state = 'active'")
        running = {row["reference"]: row["id"] for row in active}
        return jsonify(
            {"purchases": purchases, "doubles": doubles, "running": running, "counts": self._counts()}
        )

    def purchases(self) -> Response:
        """The next purchases after a number, oldest first; `last` is where to go on from."""
        after = request.args.get("after", 0, type=int)
        found = self._store.rows("SELECT * FROM purchases WHERE n > ? ORDER BY n LIMIT ?", after, PAGE)
        return jsonify({"purchases": found, "last": found[-1]["n"] if found else after})

    def show_moods(self) -> Response:
        return jsonify(self._moods.settings)

    def set_moods(self) -> Response:
        """Replace all settings by the posted ones."""
        posted: Any = request.get_json(silent=True)
        if not isinstance(posted, dict):
            return problem(400, "malformed", "Post a JSON object.")
        try:
            self._moods.adopt(read(cast("dict[str, Any]", posted)))
        except BadMood as wrong:
            return problem(400, "malformed", str(wrong))
        return self.show_moods()

    def reset(self) -> Response:
        """Forget everything, moods too."""
        self._store.forget_everything()
        self._moods.adopt(Settings())
        return Response(status=204)

    def show_offering(self) -> Response:
        """What differs from the beginning, and every plan with its price."""
        return jsonify({"changes": self._offering.changes, "plans": self._offering.plans()})

    def change_offering(self) -> Response:
        """Replace what differs from the beginning."""
        posted: Any = request.get_json(silent=True)
        try:
            self._offering.adopt(read_changes(posted))
        except BadOffering as wrong:
            return problem(400, "malformed", str(wrong))
        return self.show_offering()

    def offer_by_form(self) -> AnyResponse | tuple[str, int]:
        """One plan dearer or gone, a product more, or all as in the beginning."""
        try:
            self._offering.adopt(self._offering.changed(**request.form.to_dict()))
        except (BadOffering, TypeError) as wrong:
            return self._drawn(str(wrong)), 400
        return redirect("./", code=303)

    def page(self) -> str:
        return self._drawn()

    def set_by_form(self) -> AnyResponse | tuple[str, int]:
        try:
            self._moods.adopt(self._from_form())
        except BadMood as wrong:
            return self._drawn(str(wrong)), 400
        return redirect("./", code=303)

    def _from_form(self) -> Settings:
        now = self._moods.settings
        match request.form.get("do"):
            case "idempotent":
                return replace(now, idempotent=not now.idempotent)
            case "clear":
                return replace(now, moods=())
            case "add":
                given: dict[str, Any] = {
                    name: text for name, text in request.form.items() if text and name != "do"
                }
                for name in {"seconds", "lag", "chance", "times"} & set(given):
                    given[name] = _number(name, given[name])
                return replace(now, moods=(read_mood(given), *now.moods))
            case _:
                raise BadMood("There is no such button.")

    def _drawn(self, wrong: str = "") -> str:
        self._store.finish_due()
        return render_template(
            "sandbox.html",
            wrong=wrong,
            counts=self._counts(),
            settings=self._moods.settings,
            calls=list(self._calls.latest),
            choices={"kind": get_args(Kind), "scope": get_args(Scope), "on": get_args(CallType)},
            clock=_clock,
            plans=self._offering.plans(),
            offering=self._offering.changes,
            subscriptions=self._store.rows(SUBSCRIPTIONS, SHOWN),
            purchases=self._store.rows(PURCHASES, SHOWN),
        )

    def _counts(self) -> dict[str, Any]:
        counted = self._store.rows(COUNTS)[0]
        return counted | {
            "calls": sum(self._calls.counts.values()),
            "calls_by_mood": dict(self._calls.counts),
        }


def _clock(at: float) -> str:
    return time.strftime("%H:%M:%S", time.gmtime(at))


def _number(name: str, text: str) -> float | int:
    try:
        return int(text) if name == "times" else float(text)
    except ValueError:
        raise BadMood(f"“{name}” is a number.") from None
