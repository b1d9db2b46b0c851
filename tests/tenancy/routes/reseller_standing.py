"""A reseller's own standing: its plan, programmes, money, people, looks."""

from tests.tenancy.routes.owners import RESELLER, Route, mine

ROUTES: dict[str, Route] = {
    "GET /reseller/company": Route(RESELLER),
    "GET /reseller/programmes": Route(RESELLER),
    "GET /reseller/programmes/<enrolment_id>": mine(RESELLER, enrolment_id="partnership"),
    "GET /reseller/programmes/<enrolment_id>/agreement": mine(RESELLER, enrolment_id="partnership"),
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
    "GET /reseller/invitations": Route(RESELLER),
    "GET /reseller/invitations.csv": Route(RESELLER),
    "POST /reseller/invitations/<invitation_id>/resend": Route(
        RESELLER, {"invitation_id": "invitation"}, page="/reseller/invitations"
    ),
    "POST /reseller/invitations/<invitation_id>/revoke": Route(
        RESELLER, {"invitation_id": "invitation"}, page="/reseller/invitations"
    ),
    "GET /reseller/providers": Route(RESELLER),
    "GET /reseller/providers.csv": Route(RESELLER),
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
    "GET /reseller/resources": Route(RESELLER),
    "GET /reseller/resources.csv": Route(RESELLER),
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
    "POST /reseller/plans/<code>/discount": Route(
        RESELLER,
        {"code": "=standard-m"},
        page="/reseller/plans/standard-m",
        form={"code": "{partner_code}"},
        foreign=True,
    ),
}
