"""A reseller before it may sell, and the plan it buys."""

from tests.shots.acts import all_of, buy_plan, press, publish, see, send, stripe, to_link, type_card
from tests.shots.camera import STAY, Chapter, Stop
from tests.shots.stops import TERMS

BEFORE = [
    Chapter(
        "A reseller before its plan",
        "bea@",
        "",
        (
            Stop("new-reseller-dashboard", "/reseller/"),
            Stop("new-reseller-plans", "/reseller/plans"),
            Stop("new-reseller-customers", "/reseller/customers"),
            Stop("new-reseller-invite", "/reseller/customers/invite"),
            Stop("new-reseller-orders", "/reseller/orders"),
            Stop("new-reseller-subscriptions", "/reseller/subscriptions"),
            Stop("new-reseller-prices", "/reseller/prices"),
            Stop("new-reseller-money", "/reseller/money"),
            Stop("new-reseller-programmes", "/reseller/programmes"),
            Stop("new-reseller-deals", "/reseller/deals"),
            Stop("new-reseller-deal-not-a-partner", "/reseller/deals/new"),
            Stop(
                "new-reseller-enrolment",
                "/reseller/enrolments/<code>",
                "/reseller/enrolments/cloud-solutions",
            ),
            Stop(
                "new-reseller-enrolment-wrong",
                "/reseller/enrolments/<code>",
                "/reseller/enrolments/cloud-solutions",
                then=send("form[action$='/enrol']", email="no address"),
            ),
            Stop("new-reseller-branding", "/reseller/branding"),
            Stop("new-reseller-domain", "/reseller/domain"),
            Stop("new-reseller-terms", "/reseller/terms"),
            Stop("new-reseller-terms-of-the-distributor", "/reseller/terms/distributor"),
            Stop("new-reseller-team", "/reseller/team"),
            Stop("new-reseller-company", "/reseller/company"),
            Stop("new-reseller-looks", "/reseller/looks"),
            Stop("new-reseller-help", "/reseller/help"),
        ),
    ),
    Chapter(
        "A reseller that may not resell yet",
        "kira@",
        "",
        (
            Stop("waiting-reseller-dashboard", "/reseller/"),
            Stop("waiting-reseller-plans", "/reseller/plans"),
            Stop("waiting-reseller-plan", "/reseller/plans/<code>", "/reseller/plans/plan-standard-m"),
        ),
    ),
    Chapter(
        "The distributor publishes terms",
        "nora@",
        "",
        (
            Stop("distributor-terms-none", "/distributor/terms"),
            Stop("distributor-terms-wrong", "/distributor/terms", then=send("form[data-guard]")),
            Stop("distributor-terms", "/distributor/terms", then=publish(TERMS)),
        ),
    ),
]

BUYING = [
    Chapter(
        "A reseller buys its plan",
        "bea@",
        "",
        (
            Stop("reseller-plan", "/reseller/plans/<code>", "/reseller/plans/plan-standard-m"),
            Stop(
                "reseller-plan-wrong",
                "/reseller/plans/<code>",
                "/reseller/plans/plan-standard-m",
                then=send("main form:has([name=alias])", alias="-- not an alias --"),
            ),
            Stop(
                "reseller-payment-page-down",
                "/reseller/orders/<code>/pay",
                STAY,
                then=all_of(stripe(api="down"), buy_plan("Standard", "brightfield")),
            ),
            Stop(
                "reseller-order-unpaid",
                "/reseller/orders/<code>",
                "/reseller/orders",
                row="Standard",
                then=stripe(api="normal"),
            ),
            Stop("reseller-dashboard-waits", "/reseller/"),
            Stop(
                "reseller-order-ready",
                "/reseller/orders/<code>",
                "/reseller/orders",
                row="Standard",
                then=all_of(press("Pay now"), type_card(), see("Your storefront is open")),
            ),
            Stop("reseller-plans-open", "/reseller/plans"),
            Stop("reseller-terms-of-the-distributor", "/reseller/terms/distributor"),
            Stop("reseller-customers-none", "/reseller/customers"),
            Stop("reseller-prices-first", "/reseller/prices"),
            Stop("reseller-visibility", "/reseller/visibility"),
            Stop("reseller-domain-none", "/reseller/domain"),
            Stop("reseller-domain-wrong", "/reseller/domain", then=send(host="not a host")),
            Stop(
                "reseller-domain-claimed", "/reseller/domain", then=send(host="portal.brightfield.localhost")
            ),
            Stop(
                "reseller-domain-missing",
                "/reseller/domain",
                STAY,
                then=all_of(press("Look for the record"), see("Last looked")),
            ),
            Stop("names-record", "", STAY, then=to_link(":")),
        ),
    ),
]
