"""What the staff of the distributor see: work, orders and refunds, resellers, connectors, settings."""

from tests.shots.acts import all_of, fill, opens, press, see_in_list, send, services_read, to_link
from tests.shots.camera import STAY, Chapter, Stop
from tests.shots.stops import lists

FIRST = [
    Chapter(
        "The distributor",
        "nora@",
        "",
        (
            Stop("distributor-dashboard", "/distributor/"),
            Stop("distributor-work", "/distributor/work"),
            Stop("distributor-work-close", "/distributor/work", STAY, then=opens("Close this item")),
            Stop("distributor-work-close-wrong", "/distributor/work", then=send("form[action$='/close']")),
            *lists(
                "distributor",
                orders="orders",
                subscriptions="subscriptions",
                catalogue="catalogue",
                resellers="resellers",
                customers="customers",
                applications="applications",
                programmes="programmes",
                partnerships="partnerships",
                commissions="commissions",
                conditions="conditions",
                acceptances="acceptances",
                consents="consents",
                deliveries="deliveries",
                invoices="invoices",
                payments="payments",
                plans="plans",
                staff="staff",
                managers="managers",
                webhooks="webhooks",
                tasks="tasks",
            ),
            Stop(
                "distributor-order",
                "/distributor/orders/<code>",
                "/distributor/orders?show=done",
                row="Acorn",
            ),
        ),
    ),
]

ORDERS = [
    Chapter(
        "The distributor's orders and refunds",
        "nora@",
        "",
        (
            Stop("distributor-refunds-none", "/distributor/refunds"),
            Stop(
                "distributor-refund",
                "/distributor/order-lines/<line_id>/refund",
                "/distributor/orders?show=done",
                row="Acorn",
                then=to_link("/refund"),
            ),
            Stop(
                "distributor-refund-wrong",
                "/distributor/order-lines/<line_id>/refund",
                STAY,
                then=send("main form", amount="99999", why="Too much was sold."),
            ),
            Stop(
                "distributor-refund-exact",
                "/distributor/order-lines/<line_id>/refund",
                STAY,
                then=send("main form", amount="10", why="Too much was sold."),
            ),
            Stop("distributor-order-refunded", "/distributor/orders/<code>", STAY, then=press("Give back")),
            Stop("distributor-refunds", "/distributor/refunds", then=see_in_list("/credit-notes/")),
            Stop(
                "distributor-credit-note",
                "/distributor/credit-notes/<note_id>",
                STAY,
                then=to_link("/credit-notes/"),
            ),
            Stop(
                "distributor-order-checking",
                "/distributor/orders/<code>",
                "/distributor/orders?show=unknown",
                row="Acorn",
            ),
            Stop(
                "distributor-order-stopped",
                "/distributor/orders/<code>",
                "/distributor/orders?show=stuck",
                row="Osprey",
            ),
            Stop("distributor-order-refuse", "/distributor/orders/<code>", STAY, then=opens("Refuse")),
            Stop(
                "distributor-order-refused",
                "/distributor/orders/<code>",
                "/distributor/orders?show=failed",
                row="Osprey",
            ),
            Stop(
                "distributor-order-unpaid",
                "/distributor/orders/<code>",
                "/distributor/orders?show=unpaid",
                row="Lumen",
            ),
            Stop(
                "distributor-subscription",
                "/distributor/subscriptions/<code>",
                "/distributor/subscriptions",
                row="Business Standard",
            ),
            Stop(
                "distributor-subscription-cancel",
                "/distributor/subscriptions/<code>/cancel",
                "/distributor/subscriptions?q=Standard",
                row="for itself",
                then=to_link("/cancel"),
            ),
        ),
    ),
]

SETTINGS = [
    Chapter(
        "The distributor's resellers, connectors and settings",
        "nora@",
        "",
        (
            Stop(
                "distributor-reseller",
                "/distributor/resellers/<code>",
                "/distributor/resellers",
                row="Harbour",
            ),
            Stop(
                "distributor-reseller-wrong",
                "",
                STAY,
                then=all_of(
                    fill("form[action$='/credit'] [name$=ceiling]", "-1"), send("form[action$='/credit']")
                ),
            ),
            Stop(
                "distributor-activation",
                "/distributor/resellers/<code>/activate",
                "/distributor/resellers",
                row="Kestrel",
                then=to_link("/activate"),
            ),
            Stop("distributor-activation-wrong", "", STAY, then=send(alias="-- not an alias --")),
            Stop(
                "distributor-customer", "/distributor/customers/<code>", "/distributor/customers", row="Acorn"
            ),
            Stop("distributor-connectors", "/distributor/connectors"),
            Stop("distributor-connectors-pause", "/distributor/connectors", STAY, then=opens("Pause")),
            Stop(
                "distributor-connectors-wrong",
                "/distributor/connectors",
                then=send("#http_service form", base_url="nowhere"),
            ),
            Stop("distributor-connectors-checked", "/distributor/connectors", then=press("Pre-check now")),
            Stop(
                "distributor-services",
                "/distributor/connectors/<key>/services",
                "/distributor/connectors/http_service/services",
            ),
            Stop("distributor-services-wrong", "", STAY, then=send("main form:has([name=share])", share="x")),
            Stop(
                "distributor-services-asked",
                "",
                "/distributor/connectors/http_service/services",
                then=services_read(),
            ),
            Stop("distributor-services-import", "", STAY, then=to_link("/price-imports/IMP")),
            Stop("distributor-gateway", "/distributor/gateway"),
            Stop("distributor-gateway-checked", "/distributor/gateway", then=press("Check the key")),
            Stop("distributor-gateway-wrong", "/distributor/gateway", then=send(account_id="")),
            Stop("distributor-tax-rates", "/distributor/tax-rates"),
            Stop(
                "distributor-tax-rates-wrong",
                "/distributor/tax-rates",
                then=send("form:has([name=percent])", percent="x"),
            ),
            Stop("distributor-company", "/distributor/company"),
            Stop(
                "distributor-company-wrong",
                "/distributor/company",
                then=send("form[data-guard]", company__legal_name=""),
            ),
            Stop("distributor-time", "/distributor/time"),
            Stop("distributor-time-wrong", "/distributor/time", then=send("form:has([name=days])")),
            Stop("distributor-not-found", "", "/distributor/orders/nothing"),
        ),
    ),
]

OTHERS = [
    Chapter(
        "A billing agent of the distributor",
        "milan@",
        "",
        (
            Stop(
                "distributor-product-denied",
                "/distributor/catalogue/<code>",
                "/distributor/catalogue",
                row="Microsoft",
                then=send("main form:has([name^=list-])"),
            ),
            Stop("distributor-company-denied", "/distributor/company"),
            Stop("distributor-terms-denied", "/distributor/terms"),
            Stop("distributor-gateway-denied", "/distributor/gateway", then=press("Check the key")),
        ),
    ),
    Chapter(
        "A partner manager looks at a partner's console",
        "mira@",
        "",
        (
            Stop(
                "distributor-look",
                "/distributor/resellers/<code>/look",
                "/distributor/resellers",
                row="Harbour",
                then=to_link("/look"),
            ),
            Stop("distributor-look-wrong", "", STAY, then=send("main form[method=post]")),
            Stop(
                "reseller-dashboard-looked-at",
                "",
                STAY,
                then=all_of(fill("[name=why]", "Your question about a price."), press("Look at the console")),
            ),
            Stop("reseller-team-looked-at", "", "/reseller/team"),
            Stop(
                "reseller-looked-at-denied",
                "",
                STAY,
                then=send("main form[method=post]", name="Mira", email="mira@x.example"),
            ),
            Stop("distributor-managers-while-looking", "", "/distributor/managers"),
            Stop("distributor-look-ended", "", STAY, then=press("End the look")),
        ),
    ),
]
