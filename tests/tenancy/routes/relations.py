"""Admin rights, and customers that the provider creates."""

from tests.tenancy.routes.owners import CUSTOMER, DISTRIBUTOR, RESELLER, Route, mine

ROUTES: dict[str, Route] = {
    "GET /admin-rights": Route(CUSTOMER),
    "POST /admin-rights": Route(CUSTOMER, page="/admin-rights", form={"rights": "yes"}),
    "POST /admin-rights/remove": Route(  # none are given yet
        CUSTOMER, form={"sure": "yes"}, ok=(409,), changes=False
    ),
    "POST /reseller/customers/<code>/rights": Route(
        RESELLER, {"code": "unasked"}, page="/reseller/customers/{unasked}"
    ),
    "POST /reseller/customers/<code>/rights/withdraw": Route(
        RESELLER, {"code": "customer"}, page="/reseller/customers/{customer}"
    ),
    "GET /reseller/customers/requests": Route(RESELLER),
    "GET /reseller/customers/requests.csv": Route(RESELLER),
    "GET /reseller/customers/requests/new": Route(RESELLER),
    "POST /reseller/customers/requests": Route(
        RESELLER,
        page="/reseller/customers/requests/new",
        form={"company": "Fern", "country": "DE", "name": "Flo", "email": "flo@fern.example"},
    ),
    "GET /reseller/customers/requests/<code>": mine(RESELLER, code="customer_request"),
    "POST /reseller/customers/requests/<code>/withdraw": Route(
        RESELLER,
        {"code": "customer_request"},
        page="/reseller/customers/requests/{customer_request}",
    ),
    "GET /distributor/customers/requests": Route(DISTRIBUTOR),
    "GET /distributor/customers/requests.csv": Route(DISTRIBUTOR),
    "GET /distributor/customers/requests/<code>": mine(DISTRIBUTOR, code="customer_request"),
    "POST /distributor/customers/requests/<code>/create": Route(
        DISTRIBUTOR,
        {"code": "customer_request"},
        page="/distributor/customers/requests/{customer_request}",
    ),
    "POST /distributor/customers/requests/<code>/decline": Route(
        DISTRIBUTOR,
        {"code": "customer_request"},
        page="/distributor/customers/requests/{customer_request}",
        form={"reason": "It is there already."},
    ),
    "GET /distributor/resellers/<code>/customers/new": mine(DISTRIBUTOR, code="reseller"),
    "POST /distributor/resellers/<code>/customers/new": Route(
        DISTRIBUTOR,
        {"code": "reseller"},
        page="/distributor/resellers/{reseller}/customers/new",
        form={"company": "Moss", "country": "DE", "name": "Mo", "email": "mo@moss.example"},
    ),
    "GET /distributor/programmes/<code>/relations": mine(DISTRIBUTOR, code="programme"),
    "POST /distributor/programmes/<code>/relations": Route(
        DISTRIBUTOR,
        {"code": "programme"},
        page="/distributor/programmes/{programme}/relations",
        form={"+asks_rights": "y"},
    ),
}
