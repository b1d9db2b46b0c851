"""A distributor's partner programmes: applications, deals, tiers, requests, newsletters."""

from tests.tenancy.routes.owners import DISTRIBUTOR, Route, mine

ROUTES: dict[str, Route] = {
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
}
