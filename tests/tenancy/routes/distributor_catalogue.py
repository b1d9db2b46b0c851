"""What a distributor sells and for how much."""

from tests.tenancy.routes.owners import DISTRIBUTOR, WHY, Route, mine

ROUTES: dict[str, Route] = {
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
    "GET /distributor/plans": Route(DISTRIBUTOR),
    "GET /distributor/plans.csv": Route(DISTRIBUTOR),
    "POST /distributor/product-types/<code>/questions": Route(
        DISTRIBUTOR,
        {"code": "=cloud"},
        page="/distributor/product-types/cloud",
        form={"question-0-label": "Region"},
    ),
    "GET /distributor/price-lists": Route(DISTRIBUTOR),
    "GET /distributor/price-lists.csv": Route(DISTRIBUTOR),
    "POST /distributor/price-lists": Route(
        DISTRIBUTOR, page="/distributor/price-lists", form={"name": "Platinum", "currency": "EUR"}
    ),
    "GET /distributor/price-lists/<uuid:list_id>": mine(DISTRIBUTOR, list_id="price_list"),
    "GET /distributor/price-lists/<uuid:list_id>.csv": mine(DISTRIBUTOR, list_id="price_list"),
    "POST /distributor/price-lists/<uuid:list_id>": Route(
        DISTRIBUTOR,
        {"list_id": "price_list"},
        page="/distributor/price-lists/{price_list}",
        form={"name": "Silver"},
    ),
}
