"""What customers, visitors and anybody with an account see."""

from tests.shots.acts import (
    LONG,
    accept,
    accept_agreement,
    agree,
    all_of,
    back_without_session,
    fill,
    first_mail,
    invite_customer,
    mail,
    opens,
    order,
    press,
    put,
    see,
    send,
    set_up_two_factor,
    sign_in_again,
    simulator,
    stripe,
    theme,
    to_link,
    type_card,
)
from tests.shots.camera import STAY, Chapter, Stop

BEFORE = [
    Chapter(
        "Anybody at the distributor's shop",
        "",
        "",
        (
            Stop("shop-home", "/"),
            Stop("shop-demo", "/demo"),
            Stop("shop-product", "/p/<code>", "/p/m365-business-basic"),
            Stop("shop-product-with-pictures", "/p/<code>", "/p/hexnode-express"),
            Stop("shop-product-in-german", "/p/<code>", "/p/hexnode-pro?lang=de"),
            Stop("shop-product-no-longer-sold", "/p/<code>", "/p/project-p1?lang=en"),
            Stop("shop-product-unknown", "", "/p/nothing-like-it"),
            Stop("shop-category", "/c/<slug>", "/c/productivity"),
            Stop("shop-narrowed", "/", "/?vendor=Microsoft&term=P1Y%2FP1M&sort=-price"),
            Stop("shop-narrowed-none", "/", "/?vendor=Microsoft&vendor=Nobody&price=1"),
            Stop("shop-search", "/search", "/search?q=Busines+Basik"),
            Stop("shop-search-narrowed", "/search", "/search?q=microsoft&category=Productivity"),
            Stop(
                "shop-compare",
                "/compare",
                "/compare?plan=m365-business-basic-m&plan=m365-business-standard-m&product=huntress-edr",
            ),
            Stop(
                "shop-compare-differences",
                "/compare",
                "/compare?product=0patch-pro&product=0patch-enterprise&only=differences",
            ),
            Stop("shop-compare-none", "/compare"),
            Stop("shop-search-nothing", "/search", "/search?q=nothing-like-it"),
            Stop("shop-help", "/help"),
            Stop("shop-terms-none", "/terms"),
            Stop("shop-sign-in", "/sign-in"),
            Stop(
                "shop-sign-in-wrong", "/sign-in", then=send(email="nora@northwind.example", password="wrong")
            ),
            Stop("shop-not-found", "", "/nowhere"),
            Stop("invitation-ended", "/invitations/<token>", "/invitations/nothing"),
            Stop("password-link-ended", "/forgotten/<token>", "/forgotten/nothing"),
            Stop("partners", "/partners"),
            Stop("partners-programme", "/partners/<code>", "/partners/cloud-solutions"),
            Stop(
                "partners-programme-wrong",
                "/partners/<code>",
                "/partners/device-management",
                then=send("main form[data-guard]", company=LONG, website="no address"),
            ),
            Stop(
                "application-waits",
                "/applications/<token>",
                STAY,
                then=mail("lena@lakeside.example", "We have your application", "/applications/"),
            ),
            Stop("application-unknown", "", "/applications/nothing"),
        ),
    ),
    Chapter(
        "Anybody at a reseller's portal",
        "",
        "/harbour",
        (
            Stop("portal-home", "/", "/"),
            Stop("portal-product", "/p/<code>", "/p/m365-business-standard"),
            Stop("portal-basket-asks-to-sign-in", "/basket"),
            Stop("password-forgotten", "/forgotten"),
            Stop("password-forgotten-wrong", "/forgotten", then=send(email="no address")),
            Stop("password-link-sent", "/forgotten", then=send(email="ben@acorn.example")),
            Stop(
                "password-choose",
                "/forgotten/<token>",
                STAY,
                then=mail("ben@acorn.example", "password", "/forgotten/"),
            ),
            Stop("password-choose-wrong", "", STAY, then=send(password="short")),
        ),
    ),
]

CUSTOMERS = [
    Chapter(
        "A customer who may do everything",
        "anna@acorn",
        "/harbour",
        (
            Stop("customer-home", "/", "/"),
            Stop("customer-terms", "/terms"),
            Stop("customer-basket-empty", "/basket"),
            Stop("customer-product", "/p/<code>", "/p/m365-business-standard"),
            Stop("customer-product-steps", "/p/<code>", "/p/0patch-pro?quantity=25"),
            Stop("customer-product-wrong", "/p/<code>", "/p/m365-business-standard", then=send(quantity="0")),
            Stop(
                "customer-basket",
                "/basket",
                then=all_of(put("m365-business-standard", 5), put("0patch-pro", 25)),
            ),
            Stop(
                "customer-basket-wrong",
                "/basket",
                then=all_of(fill("[name^=quantity-]", "9999999"), send("form:has(table)")),
            ),
            Stop("customer-checkout", "/checkout"),
            Stop("customer-checkout-wrong", "/checkout", then=send("main form[data-guard]")),
            Stop("stripe-pay", "", STAY, then=order),
            Stop("stripe-pay-wrong", "", STAY, then=press("Pay EUR")),
            Stop("stripe-declined", "", STAY, then=type_card("4000 0000 0000 9995")),
            Stop("stripe-bank-asks", "", STAY, then=type_card("4000 0027 6000 3184")),
            Stop("customer-order-moving", "/orders/<code>", STAY, then=press("Complete")),
            Stop(
                "customer-order-ready",
                "/orders/<code>",
                STAY,
                then=see("Everything of this order is delivered"),
            ),
            Stop("customer-orders", "/orders"),
            Stop("customer-orders-none-match", "/orders", "/orders?q=nothing-like-it"),
            Stop("customer-order-checking", "/orders/<code>", "/orders", row="Visio"),
            Stop("customer-services", "/services"),
            Stop("customer-services-none-match", "/services", "/services?q=nothing-like-it"),
            Stop("customer-service-seats", "/services/<code>", "/services", row="Business Standard"),
            Stop("customer-service-keys", "/services/<code>", "/services", row="0patch"),
            Stop(
                "customer-service-assign-wrong",
                "/services/<code>",
                STAY,
                then=send("form[action$='/assign']"),
            ),
            Stop("customer-service-checking", "/services/<code>", "/services", row="Visio"),
            Stop(
                "customer-service-end-now",
                "/services/<code>/cancel",
                "/services",
                row="Business Standard",
                then=to_link("?when=now"),
            ),
            Stop(
                "customer-service-cancel",
                "/services/<code>/cancel",
                "/services",
                row="0patch",
                then=to_link("/cancel"),
            ),
            Stop("customer-service-cancelled", "/services/<code>", STAY, then=press("Cancel it")),
            Stop("customer-invoices", "/invoices"),
            Stop("customer-invoice", "/invoices/<uuid:invoice_id>", STAY, then=to_link("/invoices/")),
            Stop("customer-invoices-none-match", "/invoices", "/invoices?q=nothing-like-it"),
            Stop("customer-agreements", "/agreements"),
            Stop("customer-product-terms", "/agreements/<code>", "/agreements/managed-security-terms"),
            Stop("customer-checkout-ticks", "/checkout", then=put("huntress-edr", 5)),
            Stop("customer-checkout-ticks-wrong", "/checkout", then=send("main form[data-guard]")),
            Stop("customer-consents", "/profile/consents"),
            Stop("customer-consents-wrong", "/profile/consents", then=send("main form.form")),
            Stop("customer-company", "/company"),
            Stop("customer-company-wrong", "/company", then=send(company__legal_name="", company__city="")),
            Stop("customer-people", "/people"),
            Stop(
                "customer-people-wrong", "/people", then=send("form[action$='/people']", email="no address")
            ),
            Stop("customer-denied", "", "/orders/nothing"),
            Stop(
                "customer-payment-page-down",
                "/orders/<code>/pay",
                STAY,
                then=all_of(put("0patch-pro", 20), stripe(api="down"), order),
            ),
            Stop(
                "customer-order-unpaid", "/orders/<code>", "/orders", row="0patch", then=stripe(api="normal")
            ),
            Stop("customer-order-cancelling", "/orders/<code>", STAY, then=opens("Cancel the order")),
            Stop("customer-order-cancelled", "/orders/<code>", STAY, then=send("form[action$='/cancel']")),
        ),
    ),
    Chapter(
        "A customer whose card and vendor said no",
        "lena@",
        "/harbour",
        (
            Stop("customer-orders-of-lena", "/orders"),
            Stop("customer-order-declined", "/orders/<code>", "/orders", row="Exchange"),
            Stop("customer-order-being-set-up", "/orders/<code>", "/orders", row="Huntress"),
            Stop("customer-service-pending", "/services/<code>", "/services", row="Huntress"),
        ),
    ),
    Chapter(
        "A customer whose orders stopped",
        "otto@",
        "/harbour",
        (
            Stop("customer-orders-of-otto", "/orders"),
            Stop("customer-order-refused", "/orders/<code>", "/orders", row="Power BI"),
            Stop("customer-order-worked-on", "/orders/<code>", "/orders", row="Hexnode"),
            Stop("customer-service-failed", "/services/<code>", "/services", row="Power BI"),
            Stop("customer-service-worked-on", "/services/<code>", "/services", row="Hexnode"),
        ),
    ),
    Chapter(
        "A customer whose reseller orders",
        "quentin@",
        "/harbour",
        (
            Stop("customer-orders-none", "/orders"),
            Stop("customer-services-none", "/services"),
            Stop("customer-invoices-none", "/invoices"),
            Stop("customer-product-not-buying", "/p/<code>", "/p/m365-business-standard"),
        ),
    ),
    Chapter(
        "A person of a customer who may not buy",
        "ben@acorn",
        "/harbour",
        (
            Stop("customer-checkout-denied", "/checkout"),
            Stop("agreement-link-ended", "/agreement-links/<token>", "/agreement-links/nothing"),
            Stop("customer-company-denied", "/company"),
            Stop("customer-people-denied", "/people"),
            Stop("customer-product-may-not-buy", "/p/<code>", "/p/m365-business-standard"),
        ),
    ),
]

THEMED = (
    ("", "/", "/"),
    ("-product", "/p/<code>", "/p/m365-business-standard"),
    ("-search", "/search", "/search?q=security"),
)


def themed(name: str) -> list[Chapter]:
    """The same pages of the second portal in another theme."""
    return [
        Chapter(
            f"The studio in {name}",
            "bea@",
            "",
            (Stop(f"studio-{name}", "/reseller/branding", STAY),),
            first=theme(name),
        ),
        Chapter(
            f"The portal in {name}",
            "",
            "/brightfield",
            tuple(Stop(f"{name}{end}", route, path) for end, route, path in THEMED)
            + (
                Stop(f"{name}-sign-in", "/sign-in"),
                Stop(
                    f"{name}-orders",
                    "/orders",
                    then=send(email="cora@clover.example", password="Clover-and-bees-1"),
                ),
                Stop(f"{name}-order", "/orders/<code>", "/orders", row="Business Basic"),
                Stop(f"{name}-service", "/services/<code>", "/services", row="Business Basic"),
                Stop(f"{name}-basket", "/basket", then=put("0patch-pro", 25)),
                Stop(f"{name}-checkout", "/checkout"),
                Stop(f"{name}-agreement", "/agreements/<code>", "/agreements/cloud-customer-agreement"),
                Stop(
                    f"{name}-invoice", "/invoices/<uuid:invoice_id>", "/invoices", then=to_link("/invoices/")
                ),
            ),
        ),
    ]


THEMES = [
    Chapter(
        "The reseller invites",
        "bea@",
        "",
        (),
        first=invite_customer(LONG, "Cora Clover", "cora@clover.example"),
    ),
    Chapter(
        "A new customer with a long name",
        "",
        "/brightfield",
        (
            Stop(
                "invitation",
                "/invitations/<token>",
                STAY,
                then=mail("cora@clover.example", "invite", "/invitations/"),
            ),
            Stop("invitation-wrong", "", STAY, then=send(password="short")),
            Stop("new-customer-home", "/", STAY, then=accept("cora@clover.example")),
            Stop("new-customer-orders", "/orders"),
            Stop("new-customer-company", "/company"),
            Stop("new-customer-basket", "/basket", then=put("m365-business-basic", 10)),
            Stop("new-customer-checkout-agreement-missing", "/checkout"),
            Stop("new-customer-agreements", "/agreements"),
            Stop("new-customer-agreement", "/agreements/<code>", "/agreements/cloud-customer-agreement"),
            Stop("new-customer-agreement-wrong", "", STAY, then=send("main form.form")),
            Stop("new-customer-agreements-accepted", "/agreements", then=accept_agreement),
            Stop("new-customer-checkout", "/checkout"),
            Stop(
                "new-customer-checkout-wrong", "/checkout", then=all_of(agree, send("main form[data-guard]"))
            ),
            Stop(
                "new-customer-order",
                "/orders/<code>",
                STAY,
                then=all_of(order, type_card(), see("is delivered")),
            ),
        ),
    ),
    *themed("ledger"),
    *themed("circuit"),
    *themed("plain"),
]

ACCOUNTS = [
    Chapter(
        "One's own account",
        "hanna@",
        "",
        (
            Stop("profile", "/profile"),
            Stop(
                "profile-wrong",
                "/profile",
                then=send("form[action$='/profile/password']", old="no", new="short"),
            ),
            Stop("two-factor-off", "/profile/two-factor"),
            Stop("two-factor-wrong-password", "/profile/two-factor", then=send(password="wrong")),
            Stop("two-factor-set-up", "/profile/two-factor", then=send(password="Try-it-2026")),
            Stop(
                "two-factor-wrong-code",
                "/profile/two-factor",
                STAY,
                then=send("form[action$='/confirm']", code="000000"),
            ),
            Stop("two-factor-codes", "", STAY, then=set_up_two_factor),
            Stop("two-factor-on", "/profile/two-factor"),
            Stop("choose", "/choose"),
            Stop("e-mail-link-ended", "/profile/email/<token>", "/profile/email/nothing"),
            Stop("reseller-prices-denied", "", "/reseller/prices"),
            Stop("reseller-branding-denied", "", "/reseller/branding"),
            Stop("sign-in-code", "/sign-in/code", STAY, then=sign_in_again),
            Stop("sign-in-code-wrong", "/sign-in/code", STAY, then=send(code="000000")),
        ),
    ),
    Chapter(
        "Another address",
        "ben@acorn",
        "/harbour",
        (
            Stop(
                "e-mail-asked",
                "",
                "/profile",
                then=send("form[action$='/profile/email']", email="ben@new.example", password="Try-it-2026"),
            ),
            Stop(
                "e-mail-confirm",
                "/profile/email/<token>",
                STAY,
                then=mail("ben@new.example", "address", "/profile/email/"),
            ),
        ),
    ),
    Chapter(
        "Back from paying, signed in nowhere",
        "",
        "",
        (Stop("returned", "/orders/<code>/return", STAY, then=back_without_session),),
    ),
]

SIMULATORS = [
    Chapter(
        "The simulators",
        "",
        "",
        (
            Stop("stripe-controls", "", STAY, then=simulator("stripe", "/_sandbox/")),
            Stop("stripe-paid", "", STAY, then=all_of(simulator("stripe", "/_sandbox/"), to_link("/c/pay/"))),
            Stop("vendor-controls", "", STAY, then=simulator("vendor", "/_sandbox/")),
            Stop("inbox", "", STAY, then=simulator("inbox")),
            Stop("inbox-nothing", "", STAY, then=simulator("inbox", "/?q=nothing-like-it")),
            Stop("inbox-mail", "", STAY, then=first_mail),
            Stop("names", "", STAY, then=simulator("names")),
        ),
    )
]
