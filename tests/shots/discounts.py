"""What lowers prices: promotions of both sides, partner codes, and where a buyer sees them."""

from tests.shots.acts import opens, put, send, to_link
from tests.shots.camera import STAY, Chapter, Stop
from tests.shots.stops import lists

SALE = {"name": "Spring clean-out", "percent": "12.5"}

CHAPTERS = [
    Chapter(
        "Promotions and partner codes of the distributor",
        "nora@",
        "",
        (
            *lists("distributor", promotions="promotions"),
            Stop("distributor-promotion-new", "/distributor/promotions/new"),
            Stop(
                "distributor-promotion-wrong",
                "/distributor/promotions/new",
                then=send("form[data-guard]", name="Too much", percent="120"),
            ),
            Stop(
                "distributor-promotion-draft",
                "/distributor/promotions/<code>",
                "/distributor/promotions/new",
                then=send("form[data-guard]", **SALE),
            ),
            Stop(
                "distributor-promotion-change",
                "/distributor/promotions/<code>/edit",
                "/distributor/promotions",
                row="Spring",
                then=to_link("/edit"),
            ),
            Stop(
                "distributor-promotion",
                "/distributor/promotions/<code>",
                "/distributor/promotions",
                row="Microsoft",
            ),
            *lists("distributor", codes="partner-codes"),
            Stop("distributor-code-new", "/distributor/partner-codes/new"),
            Stop(
                "distributor-code-wrong",
                "/distributor/partner-codes/new",
                then=send("form[data-guard]", name="No", percent="0"),
            ),
            Stop(
                "distributor-code",
                "/distributor/partner-codes/<code>",
                "/distributor/partner-codes",
                row="0patch",
            ),
            Stop("distributor-code-revoke", "", STAY, then=opens("Revoke")),
        ),
    ),
    Chapter(
        "Discounts of a reseller",
        "hugo@",
        "",
        (
            *lists("reseller", promotions="promotions"),
            Stop("reseller-promotion-new", "/reseller/promotions/new"),
            Stop(
                "reseller-promotion-wrong",
                "/reseller/promotions/new",
                then=send("form[data-guard]", name="Nothing off"),
            ),
            Stop(
                "reseller-promotion-draft",
                "/reseller/promotions/<code>",
                "/reseller/promotions/new",
                then=send("form[data-guard]", **SALE),
            ),
            Stop(
                "reseller-promotion-change",
                "/reseller/promotions/<code>/edit",
                "/reseller/promotions",
                row="Spring",
                then=to_link("/edit"),
            ),
            Stop("reseller-promotion", "/reseller/promotions/<code>", "/reseller/promotions", row="Safe"),
            *lists("reseller", discounts="discounts"),
            Stop(
                "reseller-discounts-wrong",
                "/reseller/discounts",
                then=send("form:has([name=code])", code="PC-NOTMINE222"),
            ),
        ),
    ),
    Chapter(
        "Reduced prices in a portal",
        "lena@lumen",
        "/harbour",
        (
            Stop("discounts-shelf", "", "/?category=Security"),
            Stop("discounts-product", "", "/p/huntress-edr"),
            Stop("discounts-basket", "", "/basket", then=put("huntress-edr", 5)),
            Stop("discounts-checkout", "", "/checkout"),
        ),
    ),
]
