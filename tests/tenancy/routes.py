"""Whose each route is. A route without a line here fails the build; adding a page means adding its line.
`page` is where its owner finds the form, `form` what is typed into it; {names} are the stage's
(tests/tenancy/stage.py)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType

NOTHING: Mapping[str, str] = MappingProxyType({})


class Owner(Enum):
    """MACHINE: no shop and no person. PUBLIC: anybody at this shop. LINK: whoever holds the secret in the
    address. VISITOR: one's own session."""

    MACHINE = "machine"
    PUBLIC = "public"
    LINK = "link"
    VISITOR = "visitor"
    CUSTOMER = "customer"
    RESELLER = "reseller"
    DISTRIBUTOR = "distributor"


@dataclass(frozen=True)
class Route:
    """`foreign`: the form itself carries ids of the owner's, so a stranger who sends it must be refused;
    `changes`: rows are different afterwards."""

    owner: Owner
    at: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    query: str = ""
    page: str = ""
    form: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    press: str = ""
    foreign: bool = False
    changes: bool = True
    ok: tuple[int, ...] = (200, 302, 303)


def mine(owner: Owner, **at: str) -> Route:
    """A page about the things named in its address."""
    return Route(owner, at)


PUBLIC, CUSTOMER, RESELLER, DISTRIBUTOR = Owner.PUBLIC, Owner.CUSTOMER, Owner.RESELLER, Owner.DISTRIBUTOR
WHY = {"*why": "Because."}

ROUTES: dict[str, Route] = {
    # --- nobody's, everybody's, whoever holds the link ---
    "GET /favicon.ico": Route(Owner.MACHINE),
    "GET /livez": Route(Owner.MACHINE),
    "GET /readyz": Route(Owner.MACHINE),
    "GET /healthz": Route(Owner.MACHINE),
    "GET /metrics": Route(Owner.MACHINE),
    "POST /webhooks/stripe/<code>": Route(Owner.MACHINE),
    "GET /": Route(PUBLIC),
    "GET /demo": Route(PUBLIC, ok=(200, 303, 404)),
    "GET /help": Route(PUBLIC),
    "GET /terms": Route(PUBLIC),
    "GET /search": Route(PUBLIC, query="q=patch"),
    "GET /suggest": Route(PUBLIC, query="q=patch"),
    "GET /compare": Route(PUBLIC, query="product=patch"),
    "GET /c/<slug>": Route(PUBLIC, {"slug": "=security"}),
    "GET /robots.txt": Route(PUBLIC),
    "GET /sitemap.xml": Route(PUBLIC),
    "GET /sitemaps/<part>.xml": Route(PUBLIC, {"part": "=pages"}),
    "GET /p/<code>": Route(PUBLIC, {"code": "=patch"}),
    "GET /p/<code>/price": Route(PUBLIC, {"code": "=patch"}, query="quantity=2"),
    "GET /images/<name>.png": Route(PUBLIC, {"name": "=nothing"}, ok=(404,)),
    "GET /pictures/<size>/<name>.png": Route(PUBLIC, {"size": "=card", "name": "=nothing"}, ok=(404,)),
    "GET /theme/<version>.css": Route(PUBLIC, {"version": "version"}),
    "POST /look": Route(PUBLIC, ok=(422,), changes=False),  # a mode is asked for
    "GET /sign-in": Route(PUBLIC),
    "POST /sign-in": Route(PUBLIC, ok=(422,)),
    "GET /home": Route(Owner.VISITOR),
    "GET /sign-in/code": Route(PUBLIC, ok=(303,)),
    "POST /sign-in/code": Route(PUBLIC, ok=(401,)),
    "GET /forgotten": Route(PUBLIC),
    "POST /forgotten": Route(PUBLIC, ok=(200, 422)),
    "GET /forgotten/<token>": Route(Owner.LINK, {"token": "reset"}),
    "POST /forgotten/<token>": Route(Owner.LINK, {"token": "reset"}, form={"password": "Correct-horse-2"}),
    "GET /ticket/<token>": Route(Owner.LINK, {"token": "=nothing"}),
    "GET /profile": Route(Owner.VISITOR),
    "POST /profile/name": Route(Owner.VISITOR, page="/profile", form={"name": "Anna Berg"}),
    "POST /profile/email": Route(
        Owner.VISITOR, page="/profile", form={"email": "anna@new.example", "password": "Correct-horse-1"}
    ),
    "GET /profile/email/<token>": Route(Owner.LINK, {"token": "reset"}),
    "POST /profile/email/<token>": Route(Owner.LINK, {"token": "reset"}),
    "POST /profile/password": Route(
        Owner.VISITOR, page="/profile", form={"old": "Correct-horse-1", "new": "Correct-horse-2"}
    ),
    "POST /profile/sessions/end": Route(Owner.VISITOR, page="/profile"),
    "POST /profile/sessions/<session_id>/end": Route(
        Owner.VISITOR, {"session_id": "session"}, page="/profile"
    ),
    "GET /profile/two-factor": Route(Owner.VISITOR),
    "GET /profile/two-factor/qr.png": Route(Owner.VISITOR, ok=(404,)),
    "POST /profile/two-factor/begin": Route(
        Owner.VISITOR, page="/profile/two-factor", form={"password": "Correct-horse-1"}
    ),
    "POST /profile/two-factor/confirm": Route(Owner.VISITOR, ok=(422,), changes=False),
    "POST /profile/two-factor/codes": Route(Owner.VISITOR, ok=(422,), changes=False),
    "POST /profile/two-factor/off": Route(Owner.VISITOR, ok=(422,), changes=False),
    "GET /profile/consents": Route(Owner.VISITOR),
    "POST /profile/consents/<code>": Route(
        Owner.VISITOR,
        {"code": "=news"},
        page="/profile/consents",
        form={"+agreed": "{use_version}"},
    ),
    # What passkeys do is in tests/portal/test_passkeys.py
    "POST /profile/passkeys/begin": Route(
        Owner.VISITOR, form={"password": "Correct-horse-1"}, ok=(409,), changes=False
    ),
    "POST /profile/passkeys": Route(Owner.VISITOR, ok=(422,), changes=False),
    "POST /profile/passkeys/<passkey_id>/remove": Route(
        Owner.VISITOR,
        {"passkey_id": "=nothing"},
        form={"password": "Correct-horse-1"},
        ok=(404,),
        changes=False,
    ),
    "POST /sign-in/passkey/begin": Route(PUBLIC, ok=(200,)),
    "POST /sign-in/passkey": Route(PUBLIC, ok=(422,)),
    "GET /choose": Route(Owner.VISITOR),
    "POST /choose": Route(Owner.VISITOR, page="/choose", foreign=True, changes=False),
    "POST /sign-out": Route(Owner.VISITOR, changes=False),
    "GET /invitations/<token>": Route(Owner.LINK, {"token": "token"}),
    "POST /invitations/<token>": Route(
        Owner.LINK, {"token": "token"}, form={"name": "Otto", "password": "Correct-horse-2"}
    ),
    "POST /invitations/<token>/again": Route(Owner.LINK, {"token": "token"}, changes=False),
    # Only the house's shop has programmes; what happens there is in tests/portal/test_becoming_a_partner.py
    "GET /partners": Route(PUBLIC, ok=(200, 404)),
    "GET /partners/<code>": Route(PUBLIC, {"code": "=gold"}, ok=(200, 404)),
    "POST /partners/<code>": Route(PUBLIC, {"code": "=gold"}, ok=(404, 422)),
    "GET /applications/<token>": Route(Owner.LINK, {"token": "application_token"}),
    "POST /applications/<token>/answer": Route(Owner.LINK, {"token": "application_token"}),
    "POST /applications/<token>/withdraw": Route(Owner.LINK, {"token": "application_token"}),
    "POST /applications/<token>/sign": Route(Owner.LINK, {"token": "application_token"}),
    "GET /agreements/<code>": Route(PUBLIC, {"code": "=customer-agreement"}, ok=(200, 404)),
    "GET /agreement-links/<token>": Route(Owner.LINK, {"token": "agreement_token"}),
    "POST /agreement-links/<token>": Route(
        Owner.LINK, {"token": "agreement_token"}, form={"name": "Otto", "agreed": "{agreement_version}"}
    ),
    "POST /applications/<token>/renew": Route(Owner.LINK, {"token": "application_token"}),
    "GET /applications/<token>/documents/<uuid:document_id>": Route(
        Owner.LINK, {"token": "application_token", "document_id": "application_document"}
    ),
    "GET /partnerships/<token>": Route(Owner.LINK, {"token": "partnership_token"}),
    "POST /partnerships/<token>": Route(Owner.LINK, {"token": "partnership_token"}),
    "GET /orders/<code>/return": Route(Owner.LINK, {"code": "unpaid"}, query="token={return}"),
    # --- a customer's ---
    "GET /basket": Route(CUSTOMER),
    "POST /basket": Route(CUSTOMER, page="/p/patch", form={"quantity": "2"}),
    "POST /basket/change": Route(CUSTOMER, page="/basket", form={"quantity-*": "5"}, foreign=True),
    "GET /checkout": Route(CUSTOMER),
    "POST /checkout": Route(CUSTOMER, page="/checkout", form={"+agreed": "{terms}"}),
    "GET /quotes": Route(CUSTOMER),
    "GET /quotes.csv": Route(CUSTOMER),
    "GET /quotes/<code>": mine(CUSTOMER, code="quote"),
    "GET /quotes/<code>/quote.pdf": mine(CUSTOMER, code="quote"),
    "POST /quotes/<code>/ask": Route(
        CUSTOMER, {"code": "quote"}, page="/quotes/{quote}", form={"words": "How long?"}
    ),
    "POST /quotes/<code>/decline": Route(
        CUSTOMER, {"code": "quote"}, page="/quotes/{quote}", form={"reason": "Too dear."}
    ),
    "GET /quotes/<code>/order": mine(CUSTOMER, code="quote"),
    "POST /quotes/<code>/order": Route(
        CUSTOMER, {"code": "quote"}, page="/quotes/{quote}/order", form={"+agreed": "{terms}"}
    ),
    "GET /quote-links/<token>": Route(Owner.LINK, {"token": "quote_token"}),
    "GET /quote-links/<token>/quote.pdf": Route(Owner.LINK, {"token": "quote_token"}),
    "POST /quote-links/<token>/ask": Route(
        Owner.LINK, {"token": "quote_token"}, form={"words": "How long?", "name": "Olga"}
    ),
    "POST /quote-links/<token>/decline": Route(Owner.LINK, {"token": "quote_token"}, form={"name": "Olga"}),
    "POST /quote-links/<token>/agree": Route(Owner.LINK, {"token": "quote_token"}, form={"name": "Olga"}),
    "GET /orders": Route(CUSTOMER),
    "GET /orders.csv": Route(CUSTOMER),
    "GET /orders/<code>": mine(CUSTOMER, code="order"),
    "GET /orders/<code>/progress": Route(CUSTOMER, {"code": "order"}, ok=(200, 286)),
    "GET /orders/<code>/pay": Route(CUSTOMER, {"code": "unpaid"}, ok=(503,)),
    "POST /orders/<code>/cancel": Route(CUSTOMER, {"code": "unpaid"}, page="/orders/{unpaid}"),
    "POST /deliveries/<uuid:delivery_id>/cancel": Route(
        CUSTOMER, {"delivery_id": "delivery"}, page="/orders/{parked_order}"
    ),
    "GET /credit-notes/<uuid:note_id>": mine(CUSTOMER, note_id="credit_note"),
    "GET /credit-notes/<uuid:note_id>/credit-note.pdf": mine(CUSTOMER, note_id="credit_note"),
    "GET /services": Route(CUSTOMER),
    "GET /services.csv": Route(CUSTOMER),
    "GET /services/<code>": mine(CUSTOMER, code="subscription"),
    "POST /services/<code>/assign": Route(
        CUSTOMER, {"code": "subscription"}, page="/services/{subscription}", form={"to": "agnes@acme.example"}
    ),
    "POST /services/<code>/release": Route(
        CUSTOMER, {"code": "subscription"}, page="/services/{subscription}", foreign=True
    ),
    "GET /services/<code>/cancel": mine(CUSTOMER, code="subscription"),
    "POST /services/<code>/cancel": Route(
        CUSTOMER, {"code": "subscription"}, page="/services/{subscription}/cancel"
    ),
    "POST /services/<code>/keep": Route(CUSTOMER, {"code": "cancelled"}, page="/services/{cancelled}"),
    "GET /invoices": Route(CUSTOMER),
    "GET /invoices.csv": Route(CUSTOMER),
    "GET /invoices/<uuid:invoice_id>": mine(CUSTOMER, invoice_id="invoice"),
    "GET /invoices/<uuid:invoice_id>/invoice.pdf": mine(CUSTOMER, invoice_id="invoice"),
    "GET /invoices/<uuid:invoice_id>/receipt.pdf": Route(CUSTOMER, {"invoice_id": "invoice"}, ok=(404,)),
    "GET /orders/<code>/confirmation.pdf": mine(CUSTOMER, code="order"),
    "GET /agreements": Route(CUSTOMER),
    "POST /agreements/<code>": Route(  # each for its own company
        CUSTOMER,
        {"code": "=customer-agreement"},
        page="/agreements/{agreement}",
        form={"+agreed": "{agreement_version}"},
    ),
    "GET /people": Route(CUSTOMER),
    "GET /people.csv": Route(CUSTOMER),
    "POST /people": Route(
        CUSTOMER, page="/people", form={"name": "Pia", "email": "pia@acme.example", "roles": "buyer"}
    ),
    "POST /people/roles": Route(CUSTOMER, page="/people", form={"+role-{agent}": "buyer"}, foreign=True),
    "POST /people/<person_id>/remove": mine(CUSTOMER, person_id="agent"),
    "POST /people/invitations/<invitation_id>/resend": Route(
        CUSTOMER, {"invitation_id": "own_invitation"}, page="/people"
    ),
    "POST /people/invitations/<invitation_id>/revoke": Route(
        CUSTOMER, {"invitation_id": "own_invitation"}, page="/people"
    ),
    "GET /company": Route(CUSTOMER),
    "POST /company": Route(CUSTOMER, page="/company", form={"company-city": "Berlin"}),
    # --- a reseller's ---
    "GET /reseller/company": Route(RESELLER),
    "GET /reseller/programmes": Route(RESELLER),
    "GET /reseller/quotes": Route(RESELLER),
    "GET /reseller/quotes.csv": Route(RESELLER),
    "GET /reseller/quotes/new": Route(RESELLER),
    "POST /reseller/quotes/new": Route(
        RESELLER, page="/reseller/quotes/new", form={"+customer": "{customer}"}, foreign=True
    ),
    "GET /reseller/quotes/<code>": mine(RESELLER, code="quote_draft"),
    "POST /reseller/quotes/<code>": Route(
        RESELLER, {"code": "quote_draft"}, page="/reseller/quotes/{quote_draft}", form={"message": "Hello."}
    ),
    "POST /reseller/quotes/<code>/totals": Route(
        RESELLER, {"code": "quote_draft"}, form={"quantity-{quote_line}": "7"}, changes=False
    ),
    "GET /reseller/quotes/<code>/quote.pdf": mine(RESELLER, code="quote"),
    "POST /reseller/quotes/<code>/answer": Route(
        RESELLER, {"code": "quote"}, page="/reseller/quotes/{quote}", form={"words": "Two days."}
    ),
    "POST /reseller/quotes/<code>/withdraw": Route(
        RESELLER, {"code": "quote"}, page="/reseller/quotes/{quote}"
    ),
    "POST /reseller/quotes/<code>/change": Route(
        RESELLER, {"code": "quote"}, page="/reseller/quotes/{quote}"
    ),
    "GET /reseller/deals": Route(RESELLER),
    "GET /reseller/deals.csv": Route(RESELLER),
    "GET /reseller/deals/new": Route(RESELLER),
    "POST /reseller/deals/new": Route(
        RESELLER,
        page="/reseller/deals/new",
        form={
            "company": "Newcomer",
            "country": "DE",
            "contact_name": "Nina",
            "contact_email": "nina@newcomer.example",
            "products": "Patches",
            "seats": "5",
            "value": "100.00",
            "closes_on": "2099-01-31",
            "+may_share": "y",
        },
    ),
    "GET /reseller/deals/<code>": mine(RESELLER, code="deal"),
    "POST /reseller/deals/<code>": Route(
        RESELLER,
        {"code": "deal"},
        page="/reseller/deals/{deal}",
        form={"seats": "41", "closes_on": "2099-01-31"},
    ),
    "POST /reseller/deals/<code>/withdraw": Route(RESELLER, {"code": "deal"}, page="/reseller/deals/{deal}"),
    "POST /reseller/deals/<code>/lost": Route(
        RESELLER, {"code": "approved_deal"}, page="/reseller/deals/{approved_deal}"
    ),
    "GET /reseller/programmes/<enrolment_id>": mine(RESELLER, enrolment_id="partnership"),
    "POST /reseller/programmes/<enrolment_id>/confirm": Route(
        RESELLER, {"enrolment_id": "partnership"}, page="/reseller/programmes/{partnership}"
    ),
    "POST /reseller/programmes/<enrolment_id>/contact": Route(
        RESELLER,
        {"enrolment_id": "partnership"},
        page="/reseller/programmes/{partnership}",
        form={"*-name": "Bea", "*-email": "bea@people.example"},
    ),
    "POST /reseller/programmes/<enrolment_id>/leave": Route(
        RESELLER,
        {"enrolment_id": "partnership"},
        page="/reseller/programmes/{partnership}",
        form={"sure": "1"},
    ),
    "POST /reseller/programmes/<enrolment_id>/stay": Route(
        RESELLER, {"enrolment_id": "leaving"}, page="/reseller/programmes/{leaving}"
    ),
    "GET /reseller/commissions": Route(RESELLER),
    "GET /reseller/commissions.csv": Route(RESELLER),
    "GET /reseller/acceptances": Route(RESELLER),
    "GET /reseller/acceptances.csv": Route(RESELLER),
    "GET /reseller/consents": Route(RESELLER),
    "GET /reseller/consents.csv": Route(RESELLER),
    # A programme is its distributor's; what a reseller enrols in is its own
    "GET /reseller/enrolments/<code>": Route(RESELLER, {"code": "=gold"}),
    "POST /reseller/enrolments/<code>/enrol": Route(
        RESELLER,
        {"code": "=copper"},
        page="/reseller/enrolments/copper",
        form={"website": "https://brightfield.example", "experience": "Ten years."},
    ),
    "POST /reseller/enrolments/<code>/accept": Route(RESELLER, {"code": "=gold"}, ok=(409,), changes=False),
    "POST /reseller/company": Route(RESELLER, page="/reseller/company", form={"company-city": "Berlin"}),
    "GET /reseller/terms": Route(RESELLER),
    "POST /reseller/terms": Route(RESELLER, page="/reseller/terms", form={"text": "Pay us now."}),
    "GET /reseller/terms/accepted.csv": Route(RESELLER),
    "GET /reseller/terms/distributor": Route(RESELLER),
    "GET /reseller/orders/<code>/confirmation.pdf": mine(RESELLER, code="order"),
    "GET /reseller/money/invoices/<invoice_id>/invoice.pdf": mine(RESELLER, invoice_id="invoice"),
    "GET /reseller/money/invoices/<invoice_id>/receipt.pdf": Route(
        RESELLER, {"invoice_id": "invoice"}, ok=(404,)
    ),
    "GET /reseller/": Route(RESELLER),
    "GET /reseller/branding": Route(RESELLER),
    "POST /reseller/branding": Route(
        RESELLER, page="/reseller/branding", form={"shop_name": "Bright"}, press="act=save"
    ),
    "GET /reseller/branding/frame": Route(RESELLER),
    "GET /reseller/branding/preview": Route(RESELLER),
    "GET /reseller/branding/preview.css": Route(RESELLER),
    "POST /reseller/branding/logo": Route(RESELLER, page="/reseller/branding", ok=(422,), changes=False),
    "GET /reseller/customers": Route(RESELLER),
    "GET /reseller/customers.csv": Route(RESELLER),
    "GET /reseller/customers/invite": Route(RESELLER),
    "POST /reseller/customers/invite": Route(
        RESELLER,
        page="/reseller/customers/invite",
        form={"company": "New", "name": "Nina", "email": "nina@new.example", "support": "{support}"},
    ),
    "GET /reseller/customers/<code>": mine(RESELLER, code="customer"),
    "POST /reseller/customers/<code>": Route(
        RESELLER, {"code": "customer"}, page="/reseller/customers/{customer}", form={"company": "Acme Ltd"}
    ),
    "POST /reseller/customers/<code>/remove": Route(
        RESELLER,
        {"code": "customer"},
        page="/reseller/customers/{customer}",
        ok=(409,),
        changes=False,
    ),  # something runs for it
    "POST /reseller/customers/<code>/ordering": Route(
        RESELLER, {"code": "customer"}, page="/reseller/customers/{customer}", form={"ordered_by": "reseller"}
    ),
    "POST /reseller/customers/<code>/people": Route(
        RESELLER,
        {"code": "customer"},
        page="/reseller/customers/{customer}",
        form={"name": "Pia", "email": "pia@acme.example", "roles": "buyer"},
    ),
    "POST /reseller/customers/<code>/invitations/<invitation_id>/resend": Route(
        RESELLER, {"code": "customer", "invitation_id": "invitation"}, page="/reseller/customers/{customer}"
    ),
    "POST /reseller/customers/<code>/invitations/<invitation_id>/revoke": Route(
        RESELLER, {"code": "customer", "invitation_id": "invitation"}, page="/reseller/customers/{customer}"
    ),
    "GET /reseller/customers/<code>/agreements": mine(RESELLER, code="customer"),
    "POST /reseller/customers/<code>/agreements/<agreement>/attest": Route(
        RESELLER,
        {"code": "customer", "agreement": "agreement"},
        ok=(403,),  # its programme does not let it
        changes=False,
    ),
    "POST /reseller/customers/<code>/agreements/<agreement>/link": Route(
        RESELLER,
        {"code": "customer", "agreement": "agreement"},
        page="/reseller/customers/{customer}/agreements",
        form={"*-name": "Pia", "*-address": "pia@acme.example"},
    ),
    "POST /reseller/customers/<code>/agreements/links/<link_id>/resend": Route(
        RESELLER,
        {"code": "customer", "link_id": "agreement_link"},
        page="/reseller/customers/{customer}/agreements",
    ),
    "POST /reseller/customers/<code>/agreements/links/<link_id>/revoke": Route(
        RESELLER,
        {"code": "customer", "link_id": "agreement_link"},
        page="/reseller/customers/{customer}/agreements",
    ),
    "GET /reseller/invitations": Route(RESELLER),
    "GET /reseller/invitations.csv": Route(RESELLER),
    "POST /reseller/invitations/<invitation_id>/resend": Route(
        RESELLER, {"invitation_id": "invitation"}, page="/reseller/invitations"
    ),
    "POST /reseller/invitations/<invitation_id>/revoke": Route(
        RESELLER, {"invitation_id": "invitation"}, page="/reseller/invitations"
    ),
    "GET /reseller/providers": Route(RESELLER),
    "GET /reseller/providers/directory": Route(RESELLER),
    "POST /reseller/providers/<code>/ask": Route(
        RESELLER, {"code": "=southwind"}, page="/reseller/providers/directory", form={"words": "Please."}
    ),
    "GET /reseller/visibility": Route(RESELLER),
    "POST /reseller/visibility": Route(RESELLER, page="/reseller/visibility", form={"prices": "own"}),
    "GET /reseller/domain": Route(RESELLER),
    "GET /reseller/domain/state": Route(RESELLER, ok=(286,)),
    "POST /reseller/domain": Route(
        RESELLER, form={"host": "portal.other.example"}, ok=(403, 422), changes=False
    ),
    "POST /reseller/domain/check": Route(RESELLER, page="/reseller/domain"),
    "POST /reseller/domain/release": Route(RESELLER, page="/reseller/domain"),
    "GET /reseller/money": Route(RESELLER),
    "GET /reseller/money.csv": Route(RESELLER),
    "GET /reseller/money/invoices/<invoice_id>": mine(RESELLER, invoice_id="invoice"),
    "GET /reseller/money/credit-notes/<note_id>": mine(RESELLER, note_id="credit_note"),
    "GET /reseller/money/credit-notes/<note_id>/credit-note.pdf": mine(RESELLER, note_id="credit_note"),
    "POST /reseller/deliveries/<delivery_id>/cancel": Route(
        RESELLER, {"delivery_id": "delivery"}, page="/reseller/orders/{parked_order}"
    ),
    "GET /reseller/orders": Route(RESELLER),
    "GET /reseller/orders.csv": Route(RESELLER),
    "GET /reseller/orders/<code>": mine(RESELLER, code="order"),
    "GET /reseller/orders/<code>/progress": Route(RESELLER, {"code": "order"}, ok=(200, 286)),
    "GET /reseller/orders/<code>/pay": Route(RESELLER, {"code": "own_order"}, ok=(503,)),
    "POST /reseller/orders/<code>/cancel": Route(
        RESELLER, {"code": "own_order"}, page="/reseller/orders/{own_order}"
    ),
    "GET /reseller/plans": Route(RESELLER),
    "GET /reseller/plans/alias": Route(RESELLER, query="alias=somewhere"),
    "GET /reseller/plans/<code>": Route(
        RESELLER, {"code": "=standard"}, ok=(200, 422)
    ),  # one is ordered already
    "POST /reseller/plans/<code>": Route(
        RESELLER,
        {"code": "=standard"},
        form={"alias": "other", "pay_by": "card"},
        ok=(409, 422),
        changes=False,
    ),
    "GET /reseller/money/plan-prices": Route(RESELLER),
    "GET /reseller/money/plan-prices.csv": Route(RESELLER),
    "GET /reseller/subscriptions/add": Route(RESELLER),
    "GET /reseller/subscriptions/add/price": Route(
        RESELLER, query="customer={customer}&product=patch&quantity=2"
    ),
    "POST /reseller/subscriptions/add": Route(
        RESELLER,
        page="/reseller/subscriptions/add?customer={customer}&product=patch",
        form={"quantity": "2", "support": "{support}"},
        foreign=True,
    ),
    "GET /reseller/prices": Route(RESELLER),
    "GET /reseller/prices.csv": Route(RESELLER),
    "GET /reseller/prices-export.csv": Route(RESELLER),
    "GET /reseller/prices-export.xlsx": Route(RESELLER),
    "POST /reseller/prices": Route(
        RESELLER, page="/reseller/prices", form={"price-*": "77.00"}, press="save=all", foreign=True
    ),
    "GET /reseller/prices/<listing_id>/volume": mine(RESELLER, listing_id="listing"),
    "POST /reseller/prices/<listing_id>/volume": Route(
        RESELLER,
        {"listing_id": "listing"},
        page="/reseller/prices/{listing}/volume",
        form={"from-0": "10", "price-0": "20.00"},
    ),
    "GET /reseller/prices/<uuid:listing_id>": mine(RESELLER, listing_id="hand_listing"),
    "POST /reseller/prices/<uuid:listing_id>/release": Route(
        RESELLER, {"listing_id": "hand_listing"}, page="/reseller/prices/{hand_listing}"
    ),
    "GET /reseller/prices/bulk": Route(RESELLER),
    # These two have their buttons outside of the form
    "POST /reseller/prices/bulk": Route(RESELLER, form={"how": "percent", "value": "33", "all_of_it": "y"}),
    "POST /reseller/prices/bulk/preview": Route(
        RESELLER, form={"how": "percent", "value": "33"}, changes=False
    ),
    "POST /reseller/prices/bulk/undo": Route(RESELLER, page="/reseller/prices"),
    "GET /reseller/prices/rules": Route(RESELLER),
    "GET /reseller/prices/rules.csv": Route(RESELLER),
    "POST /reseller/prices/rules": Route(
        RESELLER, page="/reseller/prices/rules", form={"level": "all", "method": "percent", "value": "40"}
    ),
    "POST /reseller/prices/rules/<rule_id>/remove": Route(
        RESELLER, {"rule_id": "retail_rule"}, page="/reseller/prices/rules"
    ),
    "POST /reseller/prices/rounding": Route(
        RESELLER, page="/reseller/prices/rules", form={"ending": "100.99"}
    ),
    "GET /reseller/margins": Route(RESELLER),
    "GET /reseller/margins.csv": Route(RESELLER),
    "POST /reseller/margins/floors": Route(RESELLER, page="/reseller/margins", form={"percent": "12"}),
    "POST /reseller/margins/floors/<floor_id>/remove": Route(
        RESELLER, {"floor_id": "retail_floor"}, page="/reseller/margins"
    ),
    "POST /reseller/margins/raise": Route(
        RESELLER,
        page="/reseller/margins",
        form={"+listing": "{hand_listing}"},
        press="act=chosen",
        foreign=True,
    ),
    "GET /reseller/shelf": Route(RESELLER),
    "GET /reseller/shelf.csv": Route(RESELLER),
    "POST /reseller/shelf": Route(
        RESELLER, page="/reseller/shelf", form={"+listing": "{hand_listing}"}, press="act=hide", foreign=True
    ),
    "POST /reseller/shelf/arrangement": Route(RESELLER, page="/reseller/shelf", form={"new_days": "5"}),
    "POST /reseller/shelf/categories": Route(RESELLER, page="/reseller/shelf", form={"place-0": "9"}),
    "POST /reseller/shelf/featured/<uuid:product_id>/up": Route(
        RESELLER, {"product_id": "second_featured"}, page="/reseller/shelf"
    ),
    "GET /reseller/shelf/proposals": Route(RESELLER),
    "GET /reseller/shelf/proposals.csv": Route(RESELLER),
    # Everything is on the shelf, so nothing is proposed
    "POST /reseller/shelf/proposals": Route(
        RESELLER, form={"plan": "{hand_listing}", "act": "dismiss"}, changes=False
    ),
    "GET /reseller/subscriptions": Route(RESELLER),
    "GET /reseller/subscriptions.csv": Route(RESELLER),
    "GET /reseller/subscriptions/<code>": mine(RESELLER, code="subscription"),
    "GET /reseller/subscriptions/<code>/cancel": mine(RESELLER, code="subscription"),
    "POST /reseller/subscriptions/<code>/cancel": Route(
        RESELLER, {"code": "subscription"}, page="/reseller/subscriptions/{subscription}/cancel"
    ),
    "POST /reseller/subscriptions/<code>/keep": Route(
        RESELLER, {"code": "cancelled"}, page="/reseller/subscriptions/{cancelled}"
    ),
    "GET /reseller/transfers": Route(RESELLER),
    "GET /reseller/transfers.csv": Route(RESELLER),
    "GET /reseller/transfers/new": Route(RESELLER, query="customer={customer}"),
    "POST /reseller/transfers/new": Route(
        RESELLER,
        page="/reseller/transfers/new?customer={customer}",
        form={"+subscription": "{movable}", "consent": "1", "extend": "1"},
        foreign=True,
    ),
    "GET /reseller/transfers/<code>": mine(RESELLER, code="transfer"),
    "GET /reseller/transfers/<code>/progress": Route(RESELLER, {"code": "transfer"}, ok=(200, 286)),
    "POST /reseller/transfers/<code>/withdraw": Route(
        RESELLER, {"code": "transfer"}, page="/reseller/transfers/{transfer}"
    ),
    "POST /reseller/transfers/<code>/accept": Route(
        RESELLER, {"code": "transfer_in"}, page="/reseller/transfers/{transfer_in}"
    ),
    "POST /reseller/transfers/<code>/reject": Route(
        RESELLER,
        {"code": "transfer_in"},
        page="/reseller/transfers/{transfer_in}",
        form={"reason": "No room."},
    ),
    "GET /reseller/transfers/partners": Route(RESELLER),
    "POST /reseller/transfers/partners": Route(
        RESELLER,
        page="/reseller/transfers/partners",
        form={"code": "{other_reseller}"},
        ok=(409,),
        changes=False,
    ),
    "POST /reseller/transfers/partners/<code>/<act>": Route(
        RESELLER,
        {"code": "invited_pair", "act": "=accept"},
        page="/reseller/transfers/partners",
    ),
    "GET /reseller/team": Route(RESELLER),
    "GET /reseller/team.csv": Route(RESELLER),
    "POST /reseller/team": Route(
        RESELLER,
        page="/reseller/team",
        form={"name": "Bob", "email": "bob@brightfield.example", "roles": "buyer"},
    ),
    "POST /reseller/team/roles": Route(
        RESELLER, page="/reseller/team", form={"+role-{colleague}": "buyer"}, foreign=True
    ),
    "POST /reseller/team/people/<person_id>/remove": mine(RESELLER, person_id="colleague"),
    "POST /reseller/team/invitations/<invitation_id>/resend": Route(
        RESELLER, {"invitation_id": "staff_invitation"}, page="/reseller/team"
    ),
    "POST /reseller/team/invitations/<invitation_id>/revoke": Route(
        RESELLER, {"invitation_id": "staff_invitation"}, page="/reseller/team"
    ),
    "GET /reseller/looks": Route(RESELLER),
    "GET /reseller/looks.csv": Route(RESELLER),
    "GET /reseller/help": Route(RESELLER),
    "GET /reseller/agreement": Route(RESELLER),
    "POST /reseller/agreement": Route(RESELLER, ok=(303, 422), changes=False),
    "GET /reseller/money/support-types": Route(RESELLER),
    "GET /reseller/customers/<code>/settings": mine(RESELLER, code="customer"),
    "POST /reseller/customers/<code>/support": Route(
        RESELLER,
        {"code": "customer"},
        page="/reseller/customers/{customer}/settings",
        form={"support": "{support}"},
    ),
    "GET /reseller/customers/<code>/dashboard": mine(RESELLER, code="customer"),
    "POST /reseller/customers/<code>/dashboard/<service>/assign": Route(
        RESELLER,
        {"code": "customer", "service": "subscription"},
        page="/reseller/customers/{customer}/dashboard",
        form={"to": "agnes@acme.example"},
    ),
    "POST /reseller/customers/<code>/dashboard/<service>/release": Route(
        RESELLER,
        {"code": "customer", "service": "subscription"},
        page="/reseller/customers/{customer}/dashboard",
    ),
    # --- a distributor's ---
    "GET /reseller/resources": Route(RESELLER),
    "GET /reseller/resources/<resource_id>/file": mine(RESELLER, resource_id="resource"),
    "GET /reseller/requests": Route(RESELLER),
    "GET /reseller/requests.csv": Route(RESELLER),
    "GET /reseller/requests/new/<kind_id>": mine(RESELLER, kind_id="free_kind"),
    "POST /reseller/requests/new/<kind_id>": Route(
        RESELLER,
        {"kind_id": "free_kind"},
        page="/reseller/requests/new/{free_kind}",
        form={"answer-0": "Two of us."},
    ),
    "GET /reseller/requests/<code>": mine(RESELLER, code="request"),
    "POST /reseller/requests/<code>/withdraw": Route(
        RESELLER, {"code": "request"}, page="/reseller/requests/{request}"
    ),
    "POST /reseller/requests/<code>/renew": Route(RESELLER, {"code": "request"}, ok=(422,), changes=False),
    "GET /reseller/newsletters": Route(RESELLER),
    "GET /reseller/newsletters.csv": Route(RESELLER),
    "GET /reseller/newsletters/<code>": mine(RESELLER, code="newsletter"),
    "POST /reseller/newsletters": Route(RESELLER, page="/reseller/newsletters"),
    "GET /distributor/newsletters": Route(DISTRIBUTOR),
    "GET /distributor/newsletters.csv": Route(DISTRIBUTOR),
    "GET /distributor/newsletters/new": Route(DISTRIBUTOR),
    "POST /distributor/newsletters/new": Route(
        DISTRIBUTOR, page="/distributor/newsletters/new", form={"subject": "News", "text": "Much."}
    ),
    "GET /distributor/newsletters/<code>": mine(DISTRIBUTOR, code="newsletter"),
    "GET /distributor/requests": Route(DISTRIBUTOR),
    "GET /distributor/requests.csv": Route(DISTRIBUTOR),
    "GET /distributor/requests/<code>": mine(DISTRIBUTOR, code="request"),
    "POST /distributor/requests/<code>/grant": Route(
        DISTRIBUTOR, {"code": "request"}, page="/distributor/requests/{request}", form={"reply": "Gladly."}
    ),
    "POST /distributor/requests/<code>/decline": Route(
        DISTRIBUTOR, {"code": "request"}, form={"reply": "Not now."}
    ),
    "GET /distributor/programmes/<code>/resources": mine(DISTRIBUTOR, code="programme"),
    "POST /distributor/programmes/<code>/resources": Route(
        DISTRIBUTOR,
        {"code": "programme"},
        page="/distributor/programmes/{programme}/resources",
        form={"resource-title": "A film", "resource-url": "https://films.example/1"},
    ),
    "POST /distributor/programmes/<code>/resources/<resource_id>/<act>": Route(
        DISTRIBUTOR,
        {"code": "programme", "resource_id": "resource", "act": "=hide"},
        page="/distributor/programmes/{programme}/resources",
    ),
    "POST /distributor/programmes/<code>/request-kinds": Route(
        DISTRIBUTOR,
        {"code": "programme"},
        page="/distributor/programmes/{programme}/resources",
        form={"kind-label": "Joint event", "kind-questions": "Where?"},
    ),
    "POST /distributor/programmes/<code>/request-kinds/<kind_id>/stop": Route(
        DISTRIBUTOR,
        {"code": "programme", "kind_id": "free_kind"},
        page="/distributor/programmes/{programme}/resources",
    ),
    "GET /distributor/programmes/<code>/hours": mine(DISTRIBUTOR, code="programme"),
    "POST /distributor/programmes/<code>/hours": Route(
        DISTRIBUTOR,
        {"code": "programme"},
        page="/distributor/programmes/{programme}/hours",
        form={"+day_5": "y", "answer_hours": "8"},
    ),
    "GET /distributor/programmes/<code>/accounts": mine(DISTRIBUTOR, code="programme"),
    "POST /distributor/programmes/<code>/accounts": Route(
        DISTRIBUTOR,
        {"code": "programme"},
        page="/distributor/programmes/{programme}/accounts",
        form={"+terms_first": "y"},
    ),
    "POST /distributor/programmes/<code>/accounts/types": Route(
        DISTRIBUTOR,
        {"code": "programme"},
        page="/distributor/programmes/{programme}/accounts",
        form={"new-label": "Shared", "new-definition": "Both answer."},
    ),
    "POST /distributor/programmes/<code>/accounts/types/<type_id>": Route(
        DISTRIBUTOR,
        {"code": "programme", "type_id": "support"},
        page="/distributor/programmes/{programme}/accounts",
        form={"*definition": "You do it all."},
    ),
    "GET /distributor/resellers/<code>/qualifications": mine(DISTRIBUTOR, code="reseller"),
    "POST /distributor/resellers/<code>/qualifications/<enrolment_id>": Route(
        DISTRIBUTOR,
        {"code": "reseller", "enrolment_id": "enrolment"},
        page="/distributor/resellers/{reseller}/qualifications",
        form={"*evidence": "Seen in a drill."},
    ),
    "GET /distributor/managers": Route(DISTRIBUTOR),
    "GET /distributor/managers.csv": Route(DISTRIBUTOR),
    "POST /distributor/managers": Route(DISTRIBUTOR, page="/distributor/managers", form={"minutes": "20"}),
    "POST /distributor/resellers/<code>/manager": Route(
        DISTRIBUTOR,
        {"code": "reseller"},
        page="/distributor/resellers/{reseller}",
        form={"manager-manager": "{nora}"},
    ),
    "GET /distributor/resellers/<code>/look": mine(DISTRIBUTOR, code="reseller"),
    "POST /distributor/resellers/<code>/look": Route(
        DISTRIBUTOR,
        {"code": "reseller"},
        page="/distributor/resellers/{reseller}/look",
        form={"why": "Because."},
    ),
    "POST /distributor/looks/end": Route(DISTRIBUTOR, ok=(404,), changes=False),
    "GET /distributor/": Route(DISTRIBUTOR),
    "GET /distributor/catalogue": Route(DISTRIBUTOR),
    "GET /distributor/catalogue.csv": Route(DISTRIBUTOR),
    "GET /distributor/catalogue-file": Route(DISTRIBUTOR),
    "POST /distributor/catalogue-file": Route(
        DISTRIBUTOR, page="/distributor/catalogue-file", ok=(422,), changes=False
    ),
    "POST /distributor/catalogue-file/stock": Route(DISTRIBUTOR, changes=False),
    "GET /distributor/catalogue/<code>": Route(DISTRIBUTOR, {"code": "=patch"}),
    "GET /distributor/catalogue/<code>/prices/<plan>": Route(
        DISTRIBUTOR, {"code": "=patch", "plan": "=patch-y"}
    ),
    "POST /distributor/catalogue/<code>/prices/<plan>": Route(
        DISTRIBUTOR,
        {"code": "=patch", "plan": "=patch-y"},
        page="/distributor/catalogue/patch/prices/patch-y",
        form={"from-0": "10", "list-0": "20.00"},
    ),
    "GET /distributor/catalogue/<code>/ordering": Route(DISTRIBUTOR, {"code": "=patch"}),
    "POST /distributor/catalogue/<code>/ordering": Route(
        DISTRIBUTOR,
        {"code": "=patch"},
        page="/distributor/catalogue/patch/ordering",
        form={"*-maximum": "500"},
        foreign=True,
    ),
    "POST /distributor/catalogue/<code>": Route(
        DISTRIBUTOR, {"code": "=patch"}, page="/distributor/catalogue/patch"
    ),
    "GET /distributor/catalogue/new": Route(DISTRIBUTOR),
    "POST /distributor/catalogue/new": Route(
        DISTRIBUTOR,
        page="/distributor/catalogue/new",
        form={
            "code": "newer",
            "name": "Newer",
            "vendor": "Us",
            "category": "Security",
            "summary": "New.",
            "product_type": "licence",
        },
    ),
    "POST /distributor/catalogue/markdown": Route(DISTRIBUTOR, changes=False),
    "GET /distributor/catalogue/<code>/details": Route(DISTRIBUTOR, {"code": "=patch"}),
    "POST /distributor/catalogue/<code>/details": Route(
        DISTRIBUTOR, {"code": "=patch"}, page="/distributor/catalogue/patch/details", form={"name": "Patches"}
    ),
    "POST /distributor/catalogue/<code>/sale": Route(
        DISTRIBUTOR, {"code": "=patch"}, page="/distributor/catalogue/patch/details", form={"+act": "retire"}
    ),
    "GET /distributor/catalogue/<code>/preview": Route(DISTRIBUTOR, {"code": "=patch"}),
    "GET /distributor/catalogue/<code>/plans/new": Route(DISTRIBUTOR, {"code": "=patch"}),
    "POST /distributor/catalogue/<code>/plans/new": Route(
        DISTRIBUTOR,
        {"code": "=patch"},
        page="/distributor/catalogue/patch/plans/new",
        form={"code": "newest", "name": "Newest", "sku": "N", "price": "1.00"},
    ),
    "GET /distributor/catalogue/<code>/plans/<plan>": Route(
        DISTRIBUTOR, {"code": "=patch", "plan": "=patch-y"}
    ),
    "POST /distributor/catalogue/<code>/plans/<plan>": Route(
        DISTRIBUTOR,
        {"code": "=patch", "plan": "=patch-y"},
        page="/distributor/catalogue/patch/plans/patch-y",
        form={"name": "By the year"},
    ),
    "POST /distributor/catalogue/<code>/plans/<plan>/sale": Route(
        DISTRIBUTOR,
        {"code": "=patch", "plan": "=patch-y"},
        page="/distributor/catalogue/patch/plans/patch-y",
        form={"+act": "retire"},
    ),
    "GET /distributor/catalogue/<code>/pictures": Route(DISTRIBUTOR, {"code": "=patch"}),
    # What pictures do is in tests/distributor/test_product_editor.py
    "POST /distributor/catalogue/<code>/pictures": Route(
        DISTRIBUTOR,
        {"code": "=patch"},
        page="/distributor/catalogue/patch/pictures",
        ok=(422,),
        changes=False,
    ),
    "POST /distributor/catalogue/<code>/pictures/<picture_id>": Route(
        DISTRIBUTOR,
        {"code": "=patch", "picture_id": "picture"},
        page="/distributor/catalogue/patch/pictures",
        form={"+act": "remove"},
    ),
    "GET /distributor/catalogue/<code>/languages": Route(DISTRIBUTOR, {"code": "=patch"}),
    "POST /distributor/catalogue/<code>/languages": Route(
        DISTRIBUTOR,
        {"code": "=patch"},
        page="/distributor/catalogue/patch/languages",
        form={"name": "Flicken"},
    ),
    "GET /distributor/catalogue/<code>/upgrades": Route(DISTRIBUTOR, {"code": "=m365-bb"}),
    "POST /distributor/catalogue/<code>/upgrades": Route(
        DISTRIBUTOR,
        {"code": "=m365-bb"},
        page="/distributor/catalogue/m365-bb/upgrades",
        form={"source": "m365-bb-m", "target": "m365-bb-y"},
        ok=(422,),  # it is there already
        changes=False,
    ),
    "POST /distributor/catalogue/<code>/upgrades/<upgrade_id>/remove": Route(
        DISTRIBUTOR,
        {"code": "=m365-bb", "upgrade_id": "upgrade"},
        page="/distributor/catalogue/m365-bb/upgrades",
    ),
    "GET /distributor/product-types": Route(DISTRIBUTOR),
    "GET /distributor/product-types.csv": Route(DISTRIBUTOR),
    "GET /distributor/product-types/new": Route(DISTRIBUTOR),
    "POST /distributor/product-types/new": Route(
        DISTRIBUTOR, page="/distributor/product-types/new", form={"code": "devices", "name": "Devices"}
    ),
    "GET /distributor/product-types/<code>": Route(DISTRIBUTOR, {"code": "=cloud"}),
    "POST /distributor/product-types/<code>": Route(
        DISTRIBUTOR, {"code": "=cloud"}, page="/distributor/product-types/cloud", form={"name": "Clouds"}
    ),
    "POST /distributor/product-types/<code>/archive": Route(
        DISTRIBUTOR, {"code": "=cloud"}, ok=(422,), changes=False
    ),
    "GET /distributor/categories": Route(DISTRIBUTOR),
    "GET /distributor/categories.csv": Route(DISTRIBUTOR),
    "POST /distributor/categories": Route(
        DISTRIBUTOR, page="/distributor/categories", form={"name": "Gardening"}
    ),
    "GET /distributor/categories/<slug>": Route(DISTRIBUTOR, {"slug": "=security"}),
    "POST /distributor/categories/<slug>": Route(
        DISTRIBUTOR, {"slug": "=security"}, page="/distributor/categories/security", form={"name": "Safety"}
    ),
    "POST /distributor/categories/<slug>/archive": Route(
        DISTRIBUTOR, {"slug": "=security"}, ok=(422,), changes=False
    ),
    "GET /distributor/front": Route(DISTRIBUTOR),
    "POST /distributor/front": Route(DISTRIBUTOR, page="/distributor/front", form={"new_days": "5"}),
    "POST /distributor/front/featured": Route(
        DISTRIBUTOR, page="/distributor/front", form={"product": "patch"}
    ),
    "POST /distributor/front/featured/<uuid:product_id>": Route(
        DISTRIBUTOR, {"product_id": "second_featured"}, page="/distributor/front"
    ),
    "POST /distributor/front/categories": Route(
        DISTRIBUTOR, page="/distributor/front", form={"place-0": "9"}
    ),
    "GET /distributor/margins": Route(DISTRIBUTOR),
    "GET /distributor/margins.csv": Route(DISTRIBUTOR),
    "POST /distributor/margins/floors": Route(
        DISTRIBUTOR, page="/distributor/margins", form={"percent": "12"}
    ),
    "POST /distributor/margins/floors/<floor_id>/remove": Route(
        DISTRIBUTOR, {"floor_id": "margin_floor"}, page="/distributor/margins"
    ),
    "POST /distributor/margins/raise": Route(DISTRIBUTOR, page="/distributor/margins", press="act=all"),
    "GET /distributor/exchange-rates": Route(DISTRIBUTOR),
    "GET /distributor/exchange-rates.csv": Route(DISTRIBUTOR),
    "POST /distributor/exchange-rates": Route(
        DISTRIBUTOR, page="/distributor/exchange-rates", form={"currency": "USD", "rate": "1.0843"}
    ),
    "POST /distributor/exchange-rates/file": Route(
        DISTRIBUTOR, page="/distributor/exchange-rates", ok=(422,), changes=False
    ),
    "GET /distributor/price-imports": Route(DISTRIBUTOR),
    "GET /distributor/price-imports.csv": Route(DISTRIBUTOR),
    "GET /distributor/price-imports/new": Route(DISTRIBUTOR),
    "POST /distributor/price-imports/new": Route(
        DISTRIBUTOR, page="/distributor/price-imports/new", ok=(422,), changes=False
    ),
    "GET /distributor/catalogue-export.csv": Route(DISTRIBUTOR),
    "GET /distributor/catalogue-export.xlsx": Route(DISTRIBUTOR),
    "GET /distributor/price-imports/files/<code>": mine(DISTRIBUTOR, code="sheet_file"),
    "POST /distributor/price-imports/files/<code>": Route(
        DISTRIBUTOR,
        {"code": "sheet_file"},
        page="/distributor/price-imports/files/{sheet_file}",
        form={"source": "Acme", "to_sku": "Item", "to_product": "Product", "to_term": "Term"},
    ),
    "POST /distributor/price-imports/files/<code>/discard": Route(
        DISTRIBUTOR, {"code": "sheet_file"}, page="/distributor/price-imports/files/{sheet_file}"
    ),
    "GET /distributor/price-imports/<code>": mine(DISTRIBUTOR, code="price_import"),
    "GET /distributor/price-imports/<code>.csv": mine(DISTRIBUTOR, code="price_import"),
    "POST /distributor/price-imports/<code>/confirm": Route(
        DISTRIBUTOR, {"code": "price_import"}, page="/distributor/price-imports/{price_import}"
    ),
    "POST /distributor/price-imports/<code>/discard": Route(
        DISTRIBUTOR, {"code": "price_import"}, page="/distributor/price-imports/{price_import}"
    ),
    "POST /distributor/price-imports/<code>/undo": Route(
        DISTRIBUTOR, {"code": "applied_import"}, page="/distributor/price-imports/{applied_import}"
    ),
    "GET /distributor/connectors": Route(DISTRIBUTOR),
    "POST /distributor/connectors/<key>": Route(
        DISTRIBUTOR,
        {"key": "=http_service"},
        page="/distributor/connectors",
        form={"*base_url": "https://vendor.example", "*api_key": "key"},
    ),
    "POST /distributor/connectors/<key>/pause": Route(
        DISTRIBUTOR, {"key": "=signed_licence"}, page="/distributor/connectors", form=WHY
    ),
    "POST /distributor/connectors/<key>/resume": Route(
        DISTRIBUTOR, {"key": "=signed_licence"}, changes=False
    ),
    "POST /distributor/connectors/<key>/test": Route(DISTRIBUTOR, {"key": "=signed_licence"}, changes=False),
    "GET /distributor/connectors/<key>/services": Route(DISTRIBUTOR, {"key": "=http_service"}),
    "POST /distributor/connectors/<key>/services": Route(
        DISTRIBUTOR, {"key": "=http_service"}, page="/distributor/connectors/http_service/services"
    ),
    "GET /distributor/resellers/<code>/direct-selling": mine(DISTRIBUTOR, code="reseller"),
    "POST /distributor/resellers/<code>/direct-selling": Route(
        DISTRIBUTOR,
        {"code": "reseller"},
        page="/distributor/resellers/{reseller}/direct-selling",
        form={"day": "2099-01-01", "reason": "Too little revenue."},
    ),
    "GET /distributor/customers": Route(DISTRIBUTOR),
    "GET /distributor/customers.csv": Route(DISTRIBUTOR),
    "GET /distributor/customers/<code>": mine(DISTRIBUTOR, code="customer"),
    "GET /distributor/customers/<code>/agreements": mine(DISTRIBUTOR, code="customer"),
    "POST /distributor/customers/<code>/agreements/<agreement>/attest": Route(
        DISTRIBUTOR,
        {"code": "customer", "agreement": "agreement"},
        page="/distributor/customers/{customer}/agreements",
        form={"*-first_name": "Anna", "*-last_name": "Berg", "*-email": "anna@acme.example"},
    ),
    "POST /distributor/customers/<code>/agreements/<agreement>/link": Route(
        DISTRIBUTOR,
        {"code": "customer", "agreement": "agreement"},
        page="/distributor/customers/{customer}/agreements",
        form={"*-name": "Pia", "*-address": "pia@acme.example"},
    ),
    "POST /distributor/customers/<code>/agreements/links/<link_id>/resend": Route(
        DISTRIBUTOR,
        {"code": "customer", "link_id": "agreement_link"},
        page="/distributor/customers/{customer}/agreements",
    ),
    "POST /distributor/customers/<code>/agreements/links/<link_id>/revoke": Route(
        DISTRIBUTOR,
        {"code": "customer", "link_id": "agreement_link"},
        page="/distributor/customers/{customer}/agreements",
    ),
    "GET /distributor/customers/<code>/order": mine(DISTRIBUTOR, code="customer"),
    # Acme is a direct customer: nobody orders for it (tests/partners/test_joining.py has an indirect one)
    "POST /distributor/customers/<code>/order": Route(
        DISTRIBUTOR, {"code": "customer"}, form={"plan": "patch-y", "quantity": "1"}, ok=(403,)
    ),
    "GET /distributor/deliveries": Route(DISTRIBUTOR),
    "GET /distributor/deliveries.csv": Route(DISTRIBUTOR),
    "POST /distributor/deliveries/<delivery_id>/retry": Route(
        DISTRIBUTOR, {"delivery_id": "delivery"}, page="/distributor/orders/{parked_order}"
    ),
    "POST /distributor/deliveries/<delivery_id>/resolve": Route(
        DISTRIBUTOR,
        {"delivery_id": "delivery"},
        page="/distributor/orders/{parked_order}",
        form=WHY | {"*external_id": "vendor-1"},
    ),
    "POST /distributor/deliveries/<delivery_id>/refuse": Route(
        DISTRIBUTOR, {"delivery_id": "delivery"}, page="/distributor/orders/{parked_order}", form=WHY
    ),
    "GET /distributor/company": Route(DISTRIBUTOR),
    "POST /distributor/company": Route(
        DISTRIBUTOR, page="/distributor/company", form={"company-city": "Berlin"}
    ),
    "GET /distributor/tax-rates": Route(DISTRIBUTOR),
    "POST /distributor/tax-rates": Route(
        DISTRIBUTOR, page="/distributor/tax-rates", form={"country": "FR", "percent": "20"}
    ),
    "GET /distributor/terms": Route(DISTRIBUTOR),
    "POST /distributor/terms": Route(DISTRIBUTOR, page="/distributor/terms", form={"text": "Pay us now."}),
    "GET /distributor/terms/accepted.csv": Route(DISTRIBUTOR),
    "GET /distributor/orders/<code>/confirmation.pdf": mine(DISTRIBUTOR, code="order"),
    "GET /distributor/invoices/<invoice_id>/invoice.pdf": mine(DISTRIBUTOR, invoice_id="invoice"),
    "GET /distributor/invoices/<invoice_id>/receipt.pdf": Route(
        DISTRIBUTOR, {"invoice_id": "invoice"}, ok=(404,)
    ),
    "POST /distributor/deliveries/<delivery_id>/cancel": Route(
        DISTRIBUTOR, {"delivery_id": "delivery"}, page="/distributor/orders/{parked_order}", form=WHY
    ),
    "POST /distributor/deliveries/<delivery_id>/give-back": Route(
        DISTRIBUTOR, {"delivery_id": "delivery"}, changes=False, ok=(422,)
    ),  # it is not refused
    "GET /distributor/order-lines/<line_id>/refund": mine(DISTRIBUTOR, line_id="line"),
    "POST /distributor/order-lines/<line_id>/refund": Route(
        DISTRIBUTOR,
        {"line_id": "line"},
        form={"amount": "1.00", "borne": "as_sold", "why": "Because.", "key": "k"},
    ),
    "GET /distributor/refunds": Route(DISTRIBUTOR),
    "GET /distributor/refunds.csv": Route(DISTRIBUTOR),
    "POST /distributor/refunds/policy": Route(
        DISTRIBUTOR, page="/distributor/refunds", form={"when_refused": "ask"}
    ),
    "POST /distributor/refunds/<refund_id>/retry": Route(
        DISTRIBUTOR, {"refund_id": "refund"}, changes=False, ok=(422,)
    ),  # it has not failed
    "POST /distributor/refunds/<refund_id>/paid": Route(
        DISTRIBUTOR, {"refund_id": "refund"}, changes=False, ok=(422,), form={"why": "Because."}
    ),
    "GET /distributor/credit-notes/<note_id>": mine(DISTRIBUTOR, note_id="credit_note"),
    "GET /distributor/credit-notes/<note_id>/credit-note.pdf": mine(DISTRIBUTOR, note_id="credit_note"),
    "GET /distributor/programmes": Route(DISTRIBUTOR),
    "GET /distributor/programmes.csv": Route(DISTRIBUTOR),
    "GET /distributor/programmes/new": Route(DISTRIBUTOR),
    "POST /distributor/programmes/new": Route(
        DISTRIBUTOR,
        page="/distributor/programmes/new",
        form={"code": "silver", "name": "Silver", "explanation": "For all."},
    ),
    "GET /distributor/programmes/<code>": Route(DISTRIBUTOR, {"code": "programme"}),
    "POST /distributor/programmes/<code>": Route(
        DISTRIBUTOR,
        {"code": "programme"},
        page="/distributor/programmes/{programme}",
        form={"name": "Better"},
    ),
    "GET /distributor/programmes/<code>/access": Route(DISTRIBUTOR, {"code": "programme"}),
    "POST /distributor/programmes/<code>/access": Route(
        DISTRIBUTOR,
        {"code": "programme"},
        page="/distributor/programmes/{programme}/access",
        form={"logins": "3"},
    ),
    "GET /distributor/programmes/<code>/credit": Route(DISTRIBUTOR, {"code": "programme"}),
    "POST /distributor/programmes/<code>/credit": Route(
        DISTRIBUTOR,
        {"code": "programme"},
        page="/distributor/programmes/{programme}/credit",
        form={"limit": "300.00"},
    ),
    "POST /distributor/programmes/<code>/agreement": Route(
        DISTRIBUTOR,
        {"code": "programme"},
        page="/distributor/programmes/{programme}",
        form={"*-text": "Be fairer."},
    ),
    "GET /distributor/programmes/<code>/tiers": Route(DISTRIBUTOR, {"code": "tiered"}),
    "POST /distributor/programmes/<code>/tiers": Route(
        DISTRIBUTOR,
        {"code": "tiered"},
        page="/distributor/programmes/{tiered}/tiers",
        form={"name": "Diamond", "threshold": "50", "minimum": "50", "discount": "25", "commission": "9"},
    ),
    "POST /distributor/programmes/<code>/tiers/<tier_id>": Route(
        DISTRIBUTOR,
        {"code": "tiered", "tier_id": "tier"},
        page="/distributor/programmes/{tiered}/tiers",
        form={"*-discount": "11"},
    ),
    "POST /distributor/programmes/<code>/tiers/<tier_id>/remove": Route(
        DISTRIBUTOR,
        {"code": "tiered", "tier_id": "tier"},
        page="/distributor/programmes/{tiered}/tiers",
    ),
    "GET /distributor/programmes/<code>/year": Route(DISTRIBUTOR, {"code": "tiered"}),
    "POST /distributor/programmes/<code>/year": Route(
        DISTRIBUTOR,
        {"code": "tiered"},
        page="/distributor/programmes/{tiered}/year",
        form={"notice_days": "60"},
    ),
    "POST /distributor/programmes/<code>/year/floors": Route(
        DISTRIBUTOR,
        {"code": "tiered"},
        page="/distributor/programmes/{tiered}/year",
        form={"*-amount": "1000"},
    ),
    "GET /distributor/partnerships": Route(DISTRIBUTOR),
    "GET /distributor/partnerships.csv": Route(DISTRIBUTOR),
    "GET /distributor/partnerships/<enrolment_id>": mine(DISTRIBUTOR, enrolment_id="partnership"),
    "POST /distributor/partnerships/<enrolment_id>/end": Route(
        DISTRIBUTOR,
        {"enrolment_id": "partnership"},
        page="/distributor/partnerships/{partnership}",
        form={"reason": "Because."},
    ),
    "GET /distributor/commissions": Route(DISTRIBUTOR),
    "GET /distributor/commissions.csv": Route(DISTRIBUTOR),
    "GET /distributor/programmes/<code>/attesting": Route(DISTRIBUTOR, {"code": "programme"}),
    "POST /distributor/programmes/<code>/attesting": Route(
        DISTRIBUTOR,
        {"code": "programme"},
        page="/distributor/programmes/{programme}/attesting",
        form={"+resellers_attest": "y"},
    ),
    # --- promotions and partner codes ---
    "GET /distributor/promotions": Route(DISTRIBUTOR),
    "GET /distributor/promotions.csv": Route(DISTRIBUTOR),
    "GET /distributor/promotions/new": Route(DISTRIBUTOR),
    "POST /distributor/promotions/new": Route(
        DISTRIBUTOR, page="/distributor/promotions/new", form={"name": "Autumn", "percent": "5"}
    ),
    "GET /distributor/promotions/<code>": mine(DISTRIBUTOR, code="promotion"),
    "GET /distributor/promotions/<code>/edit": mine(DISTRIBUTOR, code="promotion"),
    "POST /distributor/promotions/<code>/edit": Route(
        DISTRIBUTOR,
        {"code": "promotion"},
        page="/distributor/promotions/{promotion}/edit",
        form={"name": "Later"},
    ),
    "POST /distributor/promotions/<code>/publish": Route(
        DISTRIBUTOR, {"code": "promotion"}, page="/distributor/promotions/{promotion}"
    ),
    "POST /distributor/promotions/<code>/stop": Route(
        DISTRIBUTOR, {"code": "promotion"}, page="/distributor/promotions/{promotion}"
    ),
    "GET /reseller/promotions": Route(RESELLER),
    "GET /reseller/promotions.csv": Route(RESELLER),
    "GET /reseller/promotions/new": Route(RESELLER),
    "POST /reseller/promotions/new": Route(
        RESELLER, page="/reseller/promotions/new", form={"name": "Autumn", "percent": "5"}
    ),
    "GET /reseller/promotions/<code>": mine(RESELLER, code="own_promotion"),
    "GET /reseller/promotions/<code>/edit": mine(RESELLER, code="own_promotion"),
    "POST /reseller/promotions/<code>/edit": Route(
        RESELLER,
        {"code": "own_promotion"},
        page="/reseller/promotions/{own_promotion}/edit",
        form={"name": "Later"},
    ),
    "POST /reseller/promotions/<code>/publish": Route(
        RESELLER, {"code": "own_promotion"}, page="/reseller/promotions/{own_promotion}"
    ),
    "POST /reseller/promotions/<code>/stop": Route(
        RESELLER, {"code": "own_promotion"}, page="/reseller/promotions/{own_promotion}"
    ),
    "GET /distributor/partner-codes": Route(DISTRIBUTOR),
    "GET /distributor/partner-codes.csv": Route(DISTRIBUTOR),
    "GET /distributor/partner-codes/new": Route(DISTRIBUTOR),
    "POST /distributor/partner-codes/new": Route(
        DISTRIBUTOR,
        page="/distributor/partner-codes/new",
        form={"reseller": "{brightfield_id}", "name": "Once more", "percent": "10"},
        foreign=True,
    ),
    "GET /distributor/partner-codes/<code>": mine(DISTRIBUTOR, code="partner_code"),
    "POST /distributor/partner-codes/<code>/revoke": Route(
        DISTRIBUTOR,
        {"code": "partner_code"},
        page="/distributor/partner-codes/{partner_code}",
        form=WHY,
    ),
    "GET /reseller/discounts": Route(RESELLER),
    "GET /reseller/discounts.csv": Route(RESELLER),
    "POST /reseller/discounts": Route(
        RESELLER, page="/reseller/discounts", form={"code": "{partner_code}"}, foreign=True
    ),
    "POST /reseller/plans/<code>/discount": Route(
        RESELLER,
        {"code": "=standard-m"},
        page="/reseller/plans/standard-m",
        form={"code": "{partner_code}"},
        foreign=True,
    ),
    "GET /distributor/conditions": Route(DISTRIBUTOR),
    "GET /distributor/conditions.csv": Route(DISTRIBUTOR),
    "GET /distributor/conditions/new": Route(DISTRIBUTOR),
    "POST /distributor/conditions/new": Route(
        DISTRIBUTOR,
        page="/distributor/conditions/new",
        form={"code": "fair-use", "name": "Fair use", "kind": "product_terms"},
    ),
    "GET /distributor/conditions/<code>": mine(DISTRIBUTOR, code="agreement"),
    "POST /distributor/conditions/<code>": Route(
        DISTRIBUTOR,
        {"code": "agreement"},
        page="/distributor/conditions/{agreement}",
        form={"name": "Better"},
    ),
    "POST /distributor/conditions/<code>/versions": Route(
        DISTRIBUTOR,
        {"code": "agreement"},
        page="/distributor/conditions/{agreement}",
        form={"text": "Be fairer."},
    ),
    "POST /distributor/conditions/<code>/links": Route(
        DISTRIBUTOR,
        {"code": "agreement"},
        page="/distributor/conditions/{agreement}",
        form={"target": "product:free"},
    ),
    "POST /distributor/conditions/<code>/links/<link_id>/remove": Route(
        DISTRIBUTOR,
        {"code": "agreement", "link_id": "condition_link"},
        page="/distributor/conditions/{agreement}",
    ),
    "GET /distributor/acceptances": Route(DISTRIBUTOR),
    "GET /distributor/acceptances.csv": Route(DISTRIBUTOR),
    "GET /distributor/consents": Route(DISTRIBUTOR),
    "GET /distributor/consents.csv": Route(DISTRIBUTOR),
    "GET /distributor/programmes/<code>/joining": Route(DISTRIBUTOR, {"code": "programme"}),
    "POST /distributor/programmes/<code>/joining": Route(
        DISTRIBUTOR,
        {"code": "programme"},
        page="/distributor/programmes/{programme}/joining",
        form={"link_days": "14"},
    ),
    "GET /distributor/applications": Route(DISTRIBUTOR),
    "GET /distributor/applications/<code>/documents/<uuid:document_id>": mine(
        DISTRIBUTOR, code="application", document_id="application_document"
    ),
    "POST /distributor/applications/<code>/take-back": Route(
        DISTRIBUTOR,
        {"code": "approved_application"},
        page="/distributor/applications/{approved_application}",
        form={"words": "Not yet."},
    ),
    "GET /distributor/applications.csv": Route(DISTRIBUTOR),
    "GET /distributor/applications/<code>": mine(DISTRIBUTOR, code="application"),
    "POST /distributor/applications/<code>/approve": Route(
        DISTRIBUTOR, {"code": "application"}, page="/distributor/applications/{application}"
    ),
    "POST /distributor/applications/<code>/ask": Route(
        DISTRIBUTOR,
        {"code": "application"},
        page="/distributor/applications/{application}",
        form={"words": "Why?"},
    ),
    "POST /distributor/applications/<code>/decline": Route(
        DISTRIBUTOR,
        {"code": "application"},
        page="/distributor/applications/{application}",
        form={"words": "Because."},
    ),
    "GET /distributor/programmes/<code>/deals": Route(DISTRIBUTOR, {"code": "programme"}),
    "POST /distributor/programmes/<code>/deals": Route(
        DISTRIBUTOR,
        {"code": "programme"},
        page="/distributor/programmes/{programme}/deals",
        form={"valid_days": "60"},
    ),
    "GET /distributor/price-changes": Route(DISTRIBUTOR),
    "GET /distributor/price-changes.csv": Route(DISTRIBUTOR),
    "GET /distributor/price-changes/new": Route(DISTRIBUTOR, query="product=patch"),
    "POST /distributor/price-changes/new": Route(
        DISTRIBUTOR,
        page="/distributor/price-changes/new",
        form={
            "title": "Dearer",
            "starts_on": "{soon}",
            "notice_days": "0",
            "percent-list": "5",
            "+category": "Security",
        },
    ),
    "GET /distributor/price-changes/<code>": mine(DISTRIBUTOR, code="schedule"),
    "GET /distributor/price-changes/<code>/prices.csv": mine(DISTRIBUTOR, code="schedule"),
    "POST /distributor/price-changes/<code>/confirm": Route(
        DISTRIBUTOR, {"code": "schedule"}, page="/distributor/price-changes/{schedule}"
    ),
    "POST /distributor/price-changes/<code>/cancel": Route(
        DISTRIBUTOR, {"code": "schedule"}, page="/distributor/price-changes/{schedule}"
    ),
    "GET /distributor/quotes": Route(DISTRIBUTOR),
    "GET /distributor/quotes.csv": Route(DISTRIBUTOR),
    "GET /distributor/quotes/<code>": mine(DISTRIBUTOR, code="quote"),
    "GET /distributor/quotes/<code>/quote.pdf": mine(DISTRIBUTOR, code="quote"),
    "GET /distributor/deals": Route(DISTRIBUTOR),
    "GET /distributor/deals.csv": Route(DISTRIBUTOR),
    "GET /distributor/deals/<code>": mine(DISTRIBUTOR, code="deal"),
    "POST /distributor/deals/<code>/approve": Route(
        DISTRIBUTOR, {"code": "deal"}, page="/distributor/deals/{deal}"
    ),
    "POST /distributor/deals/<code>/reject": Route(
        DISTRIBUTOR,
        {"code": "deal"},
        page="/distributor/deals/{deal}",
        form={"+reason": "Judged inauthentic."},
    ),
    "POST /distributor/deals/<code>/extend": Route(
        DISTRIBUTOR, {"code": "approved_deal"}, page="/distributor/deals/{approved_deal}"
    ),
    "GET /distributor/invitations": Route(DISTRIBUTOR),
    "GET /distributor/invitations.csv": Route(DISTRIBUTOR),
    "POST /distributor/invitations/<invitation_id>/resend": Route(
        DISTRIBUTOR, {"invitation_id": "staff_invitation"}, page="/distributor/invitations"
    ),
    "POST /distributor/invitations/<invitation_id>/revoke": Route(
        DISTRIBUTOR, {"invitation_id": "staff_invitation"}, page="/distributor/invitations"
    ),
    "GET /distributor/partner-invitations": Route(DISTRIBUTOR),
    "GET /distributor/partner-invitations.csv": Route(DISTRIBUTOR),
    "GET /distributor/partner-invitations/new": Route(DISTRIBUTOR),
    "POST /distributor/partner-invitations/new": Route(
        DISTRIBUTOR,
        page="/distributor/partner-invitations/new",
        form={"company": "Kite", "name": "Kim", "email": "kim@kite.example"},
    ),
    "GET /distributor/partner-invitations/<code>": mine(DISTRIBUTOR, code="partner_invitation"),
    "POST /distributor/partner-invitations/<code>/resend": Route(
        DISTRIBUTOR,
        {"code": "partner_invitation"},
        page="/distributor/partner-invitations/{partner_invitation}",
    ),
    "POST /distributor/partner-invitations/<code>/revoke": Route(
        DISTRIBUTOR,
        {"code": "partner_invitation"},
        page="/distributor/partner-invitations/{partner_invitation}",
    ),
    "GET /distributor/partner-invitations/requests": Route(DISTRIBUTOR),
    "GET /distributor/partner-invitations/requests.csv": Route(DISTRIBUTOR),
    "GET /distributor/partner-invitations/requests/<code>": mine(DISTRIBUTOR, code="partner_request"),
    "POST /distributor/partner-invitations/requests/<code>/invite": Route(
        DISTRIBUTOR,
        {"code": "partner_request"},
        page="/distributor/partner-invitations/requests/{partner_request}",
    ),
    "POST /distributor/partner-invitations/requests/<code>/decline": Route(
        DISTRIBUTOR,
        {"code": "partner_request"},
        page="/distributor/partner-invitations/requests/{partner_request}",
        form={"words": "Because."},
    ),
    "GET /distributor/visibility": Route(DISTRIBUTOR),
    "POST /distributor/visibility": Route(
        DISTRIBUTOR, page="/distributor/visibility", form={"prices": "own"}
    ),
    "GET /distributor/directory": Route(DISTRIBUTOR),
    "POST /distributor/directory": Route(
        DISTRIBUTOR, page="/distributor/directory", form={"about": "We are better."}
    ),
    "GET /distributor/gateway": Route(DISTRIBUTOR),
    "POST /distributor/gateway": Route(
        DISTRIBUTOR, page="/distributor/gateway", form={"account_id": "acct_new"}
    ),
    "POST /distributor/gateway/check": Route(DISTRIBUTOR, changes=False, ok=(200, 303, 422, 503)),
    "POST /distributor/gateway/register": Route(DISTRIBUTOR, changes=False, ok=(200, 303, 422, 503)),
    "GET /distributor/invoices": Route(DISTRIBUTOR),
    "GET /distributor/invoices.csv": Route(DISTRIBUTOR),
    "GET /distributor/orders": Route(DISTRIBUTOR),
    "GET /distributor/orders.csv": Route(DISTRIBUTOR),
    "GET /distributor/orders/<code>": mine(DISTRIBUTOR, code="order"),
    "POST /distributor/orders/<code>/cancel": Route(
        DISTRIBUTOR, {"code": "unpaid"}, page="/distributor/orders/{unpaid}", form=WHY
    ),
    "POST /distributor/orders/<code>/cover": Route(
        DISTRIBUTOR,
        {"code": "unpaid"},
        changes=False,
        ok=(200, 303, 422),
    ),
    "GET /distributor/payments": Route(DISTRIBUTOR),
    "GET /distributor/payments.csv": Route(DISTRIBUTOR),
    "GET /distributor/plans": Route(DISTRIBUTOR),
    "GET /distributor/plans.csv": Route(DISTRIBUTOR),
    "GET /distributor/resellers": Route(DISTRIBUTOR),
    "GET /distributor/resellers.csv": Route(DISTRIBUTOR),
    "GET /distributor/resellers/<code>": mine(DISTRIBUTOR, code="reseller"),
    "GET /distributor/resellers/<code>/activate": mine(DISTRIBUTOR, code="reseller"),
    "POST /distributor/resellers/<code>/activate": Route(
        DISTRIBUTOR,
        {"code": "reseller"},
        page="/distributor/resellers/{reseller}/activate",
        ok=(303, 409, 422),
        changes=False,
    ),
    "POST /distributor/resellers/<code>/credit": Route(
        DISTRIBUTOR,
        {"code": "reseller"},
        page="/distributor/resellers/{reseller}",
        form=WHY | {"*ceiling": "500.00"},
    ),
    "POST /distributor/resellers/<code>/people": Route(
        DISTRIBUTOR,
        {"code": "reseller"},
        page="/distributor/resellers/{reseller}",
        form={"*-name": "Ned", "*-email": "ned@brightfield.example"},
    ),
    "POST /distributor/resellers/<code>/standing": Route(
        DISTRIBUTOR,
        {"code": "reseller"},
        page="/distributor/resellers/{reseller}",
        form={"*ordering_enabled": ""},
    ),
    "GET /distributor/resellers/<code>/people": mine(DISTRIBUTOR, code="reseller"),
    "GET /distributor/sign-in-rules": Route(DISTRIBUTOR),
    "POST /distributor/sign-in-rules": Route(
        DISTRIBUTOR, page="/distributor/sign-in-rules", form={"idle": "30"}
    ),
    "GET /distributor/staff": Route(DISTRIBUTOR),
    "GET /distributor/staff.csv": Route(DISTRIBUTOR),
    "POST /distributor/staff": Route(
        DISTRIBUTOR,
        page="/distributor/staff",
        form={"name": "Ned", "email": "ned@northwind.example", "roles": "buyer"},
    ),
    "POST /distributor/staff/roles": Route(
        DISTRIBUTOR, page="/distributor/staff", form={"+role-{clerk}": "buyer"}, foreign=True
    ),
    "POST /distributor/staff/people/<person_id>/remove": mine(DISTRIBUTOR, person_id="clerk"),
    "POST /distributor/staff/invitations/<invitation_id>/resend": Route(
        DISTRIBUTOR, {"invitation_id": "house_invitation"}, page="/distributor/staff"
    ),
    "POST /distributor/staff/invitations/<invitation_id>/revoke": Route(
        DISTRIBUTOR, {"invitation_id": "house_invitation"}, page="/distributor/staff"
    ),
    "GET /distributor/subscriptions": Route(DISTRIBUTOR),
    "GET /distributor/subscriptions/<code>": mine(DISTRIBUTOR, code="subscription"),
    "GET /distributor/subscriptions/<code>/cancel": mine(DISTRIBUTOR, code="plan"),
    "POST /distributor/subscriptions/<code>/cancel": Route(
        DISTRIBUTOR, {"code": "plan"}, page="/distributor/subscriptions/{plan}/cancel"
    ),
    "POST /distributor/subscriptions/<code>/keep": Route(
        DISTRIBUTOR, {"code": "cancelled_plan"}, page="/distributor/subscriptions/{cancelled_plan}"
    ),
    "GET /distributor/subscriptions.csv": Route(DISTRIBUTOR),
    "GET /distributor/transfers": Route(DISTRIBUTOR),
    "GET /distributor/transfers.csv": Route(DISTRIBUTOR),
    "GET /distributor/transfers/<code>": mine(DISTRIBUTOR, code="transfer"),
    "GET /distributor/transfers/<code>/progress": Route(DISTRIBUTOR, {"code": "transfer"}, ok=(200, 286)),
    "POST /distributor/transfers/<code>/accept": Route(
        DISTRIBUTOR, {"code": "transfer"}, page="/distributor/transfers/{transfer}"
    ),
    "POST /distributor/transfers/<code>/reject": Route(
        DISTRIBUTOR,
        {"code": "transfer"},
        page="/distributor/transfers/{transfer}",
        form={"reason": "No room."},
    ),
    "POST /distributor/transfers/calls/<call_id>/<act>": Route(
        DISTRIBUTOR, {"call_id": "transfer_call", "act": "=retry"}, page="/distributor/transfers/{stuck}"
    ),
    "GET /distributor/transfers/transition": Route(DISTRIBUTOR),
    "POST /distributor/transfers/transition": Route(
        DISTRIBUTOR,
        page="/distributor/transfers/transition",
        form={"code": "{reseller}"},
        ok=(409,),
        changes=False,
    ),  # it is in transition
    "POST /distributor/transfers/transition/<code>/end": Route(
        DISTRIBUTOR, {"code": "reseller"}, page="/distributor/transfers/transition"
    ),
    "GET /distributor/tasks": Route(DISTRIBUTOR),
    "GET /distributor/tasks.csv": Route(DISTRIBUTOR),
    "POST /distributor/tasks/<task_id>/retry": Route(DISTRIBUTOR, {"task_id": "task"}),
    "GET /distributor/time": Route(DISTRIBUTOR),
    "POST /distributor/time": Route(DISTRIBUTOR, page="/distributor/time", form={"days": "3"}),
    "GET /distributor/webhooks": Route(DISTRIBUTOR),
    "GET /distributor/webhooks.csv": Route(DISTRIBUTOR),
    "GET /distributor/work": Route(DISTRIBUTOR),
    "GET /distributor/work.csv": Route(DISTRIBUTOR),
    "POST /distributor/work/<item_id>/close": Route(
        DISTRIBUTOR, {"item_id": "item"}, page="/distributor/work", form=WHY
    ),
    "POST /distributor/work/retry": Route(
        DISTRIBUTOR, page="/distributor/work", form={"+item": "{item}"}, foreign=True
    ),
    "POST /orders/<code>/by-card": Route(
        CUSTOMER, {"code": "asked_transfer"}, page="/orders/{asked_transfer}"
    ),
    "GET /distributor/bank-transfers": Route(DISTRIBUTOR),
    "GET /distributor/bank-transfers.csv": Route(DISTRIBUTOR),
    "GET /distributor/bank-transfers/<code>": mine(DISTRIBUTOR, code="asked_transfer"),
    "POST /distributor/bank-transfers/<code>/grant": Route(
        DISTRIBUTOR,
        {"code": "asked_transfer"},
        page="/distributor/bank-transfers/{asked_transfer}",
        form={"account": "12-34-56 7"},
    ),
    "POST /distributor/bank-transfers/<code>/decline": Route(
        DISTRIBUTOR,
        {"code": "asked_transfer"},
        page="/distributor/bank-transfers/{asked_transfer}",
        form={"decline-why": "By card, please."},
    ),
    "POST /distributor/bank-transfers/<code>/receipts": Route(
        DISTRIBUTOR,
        {"code": "granted_transfer"},
        page="/distributor/bank-transfers/{granted_transfer}",
        form={"receipt-reference": "N-9"},
    ),
    "POST /distributor/bank-transfers/<code>/given-back": Route(
        DISTRIBUTOR, {"code": "paid_transfer"}, page="/distributor/bank-transfers/{paid_transfer}"
    ),
    "GET /quotes/ask": Route(CUSTOMER, query="product=patch"),
    "POST /quotes/ask": Route(CUSTOMER, page="/quotes/ask?product=patch", form={"*quantity-*": "3"}),
}
