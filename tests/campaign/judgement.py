"""What came of it: the vendor's books, Stripe's and the inbox against ours. Nothing may be lost, nothing
doubled."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import httpx

from sandbox import installations
from sandbox.inbox.mails import Mails
from tests.campaign.chaos import Chaos
from tests.campaign.shopping import Shoppers
from tests.campaign.towns import STRIPE, Town

WHERE = "FROM orders o JOIN deliveries d ON d.distributor_id = o.distributor_id AND d.order_id = o.id"


def judge(town: Town, shoppers: Shoppers, chaos: Chaos) -> list[str]:
    """What is wrong; nothing, if everything that was paid was bought once and the doctor is silent."""
    vendor = httpx.get(f"{town.vendor}/_sandbox/state", timeout=30).json()
    bought: dict[str, int] = vendor["purchases"]
    ours = {
        str(reference): (code, state)
        for reference, code, state in town.sql(f"SELECT d.reference, o.code, d.state {WHERE}")
    }
    delivered = {code for code, state in ours.values() if state == "success"}
    refused = {code for code, state in ours.values() if state == "refused"}
    findings = {
        "paid, neither delivered nor refused (lost)": set(shoppers.paid) - delivered - refused,
        **given_back(town, refused),
        "delivered but not bought (lost)": {
            code
            for reference, (code, state) in ours.items()
            if state == "success" and not bought.get(reference)
        },
        "bought more than once (doubled)": {
            ours.get(reference, (reference, ""))[0] for reference, times in bought.items() if times > 1
        },
        "bought for nobody (orphan)": set(bought) - set(ours),
        "placed twice": {code for code, count in Counter(shoppers.placed).items() if count > 1},
        "placed, though nobody knows (doubled)": set()
        if shoppers.gave_up
        else {code for (code,) in town.sql("SELECT code FROM orders")} - set(shoppers.placed),
        **charged(town),
        **licensed(town, vendor["running"]),
        **mailed(town),
        **told(town),
        "web workers that outlived their server": chaos.outlived,
    }
    wrong = [
        f"{len(codes)} {what}: {', '.join(sorted(codes)[:5])}" for what, codes in findings.items() if codes
    ]
    doctor = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "app", "doctor"],
        env=town.env,
        capture_output=True,
        text=True,
        cwd=installations.ROOT,
    )
    return wrong + (
        [f"the doctor says:\n{doctor.stdout}{doctor.stderr[-2000:]}"] if doctor.returncode else []
    )


def given_back(town: Town, refused: set[str]) -> dict[str, set[str]]:
    """What the vendor refused went back to the card, all of it and once (QM6, QP10)."""
    there = httpx.get(f"{town.stripe}/_sandbox/state", timeout=30).json()["accounts"][f"acct_{STRIPE}"]
    here = town.sql(
        "SELECT o.code, r.state, p.captured_minor = r.amount_minor FROM refunds r"
        " JOIN orders o ON o.distributor_id = r.distributor_id AND o.id = r.order_id"
        " JOIN payments p ON p.distributor_id = r.distributor_id AND p.id = r.payment_id"
    )
    done = Counter(code for code, state, whole in here if state == "done" and whole)
    made = sum(there["refunds"].values())
    return {
        "refused and not given back (lost)": refused - set(done),
        "given back without a refusal, or twice (doubled)": (set(done) - refused)
        | {code for code, times in done.items() if times > 1},
        "refunds at Stripe that are not ours, or twice (doubled)": {f"{made} for {len(refused)} refused"}
        if made != len(refused)
        else set(),
    }


def charged(town: Town) -> dict[str, set[str]]:
    """Stripe's pages against ours: who was charged, how often, how much (QM5); and what a refused order would
    still hold of somebody's credit (QM7)."""
    pages = httpx.get(f"{town.stripe}/_sandbox/payments", timeout=30).json()["payments"]
    there = {page["session"]: page["amount"] for page in pages if page["paid"]}
    ours = {
        session: (code, captured if state == "paid" else None)
        for session, code, state, captured in town.sql(
            "SELECT a.session_id, o.code, a.state, p.captured_minor FROM payment_attempts a"
            " JOIN payments p ON p.distributor_id = a.distributor_id AND p.id = a.payment_id"
            " JOIN orders o ON o.distributor_id = p.distributor_id AND o.id = p.order_id"
            " WHERE a.session_id IS NOT NULL"
        )
    }
    times = Counter(
        ours[page["session"]][0] if page["session"] in ours else page["session"]
        for page in pages
        if page["paid"] and page["refunded"] < page["amount"]
    )
    still_held = town.sql(
        f"SELECT o.code {WHERE} JOIN holds h ON h.distributor_id = o.distributor_id AND h.order_id = o.id"
        " WHERE d.state = 'refused' AND h.released_at IS NULL"
    )
    return {
        "charged more than once (doubled)": {code for code, count in times.items() if count > 1},
        "charged, and not written down as that (lost)": {
            ours.get(session, (session, None))[0]
            for session, amount in there.items()
            if ours.get(session, (session, None))[1] != amount
        },
        "written down as paid, but not charged": {
            code
            for session, (code, captured) in ours.items()
            if captured is not None and session not in there
        },
        "refused, and credit is still held": {code for (code,) in still_held},
    }


def licensed(town: Town, running: dict[str, str]) -> dict[str, set[str]]:
    """What was delivered is what runs at the vendor, under its id, with a licence for each seat and no key
    twice (QP1, QP5)."""
    rows = town.sql(
        "SELECT o.code, d.reference, v.external_id, s.quantity, count(l.id), count(DISTINCT l.key)"
        f" {WHERE} JOIN subscriptions s ON s.distributor_id = d.distributor_id AND s.id = d.subscription_id"
        " LEFT JOIN vendor_records v ON v.distributor_id = d.distributor_id AND v.delivery_id = d.id"
        " LEFT JOIN licences l ON l.distributor_id = s.distributor_id AND l.subscription_id = s.id"
        " WHERE d.state = 'success' GROUP BY o.code, d.reference, v.external_id, s.quantity"
    )
    twice = town.sql("SELECT key FROM licences GROUP BY key HAVING count(*) > 1")
    return {
        "delivered under an id that does not run at the vendor": {
            code for code, reference, external_id, *_ in rows if running.get(str(reference)) != external_id
        },
        "delivered without a licence for each seat, or with more": {
            code for code, _, _, *seats in rows if len(set(seats)) != 1
        },
        "licence keys given twice (doubled)": {str(key) for (key,) in twice},
    }


TOLD = {
    "mail_order_received": ("order_id", "o.id", "true"),
    "mail_service_ready": ("subscription_id", "d.subscription_id", "d.state = 'success'"),
    "mail_refunded": ("refund_id", "r.id", "r.state = 'done'"),
}
"""kind of mail -> the argument that names its object, the object, and when somebody must have got it."""


def told(town: Town) -> dict[str, set[str]]:
    """Whoever ordered was told of the order and of what came of it, once each (QC9)."""
    findings: dict[str, set[str]] = {}
    for kind, (argument, about, due) in TOLD.items():
        rows = town.sql(
            f"SELECT o.code, count(t.id) {WHERE}"
            " LEFT JOIN refunds r ON r.distributor_id = o.distributor_id AND r.order_id = o.id"
            f" LEFT JOIN tasks t ON t.distributor_id = o.distributor_id AND t.kind = '{kind}'"
            f" AND t.state = 'done' AND t.args ->> '{argument}' = CAST({about} AS text)"
            f" WHERE {due} GROUP BY o.code"
        )
        findings[f"without a {kind} (lost)"] = {code for code, count in rows if not count}
        findings[f"with a second {kind} (doubled)"] = {code for code, count in rows if count > 1}
    return findings


def arrived(room: Path) -> Counter[str]:
    """Message-ID -> how often it came."""
    return Counter(str(mail.message["Message-ID"]) for mail in Mails(room / "inbox").search(limit=1_000_000))


def mailed(town: Town) -> dict[str, set[str]]:
    """Mails that were said to be sent and did not arrive, and those that arrived once more without an attempt
    whose end nobody heard of: its process died, or the answer was lost (QC9)."""
    came = arrived(town.room)
    unheard = {
        f"<{kind.removeprefix('mail_')}.{task}@localhost>": count
        for kind, task, count in town.sql(
            "SELECT t.kind, t.id, count(a.id) FILTER (WHERE a.outcome <> 'done') FROM tasks t"
            " LEFT JOIN task_attempts a ON a.distributor_id = t.distributor_id AND a.task_id = t.id"
            " WHERE t.kind LIKE 'mail_%' AND t.state = 'done' GROUP BY t.kind, t.id"
        )
    }
    return {
        "mails sent but not arrived (lost)": set(unheard) - set(came),
        "mails that arrived again for no reason (doubled)": {
            name for name, times in came.items() if times - 1 > unheard.get(name, 0)
        },
    }
