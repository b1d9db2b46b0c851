"""Deals: a reseller registers them, the distributor decides."""

from tests.shots.acts import all_of, choose, opens, send
from tests.shots.camera import STAY, Chapter, Stop
from tests.shots.stops import lists

CHAPTERS = [
    Chapter(
        "A reseller with deals",
        "hugo@",
        "",
        (
            *lists("reseller", deals="deals"),
            Stop("reseller-deal-new", "/reseller/deals/new"),
            Stop("reseller-deal-new-wrong", "/reseller/deals/new", then=send("main form[data-guard]")),
            Stop("reseller-deal", "/reseller/deals/<code>", "/reseller/deals", row="Heron"),
            Stop("reseller-deal-change", "", STAY, then=opens("Contact, value")),
            Stop("reseller-deal-withdraw", "", STAY, then=opens("Withdraw")),
            Stop("reseller-deal-rejected", "/reseller/deals/<code>", "/reseller/deals", row="Smith"),
            Stop(
                "reseller-invite-too-early",
                "/reseller/customers/invite",
                then=all_of(
                    choose("main [name=country]", "NL"),
                    send("main form[data-guard]", company="Newcomer", name="Nina", email="nina@new.example"),
                ),
            ),
        ),
    ),
    Chapter(
        "The distributor and deals",
        "nora@",
        "",
        (
            *lists("distributor", deals="deals"),
            Stop("distributor-deal", "/distributor/deals/<code>", "/distributor/deals", row="Acorn"),
            Stop("distributor-deal-reject", "", STAY, then=opens("Reject")),
            Stop("distributor-deal-wrong", "", STAY, then=send("form[action$='/reject']")),
            Stop("distributor-deal-approved", "", STAY, then=send("form[action$='/approve']")),
            Stop(
                "distributor-deal-expired", "/distributor/deals/<code>", "/distributor/deals", row="Sandpiper"
            ),
            Stop(
                "distributor-programme-deals",
                "/distributor/programmes/<code>/deals",
                "/distributor/programmes/device-management/deals",
            ),
            Stop("distributor-programme-deals-wrong", "", STAY, then=send(valid_days="0", reasons="")),
        ),
    ),
]
