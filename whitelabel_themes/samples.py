"""Sample values for the style page: what pages give to the components, in the shapes their contracts name."""

from types import SimpleNamespace as Values
from typing import Any

from . import sample_fields
from .loader import Theme
from .schema import Settings

STATES = [
    "active",
    "awaiting_payment",
    "provisioning",
    "invited",
    "unknown",
    "needs_action",
    "suspended",
    "failed",
    "refused",
    "trial",
    "draft",
    "cancelled",
]


def page_values(theme: Theme, settings: Settings, theme_css_url: str) -> dict[str, Any]:
    """All that `style_page.html` and the portal's layout take."""
    shop = Values(
        name="Brightfield Cloud",
        legal_name="Brightfield Managed Services Ltd",
        address="14 Harbour Row, Cork",
        support_email="help@brightfield.example",
        logo_url=None,
        theme=theme,
        settings=settings,
        theme_css_url=theme_css_url,
    )
    return {
        "title": "Style page",
        "shop": shop,
        "places": Values(
            home="#",
            search="#",
            basket="#",
            sign_in="#",
            sign_out="#",
            account="#",
            help="#",
            terms="#",
            privacy="#",
        ),
        "nav": [
            ("Products", "#", "package", None, True),
            ("My services", "#", "cloud", 2, False),
            ("Orders", "#", "receipt", None, False),
            ("Invoices", "#", "file-text", None, False),
        ],
        "visitor": Values(
            signed_in=True,
            name="Ana Lopes",
            initials="AL",
            email="ana@ferrow.example",
            dashboards=[("Ferrow & Sons", "#", "Customer")],
            account_nav=[("My services", "#", "cloud"), ("Invoices", "#", "file-text")],
        ),
        "basket_count": 2,
        "flashes": [("ok", "Your changes are saved.")],
        "sample": sample(),
    }


def sample() -> Values:
    fields = sample_fields.fields()
    wrong = [entry for entry in vars(fields).values() if entry.errors]
    return Values(
        states=STATES,
        fields=fields,
        form=sample_fields.SampleForm(wrong),
        verdict=Values(passes=False, text="2.4 : 1 on white, text needs 4.5 : 1", nearest="#b35c00"),
        money=Values(text="€129.00"),
        tax=Values(text="€27.09"),
        gross=Values(text="€156.09"),
        time=_moment(3),
        plans=_plans(),
        steps=_steps(),
        timeline=_timeline(),
        checklist=_checklist(),
        filters=[
            Values(
                name="state",
                label="State",
                value="",
                options=[("", "Any"), ("failed", "Failed"), ("active", "Active")],
            ),
            Values(
                name="vendor", label="Vendor", value="", options=[("", "Any"), ("microsoft", "Microsoft")]
            ),
        ],
        orders=_orders(),
        products=_products(),
    )


def _moment(minutes: int) -> Values:
    return Values(
        iso="2026-11-22T09:14:00Z", relative=f"{minutes} minutes ago", exact="22 Nov 2026, 09:14 UTC"
    )


def _plans() -> list[Values]:
    def plan(code: str, price: str | None, features: list[tuple[str, bool]], **more: Any) -> Values:
        given = {
            "flag": None,
            "because": None,
            "unit_minor": 1290,
            "period": "per month",
            "url": "#",
            "act": f"Choose {code.title()}",
            **more,
        }
        amount = Values(text=price) if price else None
        return Values(
            code=code,
            name=code.title(),
            price=amount,
            per="per month",
            note="Billed monthly",
            features=features,
            **given,
        )

    return [
        plan(
            "basic",
            None,
            [("Buy at partner prices", True), ("Your own portal", False), ("Your colours and logo", False)],
        ),
        plan(
            "standard",
            "€129.00",
            [("Buy at partner prices", True), ("Your own portal", True), ("Your colours and logo", True)],
            flag="Most chosen",
        ),
        plan(
            "premium",
            "€349.00",
            [("Everything of Standard", True), ("Your own domain", True)],
            because="Not offered in your country yet.",
        ),
    ]


def _steps() -> list[Values]:
    rows = [
        ("done", "Paid", "€156.09 by card", 3, None),
        ("done", "Ordered from Microsoft", None, 2, None),
        ("now", "Microsoft is setting it up", "This usually takes two minutes.", 1, "second try at 09:17"),
        ("todo", "Licences ready", None, None, None),
    ]
    return [
        Values(state=state, title=title, words=words, time=_moment(ago) if ago else None, detail=detail)
        for state, title, words, ago, detail in rows
    ]


def _timeline() -> list[Values]:
    rows = [
        (
            "warn",
            "clock",
            "Microsoft did not answer in time",
            "Worker",
            1,
            "POST /orders\n504 Gateway Timeout",
        ),
        ("ok", "credit-card", "Payment captured", "Stripe", 3, None),
        ("neutral", None, "Order placed", "Ana Lopes", 4, None),
    ]
    return [
        Values(tone=tone, icon=icon, words=words, who=who, time=_moment(ago), detail=detail)
        for tone, icon, words, who, ago, detail in rows
    ]


def _checklist() -> list[Values]:
    rows = [
        ("Accept the agreement", True),
        ("Buy a reseller plan", True),
        ("Set your prices", False),
        ("Invite a customer", False),
    ]
    return [
        Values(title=title, done=done, words="Takes about a minute.", url="#", act="Open")
        for title, done in rows
    ]


def _orders() -> list[Values]:
    rows = [
        ("ORD-7KX2M9", "Ferrow & Sons", "provisioning", "€156.09"),
        ("ORD-2QH8ZD", "Königlich-Bayerische Vermessungsgesellschaft mbH & Co. KG", "active", "€12,480.00"),
        ("ORD-9PL4WC", "Tern Studio", "unknown", "€64.50"),
        ("ORD-5JR1XA", "Oakridge Dental", "cancelled", "€0.00"),
    ]
    return [
        Values(code=code, customer=customer, state=state, total=Values(text=total), time=_moment(number + 2))
        for number, (code, customer, state, total) in enumerate(rows)
    ]


def _products() -> list[Values]:
    rows = [
        (
            "Microsoft 365 Business Standard",
            "Microsoft",
            "Desktop apps, e-mail, Teams and 1 TB for each person.",
            "€12.90",
            "M3",
            "Most chosen",
        ),
        (
            "Hexnode UEM Enterprise",
            "Hexnode",
            "Every laptop, phone and kiosk set up and locked from one place.",
            "€4.20",
            "HX",
            None,
        ),
        (
            "0patch Pro",
            "Acros Security",
            "Tiny patches for old Windows, applied without a restart.",
            "€2.10",
            "0P",
            None,
        ),
        (
            "Huntress Managed EDR",
            "Huntress",
            "People who watch your endpoints day and night and step in.",
            None,
            "HU",
            "New",
        ),
    ]
    return [
        Values(
            name=name,
            vendor=vendor,
            summary=summary,
            price=Values(text=price) if price else None,
            per="seat / month",
            initials=initials,
            flag=flag,
            url="#",
            image_url=None,
            code=initials.lower(),
            was=None,
            from_=True,
        )
        for name, vendor, summary, price, initials, flag in rows
    ]
