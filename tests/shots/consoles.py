"""What the staff of resellers and of the distributor see."""

from pathlib import Path

from tests.shots.acts import (
    agree,
    all_of,
    buy_plan,
    checks,
    choose,
    choose_support,
    fill,
    mail,
    opens,
    overtaken,
    press,
    publish,
    see,
    see_in_list,
    send,
    services_read,
    stripe,
    to_link,
    type_card,
    unchecked,
    upload,
)
from tests.shots.camera import STAY, Chapter, Stop

PRICE_SHEET = Path("sandbox/data/price_sheet.csv").absolute()
OTHER_SHEET = Path("sandbox/data/other_sheet.csv").absolute()
TERMS = """# Terms of sale

## What you buy
You buy the right to use a cloud service for its term. The vendor's own terms of use apply as well.

## Payment
- Prices are net; VAT is added.
- Invoices are due at once when paid by card.

## Ends
A subscription runs until the end of its term and may be cancelled until then."""


def lists(side: str, **names: str) -> tuple[Stop, ...]:
    """A list as it is, and when nothing matches."""
    return tuple(
        stop
        for name, path in names.items()
        for stop in (
            Stop(f"{side}-{name}", f"/{side}/{path}"),
            Stop(f"{side}-{name}-none-match", f"/{side}/{path}", f"/{side}/{path}?q=nothing-like-it"),
        )
    )


def editor(code: str) -> tuple[Stop, ...]:
    """Every page of the catalogue's editor, filled, empty and refused."""
    at = "/distributor/catalogue"
    rule, product = f"{at}/<code>", f"{at}/{code}"
    types, groups = "/distributor/product-types", "/distributor/categories"
    form = "form[data-guard]"
    return (
        Stop("distributor-product-new", f"{at}/new"),
        Stop("distributor-product-new-wrong", f"{at}/new", then=send(form)),
        Stop("distributor-product-details", f"{rule}/details", f"{product}/details"),
        Stop(
            "distributor-product-details-wrong",
            f"{rule}/details",
            STAY,
            then=send(form, **{"name": "", "value-technicians": "many"}),
        ),
        Stop(
            "distributor-product-overtaken",
            f"{rule}/details",
            f"{product}/details",
            then=all_of(overtaken, send(form, name="Another name")),
        ),
        Stop("distributor-plan-new", f"{rule}/plans/new", f"{product}/plans/new"),
        Stop("distributor-plan-new-wrong", f"{rule}/plans/new", STAY, then=send(form)),
        Stop("distributor-plan", f"{rule}/plans/<plan>", f"{product}/plans/{code}-m"),
        Stop(
            "distributor-plan-wrong",
            f"{rule}/plans/<plan>",
            STAY,
            then=send("form[action$='/sale']", retire_on="2020-01-01"),
        ),
        Stop("distributor-product-pictures", f"{rule}/pictures", f"{product}/pictures"),
        Stop("distributor-product-pictures-none", f"{rule}/pictures", f"{at}/plan-free/pictures"),
        Stop("distributor-product-pictures-wrong", f"{rule}/pictures", STAY, then=send("form[enctype]")),
        Stop("distributor-product-languages", f"{rule}/languages", f"{product}/languages"),
        Stop(
            "distributor-product-languages-overtaken",
            f"{rule}/languages",
            STAY,
            then=all_of(overtaken, send(form, name="Anders")),
        ),
        Stop("distributor-product-upgrades", f"{rule}/upgrades", f"{at}/hexnode-express/upgrades"),
        Stop(
            "distributor-product-upgrades-wrong",
            f"{rule}/upgrades",
            f"{at}/hexnode-ultra/upgrades",
            then=send("form:has([name=target])", target="hexnode-express-m"),
        ),
        Stop("distributor-product-upgrades-none", f"{rule}/upgrades", f"{at}/plan-free/upgrades"),
        Stop("distributor-product-preview", f"{rule}/preview", f"{product}/preview"),
        *lists("distributor", **{"product-types": "product-types", "categories": "categories"}),
        Stop("distributor-product-type-new", f"{types}/new"),
        Stop("distributor-product-type-new-wrong", f"{types}/new", then=send(form)),
        Stop("distributor-product-type", f"{types}/<code>", f"{types}/cloud-device"),
        Stop("distributor-product-type-wrong", f"{types}/<code>", STAY, then=send(form, name="")),
        Stop("distributor-category", f"{groups}/<slug>", f"{groups}/security"),
        Stop("distributor-category-wrong", f"{groups}/<slug>", STAY, then=send(form, name="")),
    )


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

RESELLERS = [
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
    Chapter(
        "A reseller at work",
        "hugo@",
        "",
        (
            Stop("reseller-agreement", "/reseller/agreement", "/reseller/"),
            Stop("reseller-agreement-given", "", STAY, then=all_of(agree, press("Agree and go on"))),
            Stop("reseller-terms-wrong", "/reseller/terms", then=send("form[data-guard]")),
            Stop("reseller-terms", "/reseller/terms", then=publish(TERMS)),
            Stop("reseller-dashboard", "/reseller/"),
            Stop("reseller-support-types", "/reseller/money/support-types"),
            Stop("reseller-resources", "/reseller/resources"),
            Stop("reseller-resources-none-match", "", "/reseller/resources?q=nothing-like-it"),
            Stop("reseller-newsletters", "/reseller/newsletters"),
            Stop("reseller-newsletters-none-match", "", "/reseller/newsletters?q=nothing-like-it"),
            Stop(
                "reseller-newsletter",
                "/reseller/newsletters/<code>",
                "/reseller/newsletters",
                row="Gold",
            ),
            Stop("reseller-requests-none", "/reseller/requests"),
            Stop(
                "reseller-request-new",
                "/reseller/requests/new/<kind_id>",
                STAY,
                then=to_link("/requests/new/"),
            ),
            Stop("reseller-request-new-wrong", "", STAY, then=send("main form[method=post]")),
            Stop(
                "reseller-request",
                "/reseller/requests/<code>",
                STAY,
                then=all_of(
                    fill("[name=answer-0]", "Two engineers of ours."),
                    fill("[name=answer-1]", "In the second week of January."),
                    press("Hand it in"),
                ),
            ),
            Stop("reseller-requests", "/reseller/requests"),
            Stop(
                "reseller-customer-dashboard-denied",
                "/reseller/customers/<code>/dashboard",
                "/reseller/customers/nothing/dashboard",
            ),
            Stop(
                "reseller-customer-settings",
                "/reseller/customers/<code>/settings",
                "/reseller/customers",
                row="Acorn",
                then=press("Account settings"),
            ),
            Stop("reseller-customer-settings-wrong", "", STAY, then=send("form[action$='/support']")),
            Stop(
                "reseller-customer-supported",
                "",
                STAY,
                then=all_of(choose_support, press("Save")),
            ),
            Stop("reseller-customer-dashboard", "", STAY, then=press("Open the dashboard")),
            Stop("reseller-customer-dashboard-wrong", "", STAY, then=send("form[action$='/assign']")),
            *lists(
                "reseller",
                customers="customers",
                orders="orders",
                subscriptions="subscriptions",
                prices="prices",
                money="money",
                team="team",
                acceptances="acceptances",
                consents="consents",
            ),
            Stop("reseller-customer", "/reseller/customers/<code>", "/reseller/customers", row="Acorn"),
            Stop(
                "reseller-customer-invite-wrong",
                "",
                STAY,
                then=send("form[action$='/people']", email="no address"),
            ),
            Stop(
                "reseller-customer-invited",
                "/reseller/customers/<code>",
                STAY,
                then=all_of(
                    lambda page, _shop: page.locator(
                        "form[action$='/people'] input[name=roles]"
                    ).first.check(),
                    send("form[action$='/people']", name="Pia Park", email="pia@acorn.example"),
                ),
            ),
            *lists("reseller", commissions="commissions"),
            Stop("reseller-programmes", "/reseller/programmes"),
            Stop(
                "reseller-programme",
                "/reseller/programmes/<enrolment_id>",
                "/reseller/programmes",
                then=to_link("/reseller/programmes/"),
            ),
            Stop(
                "reseller-programme-wrong",
                "",
                STAY,
                then=send("form[action$='/contact']", contact__name="", contact__email="nowhere"),
            ),
            Stop(
                "reseller-programme-leave",
                "/reseller/programmes/<enrolment_id>",
                STAY,
                then=opens("Give notice"),
            ),
            Stop(
                "reseller-programme-agreement",
                "/reseller/programmes/<enrolment_id>/agreement",
                "/reseller/programmes",
                then=all_of(to_link("/reseller/programmes/"), to_link("/agreement")),
            ),
            Stop(
                "reseller-customer-agreements",
                "/reseller/customers/<code>/agreements",
                "/reseller/customers",
                row="Quill",
                then=to_link("/agreements"),
            ),
            Stop("reseller-customer-agreements-wrong", "", STAY, then=send("form[action$='/link']")),
            Stop(
                "reseller-customer-agreements-sent",
                "",
                STAY,
                then=send(
                    "form[action$='/link']",
                    **{
                        "cloud-customer-agreement-name": "Quentin Moreau",
                        "cloud-customer-agreement-address": "quentin@quill.example",
                    },
                ),
            ),
            Stop(
                "agreement-by-link",
                "",
                STAY,
                then=mail("quentin@quill.example", "Please accept", "/agreement-links/"),
            ),
            Stop("agreement-by-link-wrong", "", STAY, then=send("main form.form")),
            Stop("reseller-invite", "/reseller/customers/invite"),
            Stop(
                "reseller-invite-wrong",
                "/reseller/customers/invite",
                then=send("form[data-guard]", email="no address"),
            ),
            Stop("reseller-order", "/reseller/orders/<code>", "/reseller/orders", row="Business Standard"),
            Stop("reseller-order-checking", "/reseller/orders/<code>", "/reseller/orders", row="Visio"),
            Stop("reseller-order-refused", "/reseller/orders/<code>", "/reseller/orders", row="Power BI"),
            Stop(
                "reseller-order-unpaid-of-customer",
                "/reseller/orders/<code>",
                "/reseller/orders",
                row="Exchange",
            ),
            Stop(
                "reseller-subscription",
                "/reseller/subscriptions/<code>",
                "/reseller/subscriptions",
                row="Business Standard",
            ),
            Stop(
                "reseller-subscription-cancel",
                "/reseller/subscriptions/<code>/cancel",
                STAY,
                then=to_link("/cancel"),
            ),
            Stop(
                "reseller-subscription-failed",
                "/reseller/subscriptions/<code>",
                "/reseller/subscriptions",
                row="Power BI",
            ),
            Stop(
                "reseller-prices-wrong",
                "/reseller/prices",
                "/reseller/prices?q=Exchange",
                then=all_of(fill("[name^=price-]", "cheap"), press("Save all prices")),
            ),
            Stop(
                "reseller-price", "/reseller/prices/<uuid:listing_id>", "/reseller/prices", row="0patch Pro"
            ),
            Stop("reseller-price-rules", "/reseller/prices/rules"),
            Stop(
                "reseller-price-rules-wrong",
                "/reseller/prices/rules",
                then=send("form:has([name=level])", target="Nowhere", value="x"),
            ),
            Stop("reseller-plan-prices", "/reseller/money/plan-prices"),
            Stop("reseller-add-subscription", "/reseller/subscriptions/add"),
            Stop(
                "reseller-add-subscription-form",
                "/reseller/customers",
                row="Acorn",
                then=all_of(
                    to_link("/subscriptions/add?customer"),
                    choose("select[name=product]", "huntress-edr"),
                    send("main form"),
                    fill("[name=quantity]", "120"),
                ),
            ),
            Stop(
                "reseller-add-subscription-wrong",
                "/reseller/subscriptions/add",
                STAY,
                then=send("main form[method=post]", quantity="2.5"),
            ),
            Stop(
                "reseller-volume-prices",
                "/reseller/prices/<listing_id>/volume",
                "/reseller/prices?q=0patch+Pro",
                then=to_link("/volume"),
            ),
            Stop(
                "reseller-volume-prices-wrong",
                "/reseller/prices/<listing_id>/volume",
                STAY,
                then=send("main form:has([name=from-0])", **{"price-0": "cheap"}),
            ),
            Stop("reseller-bulk-prices", "/reseller/prices/bulk", "/reseller/prices/bulk?category=Security"),
            Stop(
                "reseller-bulk-prices-seen",
                "/reseller/prices/bulk",
                "/reseller/prices/bulk?category=Security",
                then=all_of(fill("[name=value]", "25"), see("Average margin then")),
            ),
            Stop(
                "reseller-bulk-prices-wrong",
                "",
                "/reseller/prices/bulk",
                then=send("#bulk", value="much"),
            ),
            Stop("reseller-margins", "/reseller/margins"),
            Stop(
                "reseller-margins-wrong",
                "/reseller/margins",
                then=send("form:has([name=percent])", percent="x"),
            ),
            Stop("reseller-shelf", "/reseller/shelf"),
            Stop("reseller-shelf-no-match", "/reseller/shelf", "/reseller/shelf?q=nothing-like-it"),
            Stop("reseller-proposals", "/reseller/shelf/proposals"),
            Stop(
                "reseller-invoice",
                "/reseller/money/invoices/<invoice_id>",
                "/reseller/money?show=to-customers",
                then=to_link("/invoices/"),
            ),
            Stop("reseller-branding", "/reseller/branding"),
            Stop(
                "reseller-branding-wrong",
                "/reseller/branding",
                then=all_of(
                    fill("#studio [name=brand]", "#ffee88"),
                    fill("#studio [name=shop_name]", ""),
                    unchecked("#studio"),
                    press("Save", exact=True),
                ),
            ),
            Stop("reseller-company", "/reseller/company"),
            Stop(
                "reseller-company-wrong",
                "/reseller/company",
                then=send("form[data-guard]", company__legal_name=""),
            ),
            Stop(
                "reseller-team-wrong",
                "/reseller/team",
                then=send("form:has([name=email])", email="no address"),
            ),
            Stop("reseller-not-found", "", "/reseller/orders/nothing"),
        ),
    ),
]

DEALS = [
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

TRANSFERS = [
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

DISTRIBUTOR = [
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
            Stop("distributor-programme-new", "/distributor/programmes/new"),
            Stop(
                "distributor-programme-hours",
                "/distributor/programmes/<code>/hours",
                "/distributor/programmes",
                row="Device",
                then=press("Support hours", exact=True),
            ),
            Stop(
                "distributor-programme-accounts",
                "/distributor/programmes/<code>/accounts",
                "/distributor/programmes",
                row="security",
                then=press("Accounts", exact=True),
            ),
            Stop(
                "distributor-programme-accounts-wrong",
                "",
                STAY,
                then=send("form[action$='/types']"),
            ),
            Stop(
                "distributor-programme-accounts-none",
                "",
                "/distributor/programmes/patching/accounts",
            ),
            Stop(
                "distributor-programme-resources",
                "/distributor/programmes/<code>/resources",
                STAY,
                then=press("Resources", exact=True),
            ),
            Stop(
                "distributor-programme-resources-wrong",
                "",
                "/distributor/programmes/managed-security/resources",
                then=send("form[action$='/resources']"),
            ),
            Stop("distributor-newsletters", "/distributor/newsletters"),
            Stop(
                "distributor-newsletter",
                "/distributor/newsletters/<code>",
                "/distributor/newsletters",
                row="Gold",
            ),
            Stop("distributor-newsletter-new", "/distributor/newsletters/new"),
            Stop("distributor-newsletter-new-wrong", "", STAY, then=send("form[data-guard]")),
            Stop("distributor-requests", "/distributor/requests"),
            Stop(
                "distributor-request",
                "/distributor/requests/<code>",
                "/distributor/requests",
                row="Certification",
            ),
            Stop("distributor-request-wrong", "", STAY, then=press("Decline")),
            Stop(
                "distributor-qualifications",
                "/distributor/resellers/<code>/qualifications",
                "/distributor/resellers",
                row="Harbour",
                then=press("Qualifications"),
            ),
            Stop(
                "distributor-programme-new-wrong",
                "/distributor/programmes/new",
                then=send("main form[data-guard]"),
            ),
            Stop(
                "distributor-programme",
                "/distributor/programmes/<code>",
                "/distributor/programmes",
                row="Cloud",
            ),
            Stop(
                "distributor-programme-access",
                "/distributor/programmes/<code>/access",
                "/distributor/programmes/device-management/access",
            ),
            Stop(
                "distributor-programme-access-wrong",
                "/distributor/programmes/<code>/access",
                "/distributor/programmes/device-management/access",
                then=send("main form[data-guard]", logins="0"),
            ),
            Stop(
                "distributor-programme-credit",
                "/distributor/programmes/<code>/credit",
                "/distributor/programmes/device-management/credit",
            ),
            Stop(
                "distributor-programme-credit-wrong",
                "/distributor/programmes/<code>/credit",
                "/distributor/programmes/device-management/credit",
                then=send("main form[data-guard]", limit="lots"),
            ),
            Stop("distributor-sign-in-rules", "/distributor/sign-in-rules"),
            Stop(
                "distributor-sign-in-rules-wrong",
                "/distributor/sign-in-rules",
                then=send("main form[data-guard]", idle="1", longest=""),
            ),
            Stop(
                "distributor-tiers",
                "/distributor/programmes/<code>/tiers",
                "/distributor/programmes/device-management/tiers",
            ),
            Stop(
                "distributor-tiers-wrong",
                "",
                STAY,
                then=send("aside form[action$='/tiers']", name="gold", threshold="10", minimum="9"),
            ),
            Stop(
                "distributor-tiers-none",
                "/distributor/programmes/<code>/tiers",
                "/distributor/programmes/storefronts/tiers",
            ),
            Stop(
                "distributor-year",
                "/distributor/programmes/<code>/year",
                "/distributor/programmes/cloud-solutions/year",
            ),
            Stop("distributor-year-wrong", "", STAY, then=send("form[action$='/year']", notice_days="0")),
            Stop(
                "distributor-partnership",
                "/distributor/partnerships/<enrolment_id>",
                "/distributor/partnerships",
                row="Device",
            ),
            Stop(
                "distributor-partnership-end",
                "/distributor/partnerships/<enrolment_id>",
                STAY,
                then=opens("End this partnership"),
            ),
            Stop(
                "distributor-programme-attesting",
                "/distributor/programmes/<code>/attesting",
                "/distributor/programmes/cloud-solutions/attesting",
            ),
            Stop("distributor-condition-new", "/distributor/conditions/new"),
            Stop(
                "distributor-condition-new-wrong",
                "/distributor/conditions/new",
                then=send("main form[data-guard]"),
            ),
            Stop(
                "distributor-condition",
                "/distributor/conditions/<code>",
                "/distributor/conditions",
                row="Cloud",
            ),
            Stop("distributor-condition-wrong", "", STAY, then=send("form[action$='/links']")),
            Stop(
                "distributor-customer-agreements",
                "/distributor/customers/<code>/agreements",
                "/distributor/customers",
                row="Quill",
                then=to_link("/agreements"),
            ),
            Stop("distributor-customer-agreements-wrong", "", STAY, then=send("form[action$='/attest']")),
            Stop(
                "distributor-direct-selling",
                "/distributor/resellers/<code>/direct-selling",
                "/distributor/resellers",
                row="Kestrel",
                then=to_link("/direct-selling"),
            ),
            Stop("distributor-direct-selling-wrong", "", STAY, then=send("form[action$='/direct-selling']")),
            Stop(
                "distributor-order-for-a-customer",
                "/distributor/customers/<code>/order",
                "/distributor/customers",
                row="Willow",
                then=to_link("/order"),
            ),
            Stop(
                "distributor-programme-joining",
                "/distributor/programmes/<code>/joining",
                "/distributor/programmes/cloud-solutions/joining",
            ),
            Stop(
                "distributor-programme-joining-wrong",
                "/distributor/programmes/<code>/joining",
                "/distributor/programmes/cloud-solutions/joining",
                then=send("form[action$='/joining']", link_days="0"),
            ),
            Stop(
                "distributor-application",
                "/distributor/applications/<code>",
                "/distributor/applications",
                row="Lakeside",
            ),
            Stop("distributor-application-decline", "", STAY, then=opens("Decline")),
            Stop("distributor-application-wrong", "", STAY, then=send("form[action$='/decline']")),
            Stop("distributor-application-approved", "", STAY, then=send("form[action$='/approve']")),
            Stop("distributor-application-take-back", "", STAY, then=opens("Take it back")),
            Stop(
                "application-to-sign",
                "",
                STAY,
                then=mail("lena@lakeside.example", "Approved", "/applications/"),
            ),
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
            Stop(
                "distributor-product",
                "/distributor/catalogue/<code>",
                "/distributor/catalogue",
                row="Microsoft",
            ),
            Stop(
                "distributor-product-wrong",
                "/distributor/catalogue/<code>",
                STAY,
                then=all_of(fill("[name^=list-]", "1,2,3"), send("main form:has([name^=list-])")),
            ),
            Stop(
                "distributor-plan-prices",
                "/distributor/catalogue/<code>/prices/<plan>",
                "/distributor/catalogue/0patch-pro/prices/0patch-pro-y?quantity=60",
            ),
            Stop(
                "distributor-plan-prices-wrong",
                "/distributor/catalogue/<code>/prices/<plan>",
                STAY,
                then=send("main form:has([name=from-0])", **{"from-0": "2.5", "list-0": "1.2345"}),
            ),
            Stop(
                "distributor-plan-prices-following",
                "/distributor/catalogue/<code>/prices/<plan>",
                "/distributor/catalogue/0patch-pro/prices/0patch-pro-m",
            ),
            *editor("hexnode-pro"),
            Stop(
                "distributor-ordering",
                "/distributor/catalogue/<code>/ordering",
                "/distributor/catalogue?q=Copilot",
                row="Copilot",
                then=to_link("/ordering"),
            ),
            Stop(
                "distributor-ordering-wrong",
                "/distributor/catalogue/<code>/ordering",
                STAY,
                then=send(),
            ),
            Stop("distributor-catalogue-file", "/distributor/catalogue-file"),
            Stop("distributor-catalogue-file-wrong", "/distributor/catalogue-file", then=send()),
            Stop("distributor-price-imports-none", "/distributor/price-imports"),
            Stop("distributor-price-import-new", "/distributor/price-imports/new"),
            Stop("distributor-price-import-wrong", "/distributor/price-imports/new", then=send()),
            Stop(
                "distributor-price-import",
                "/distributor/price-imports/<code>",
                "/distributor/price-imports/new",
                then=all_of(upload("[name=file]", PRICE_SHEET), send(market="DE")),
            ),
            Stop("distributor-price-imports", "/distributor/price-imports"),
            *lists("distributor", **{"price-lists": "price-lists"}),
            Stop(
                "distributor-price-lists-wrong", "", "/distributor/price-lists", then=send("form[data-guard]")
            ),
            Stop(
                "distributor-price-list",
                "/distributor/price-lists/<uuid:list_id>",
                "/distributor/price-lists",
                row="Gold",
            ),
            Stop("distributor-price-list-wrong", "", STAY, then=send("form[data-guard]", name="")),
            Stop("distributor-front", "/distributor/front"),
            Stop(
                "distributor-front-wrong",
                "/distributor/front",
                then=send("form:has([name=product])", product="no"),
            ),
            Stop("distributor-margins", "/distributor/margins"),
            Stop(
                "distributor-margins-wrong",
                "/distributor/margins",
                then=send("form:has([name=percent])", percent="x"),
            ),
            Stop("distributor-exchange-rates", "/distributor/exchange-rates"),
            Stop(
                "distributor-exchange-rates-wrong",
                "/distributor/exchange-rates",
                then=send("form:has([name=rate])", rate="x"),
            ),
            Stop(
                "distributor-sheet-columns",
                "/distributor/price-imports/files/<code>",
                "/distributor/price-imports/new",
                then=all_of(upload("[name=file]", OTHER_SHEET), send(market="")),
            ),
            Stop("distributor-sheet-columns-wrong", "", STAY, then=send(source="")),
            Stop("distributor-sheet-read", "", STAY, then=send(source="Marlow")),
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
    Chapter(
        "A reseller after a refund",
        "hugo@",
        "",
        (
            Stop("reseller-looks", "/reseller/looks"),
            Stop("reseller-looks-none-match", "/reseller/looks", "/reseller/looks?q=nothing-like-it"),
            Stop("reseller-help", "/reseller/help"),
            Stop("reseller-credit-notes", "/reseller/money", "/reseller/money?show=credit-notes"),
            Stop(
                "reseller-credit-note",
                "/reseller/money/credit-notes/<note_id>",
                STAY,
                then=to_link("/credit-notes/"),
            ),
        ),
    ),
    Chapter(
        "A customer after a refund",
        "anna@acorn",
        "/harbour",
        (
            Stop("customer-invoices-and-credit", "/invoices"),
            Stop(
                "customer-credit-note", "/credit-notes/<uuid:note_id>", STAY, then=to_link("/credit-notes/")
            ),
        ),
    ),
]
