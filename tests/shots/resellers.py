"""What the staff of a reseller see day by day: its customers, its prices, its pages."""

from tests.shots.acts import (
    agree,
    all_of,
    choose,
    choose_support,
    fill,
    mail,
    opens,
    press,
    publish,
    see,
    send,
    to_link,
    unchecked,
)
from tests.shots.camera import STAY, Chapter, Stop
from tests.shots.stops import TERMS, lists

AT_WORK = [
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
        ),
    ),
    Chapter(
        "A reseller's customers",
        "hugo@",
        "",
        (
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
        ),
    ),
    Chapter(
        "A reseller's prices and pages",
        "hugo@",
        "",
        (
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

AFTER_A_REFUND = [
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
