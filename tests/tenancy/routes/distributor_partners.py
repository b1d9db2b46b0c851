"""A distributor's resellers, their invitations and their customers."""

from tests.tenancy.routes.owners import DISTRIBUTOR, WHY, Route, mine

ROUTES: dict[str, Route] = {
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
    "GET /distributor/directory": Route(DISTRIBUTOR),
    "POST /distributor/directory": Route(
        DISTRIBUTOR, page="/distributor/directory", form={"about": "We are better."}
    ),
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
}
