"""A distributor's own house: staff, texts, gateway, rules."""

from tests.tenancy.routes.owners import DISTRIBUTOR, Route, mine

ROUTES: dict[str, Route] = {
    "POST /distributor/looks/end": Route(DISTRIBUTOR, ok=(404,), changes=False),
    "GET /distributor/": Route(DISTRIBUTOR),
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
    "GET /distributor/visibility": Route(DISTRIBUTOR),
    "POST /distributor/visibility": Route(
        DISTRIBUTOR, page="/distributor/visibility", form={"prices": "own"}
    ),
    "GET /distributor/gateway": Route(DISTRIBUTOR),
    "POST /distributor/gateway": Route(
        DISTRIBUTOR, page="/distributor/gateway", form={"account_id": "acct_new"}
    ),
    "POST /distributor/gateway/check": Route(DISTRIBUTOR, changes=False, ok=(200, 303, 422, 503)),
    "POST /distributor/gateway/register": Route(DISTRIBUTOR, changes=False, ok=(200, 303, 422, 503)),
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
    "GET /distributor/time": Route(DISTRIBUTOR),
    "POST /distributor/time": Route(DISTRIBUTOR, page="/distributor/time", form={"days": "3"}),
}
