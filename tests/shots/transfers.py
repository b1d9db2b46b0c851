"""Subscriptions go over to another provider."""

from tests.shots.acts import all_of, checks, opens, press, see, send
from tests.shots.camera import STAY, Chapter, Stop
from tests.shots.stops import lists

CHAPTERS = [
    Chapter(
        "Handing over to another provider",
        "hugo@",
        "",
        (
            *lists("reseller", transfers="transfers"),
            Stop("transfer-outgoing", "/reseller/transfers/<code>", "/reseller/transfers", row="Lumen"),
            Stop("transfer-partners-of-hugo", "/reseller/transfers/partners"),
            Stop("transfer-choose-customer", "", "/reseller/transfers/new"),
            Stop("transfer-choose-customer-none", "", "/reseller/transfers/new?q=nothing-like-it"),
            Stop("transfer-new", "/reseller/transfers/new", "/reseller/transfers/new", row="Acorn"),
            Stop("transfer-new-wrong", "", STAY, then=send("main form[data-guard]")),
            Stop(
                "transfer-asked-the-house",
                "/reseller/transfers/<code>",
                STAY,
                then=all_of(
                    checks("form[data-guard] input[name=subscription]:not([disabled])"),
                    checks("form[data-guard] input[name=extend]"),
                    checks("form[data-guard] input[name=consent]"),
                    press("Ask the provider"),
                    see("Withdraw the request"),
                ),
            ),
        ),
    ),
    Chapter(
        "Taking over from another provider",
        "bea@",
        "",
        (
            Stop("transfer-incoming", "/reseller/transfers/<code>", "/reseller/transfers", row="Lumen"),
            Stop("transfer-reject", "", STAY, then=opens("Reject")),
            Stop("transfer-reject-wrong", "", STAY, then=send("form[action$='/reject']")),
            Stop(
                "transfer-moved",
                "",
                "/reseller/transfers",
                row="Lumen",
                then=all_of(press("Accept"), see("1 of 1 moved")),
            ),
            Stop("transfer-partners", "/reseller/transfers/partners"),
            Stop("transfer-partners-wrong", "", STAY, then=send("form:has([name=code])", code="RES-NOBODY")),
        ),
    ),
    Chapter(
        "The distributor takes over",
        "nora@",
        "",
        (
            *lists("distributor", transfers="transfers"),
            Stop(
                "distributor-transfer", "/distributor/transfers/<code>", "/distributor/transfers", row="Acorn"
            ),
            Stop("distributor-transfer-reject", "", STAY, then=opens("Reject")),
            Stop(
                "distributor-transfer-moving",
                "",
                "/distributor/transfers",
                row="Acorn",
                then=all_of(press("Accept"), see("Accepted")),
            ),
            Stop("distributor-transition", "/distributor/transfers/transition"),
            Stop(
                "distributor-transition-wrong",
                "",
                STAY,
                then=send("form:has([name=code])", code="RES-NOBODY"),
            ),
        ),
    ),
    Chapter(
        "A service that has moved",
        "lena@lumen",
        "/harbour",
        (Stop("customer-service-moved", "/services/<code>", "/services", row="Premium"),),
    ),
    Chapter(
        "A subscription that has moved",
        "hugo@",
        "",
        (
            Stop(
                "reseller-subscription-moved",
                "/reseller/subscriptions/<code>",
                "/reseller/subscriptions",
                row="Premium",
            ),
        ),
    ),
]
