"""Orders of many licences that are paid by bank transfer: the buyer asks, the distributor answers and records
the money."""

from tests.shots.acts import all_of, checks, put, see, send
from tests.shots.camera import STAY, Chapter, Stop
from tests.shots.stops import lists

TRANSFER = "input[name=pay_by][value=transfer]"

CHAPTERS = [
    Chapter(
        "A customer asks for bank transfer",
        "otto@",
        "/harbour",
        (
            Stop(
                "customer-checkout-transfer",
                "/checkout",
                then=checks(TRANSFER),
            ),
            Stop(
                "customer-order-transfer-asked",
                "",
                STAY,
                then=all_of(send("main form[data-guard]"), see("Waiting for the answer")),
            ),
        ),
        first=put("0patch-enterprise", 120),
    ),
    Chapter(
        "The distributor: bank transfers",
        "nora@",
        "",
        (
            *lists("distributor", **{"bank-transfers": "bank-transfers"}),
            Stop(
                "distributor-bank-transfer",
                "/distributor/bank-transfers/<code>",
                "/distributor/bank-transfers",
                row="Osprey",
            ),
            Stop(
                "distributor-bank-transfer-wrong",
                "",
                STAY,
                then=send("form[action$='/grant']", account="DE00 1234"),
            ),
            Stop(
                "distributor-bank-transfer-granted",
                "",
                STAY,
                then=send(
                    "form[action$='/grant']", account="DE89 3704 0044 0532 0130 00", bank="Example Bank"
                ),
            ),
            Stop(
                "distributor-bank-transfer-short",
                "",
                STAY,
                then=send(
                    "form[action$='/receipts']",
                    **{"receipt__amount": "10.00", "receipt__reference": "NTRF 4711"},
                ),
            ),
        ),
    ),
    Chapter(
        "A customer with the account to transfer to",
        "otto@",
        "/harbour",
        (Stop("customer-order-transfer-granted", "", "/orders", row="0patch"),),
    ),
    Chapter(
        "The distributor: the money has arrived",
        "nora@",
        "",
        (
            Stop(
                "distributor-bank-transfer-received",
                "",
                "/distributor/bank-transfers",
                row="Osprey",
                then=send(
                    "form[action$='/receipts']",
                    **{"receipt__amount": "4000.00", "receipt__reference": "NTRF 4711"},
                ),
            ),
        ),
    ),
]
