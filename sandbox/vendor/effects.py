"""What a request does to the vendor's books, inside the caller's transaction: tenants, subscriptions, one
licence per seat, and one row of `purchases` for each effect, whatever the client believes.
"""

import secrets
import sqlite3
import time
from typing import Any

SIGNS = "BCDFGHJKMPQRTVWXY2346789"  # as on printed product keys: nothing that reads like another sign
MOST_SEATS = 100_000


class Impossible(Exception):
    """The books do not allow it; `code` says why in a word."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def take(db: sqlite3.Connection, reference: str, kind: str, asked: dict[str, Any]) -> dict[str, Any]:
    """Do it and return what the answer says about it."""
    if kind == "provision":
        return _sell(db, reference, asked)
    held = subscription(db, asked["subscription"])
    match kind:
        case "change":
            result = _change(db, held, asked)
        case "transfer":
            result = _transfer(db, reference, held, asked)
        case "suspend" | "resume":
            result = _set_state(db, held, "suspended" if kind == "suspend" else "active")
        case _:
            result = _set_state(db, held, "ended")
    _count(db, reference, kind, result)
    return result


def subscription(db: sqlite3.Connection, known_as: str) -> dict[str, Any]:
    row = db.execute("SELECT * FROM subscriptions WHERE id = ?", [known_as]).fetchone()
    if row is None:
        raise Impossible("absent", "There is no such subscription.")
    return dict(row)


def reasons_against(asked: dict[str, Any]) -> str:
    """Why this could not be sold, or nothing."""
    quantity = asked.get("quantity")
    if not isinstance(asked.get("sku"), str) or not asked["sku"]:
        return "A SKU is needed."
    if not isinstance(quantity, int) or isinstance(quantity, bool) or not 1 <= quantity <= MOST_SEATS:
        return f"The quantity must be a whole number from 1 to {MOST_SEATS}."
    return ""


def _sell(db: sqlite3.Connection, reference: str, asked: dict[str, Any]) -> dict[str, Any]:
    made = _make(db, reference, asked)
    _count(db, reference, "provision", made)
    return made


def _make(db: sqlite3.Connection, reference: str, asked: dict[str, Any]) -> dict[str, Any]:
    tenant = _tenant(db, asked)
    known_as, sku, quantity = f"sub-{secrets.token_hex(8)}", str(asked["sku"]), int(asked["quantity"])
    db.execute(
        "INSERT INTO subscriptions (id, reference, tenant, sku, quantity, state, made_at)"
        " VALUES (?, ?, ?, ?, ?, 'active', ?)",
        (known_as, reference, tenant["id"], sku, quantity, time.time()),
    )
    keys = _license(db, known_as, range(1, quantity + 1))
    details = {"tenant": tenant["domain"], "administrator": f"admin@{tenant['domain']}"}
    return {"id": known_as, "sku": sku, "quantity": quantity, "licences": keys, "details": details}


def _tenant(db: sqlite3.Connection, asked: dict[str, Any]) -> dict[str, Any]:
    email = asked.get("customer", {}).get("email", "nobody@example.invalid").lower()
    row = db.execute("SELECT * FROM tenants WHERE email = ?", [email]).fetchone()
    if row is not None:
        return dict(row)
    name = asked.get("customer", {}).get("name", "")
    short = "".join(sign for sign in name.lower() if sign.isascii() and sign.isalnum())[:20] or "tenant"
    domain = asked.get("fields", {}).get("domain") or f"{short}-{secrets.token_hex(2)}.onvendor.example"
    made = {"id": f"ten-{secrets.token_hex(6)}", "email": email, "name": name, "domain": domain}
    db.execute("INSERT INTO tenants (id, email, name, domain) VALUES (:id, :email, :name, :domain)", made)
    return made


def _change(db: sqlite3.Connection, held: dict[str, Any], asked: dict[str, Any]) -> dict[str, Any]:
    if held["state"] != "active":
        raise Impossible("not_active", f"The subscription is {held['state']}; its seats cannot be changed.")
    known_as, before, after = held["id"], held["quantity"], asked["quantity"]
    db.execute("UPDATE subscriptions SET quantity = ?, sku = ? WHERE id = ?", (after, asked["sku"], known_as))
    db.execute("DELETE FROM licences WHERE subscription = ? AND seat > ?", (known_as, after))
    keys = _license(db, known_as, range(before + 1, after + 1))
    details = {"seats_remaining": f"1 to {after}"}
    return {"id": known_as, "sku": asked["sku"], "quantity": after, "licences": keys, "details": details}


def _transfer(
    db: sqlite3.Connection, reference: str, held: dict[str, Any], asked: dict[str, Any]
) -> dict[str, Any]:
    """Another id under another tenant, with keys of its own; the old one is suspended for good."""
    if held["state"] != "active":
        raise Impossible("not_active", f"The subscription is {held['state']}; it cannot be moved.")
    if asked["sku"] != held["sku"] or asked["quantity"] > held["quantity"]:
        raise Impossible("not_as_held", "More is asked for than there is to be moved.")
    made = _make(db, reference, asked)
    db.execute("UPDATE subscriptions SET state = 'suspended' WHERE id = ?", [held["id"]])
    return made


def _set_state(db: sqlite3.Connection, held: dict[str, Any], state: str) -> dict[str, Any]:
    if held["state"] == "ended":
        raise Impossible("ended", "The subscription has ended.")
    db.execute("UPDATE subscriptions SET state = ? WHERE id = ?", (state, held["id"]))
    return {"id": held["id"], "sku": held["sku"], "quantity": held["quantity"], "licences": []}


def _license(db: sqlite3.Connection, known_as: str, seats: range) -> list[str]:
    keys = [_key() for _ in seats]
    rows = [(known_as, seat, key) for seat, key in zip(seats, keys, strict=True)]
    db.executemany("INSERT INTO licences (subscription, seat, key) VALUES (?, ?, ?)", rows)
    return keys


def _key() -> str:
    signs = "".join(SIGNS[byte % len(SIGNS)] for byte in secrets.token_bytes(25))
    return "-".join(signs[at : at + 5] for at in range(0, 25, 5))


def _count(db: sqlite3.Connection, reference: str, kind: str, result: dict[str, Any]) -> None:
    db.execute(
        "INSERT INTO purchases (reference, kind, subscription, sku, quantity, made_at)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (reference, kind, result["id"], result["sku"], result["quantity"], time.time()),
    )
