"""What a reseller does for its customers: orders, prices, shelf, deals, transfers."""

from tests.tenancy.routes.owners import RESELLER, Route, mine

ROUTES: dict[str, Route] = {
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
    "GET /reseller/orders/<code>/confirmation.pdf": mine(RESELLER, code="order"),
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
    "GET /reseller/discounts": Route(RESELLER),
    "GET /reseller/discounts.csv": Route(RESELLER),
    "POST /reseller/discounts": Route(
        RESELLER, page="/reseller/discounts", form={"code": "{partner_code}"}, foreign=True
    ),
}
