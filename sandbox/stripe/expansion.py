"""`expand[]`: an id in an answer replaced by the object it names, along a dotted path."""

from typing import Any, cast

from .refusals import Json, bad_parameter
from .store import Act

EXPANDABLE = {
    ("checkout.session", "payment_intent"): "payment_intent",
    ("checkout.session", "customer"): "customer",
    ("payment_intent", "latest_charge"): "charge",
    ("payment_intent", "customer"): "customer",
    ("charge", "balance_transaction"): "balance_transaction",
    ("charge", "payment_intent"): "payment_intent",
    ("dispute", "charge"): "charge",
    ("dispute", "payment_intent"): "payment_intent",
    ("refund", "balance_transaction"): "balance_transaction",
    ("refund", "payment_intent"): "payment_intent",
    ("refund", "charge"): "charge",
}
DEEPEST = 4


def expand(act: Act, answer: Json, paths: list[str]) -> Json:
    for path in paths:
        steps = path.split(".")
        if len(steps) > DEEPEST:
            raise bad_parameter(f"You cannot expand more than {DEEPEST} levels of a property.", "expand")
        walk(act, answer, steps, path)
    return answer


def walk(act: Act, thing: Json, steps: list[str], path: str) -> None:
    step, rest = steps[0], steps[1:]
    if thing.get("object") == "list" and step == "data" and rest:
        for each in cast(list[Json], thing["data"]):
            walk(act, each, rest, path)
        return
    inner = opened(act, thing, step, path)
    if inner is not None and rest:
        walk(act, inner, rest, path)


def opened(act: Act, thing: Json, step: str, path: str) -> Json | None:
    if (thing["object"], step) == ("checkout.session", "line_items"):
        thing.setdefault("line_items", act.private(thing["id"])["line_items"])
        return None
    kind = EXPANDABLE.get((thing["object"], step))
    if kind is None:
        raise bad_parameter(f"This property cannot be expanded ({path}).", "expand")
    value: Any = thing.get(step)
    if isinstance(value, str):
        thing[step] = value = act.get(kind, value)
    return cast(Json | None, value)
