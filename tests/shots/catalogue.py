"""The distributor's catalogue: products by hand, price sheets, price lists."""

from pathlib import Path

from tests.shots.acts import all_of, fill, overtaken, send, to_link, upload
from tests.shots.camera import STAY, Chapter, Stop
from tests.shots.stops import lists

PRICE_SHEET = Path("sandbox/data/price_sheet.csv").absolute()
OTHER_SHEET = Path("sandbox/data/other_sheet.csv").absolute()


def editor(code: str) -> tuple[Stop, ...]:
    """Every page of the catalogue's editor, filled, empty and refused."""
    at = "/distributor/catalogue"
    rule, product = f"{at}/<code>", f"{at}/{code}"
    types, groups = "/distributor/product-types", "/distributor/categories"
    form = "form[data-guard]"
    return (
        Stop("distributor-product-new", f"{at}/new"),
        Stop("distributor-product-new-wrong", f"{at}/new", then=send(form)),
        Stop("distributor-product-details", f"{rule}/details", f"{product}/details"),
        Stop(
            "distributor-product-details-wrong",
            f"{rule}/details",
            STAY,
            then=send(form, **{"name": "", "value-technicians": "many"}),
        ),
        Stop(
            "distributor-product-overtaken",
            f"{rule}/details",
            f"{product}/details",
            then=all_of(overtaken, send(form, name="Another name")),
        ),
        Stop("distributor-plan-new", f"{rule}/plans/new", f"{product}/plans/new"),
        Stop("distributor-plan-new-wrong", f"{rule}/plans/new", STAY, then=send(form)),
        Stop("distributor-plan", f"{rule}/plans/<plan>", f"{product}/plans/{code}-m"),
        Stop(
            "distributor-plan-wrong",
            f"{rule}/plans/<plan>",
            STAY,
            then=send("form[action$='/sale']", retire_on="2020-01-01"),
        ),
        Stop("distributor-product-pictures", f"{rule}/pictures", f"{product}/pictures"),
        Stop("distributor-product-pictures-none", f"{rule}/pictures", f"{at}/plan-free/pictures"),
        Stop("distributor-product-pictures-wrong", f"{rule}/pictures", STAY, then=send("form[enctype]")),
        Stop("distributor-product-languages", f"{rule}/languages", f"{product}/languages"),
        Stop(
            "distributor-product-languages-overtaken",
            f"{rule}/languages",
            STAY,
            then=all_of(overtaken, send(form, name="Anders")),
        ),
        Stop("distributor-product-upgrades", f"{rule}/upgrades", f"{at}/hexnode-express/upgrades"),
        Stop(
            "distributor-product-upgrades-wrong",
            f"{rule}/upgrades",
            f"{at}/hexnode-ultra/upgrades",
            then=send("form:has([name=target])", target="hexnode-express-m"),
        ),
        Stop("distributor-product-upgrades-none", f"{rule}/upgrades", f"{at}/plan-free/upgrades"),
        Stop("distributor-product-preview", f"{rule}/preview", f"{product}/preview"),
        *lists("distributor", **{"product-types": "product-types", "categories": "categories"}),
        Stop("distributor-product-type-new", f"{types}/new"),
        Stop("distributor-product-type-new-wrong", f"{types}/new", then=send(form)),
        Stop("distributor-product-type", f"{types}/<code>", f"{types}/cloud-device"),
        Stop("distributor-product-type-wrong", f"{types}/<code>", STAY, then=send(form, name="")),
        Stop("distributor-category", f"{groups}/<slug>", f"{groups}/security"),
        Stop("distributor-category-wrong", f"{groups}/<slug>", STAY, then=send(form, name="")),
    )


CHAPTERS = [
    Chapter(
        "The distributor's catalogue",
        "nora@",
        "",
        (
            Stop(
                "distributor-product",
                "/distributor/catalogue/<code>",
                "/distributor/catalogue",
                row="Microsoft",
            ),
            Stop(
                "distributor-product-wrong",
                "/distributor/catalogue/<code>",
                STAY,
                then=all_of(fill("[name^=list-]", "1,2,3"), send("main form:has([name^=list-])")),
            ),
            Stop(
                "distributor-plan-prices",
                "/distributor/catalogue/<code>/prices/<plan>",
                "/distributor/catalogue/0patch-pro/prices/0patch-pro-y?quantity=60",
            ),
            Stop(
                "distributor-plan-prices-wrong",
                "/distributor/catalogue/<code>/prices/<plan>",
                STAY,
                then=send("main form:has([name=from-0])", **{"from-0": "2.5", "list-0": "1.2345"}),
            ),
            Stop(
                "distributor-plan-prices-following",
                "/distributor/catalogue/<code>/prices/<plan>",
                "/distributor/catalogue/0patch-pro/prices/0patch-pro-m",
            ),
            *editor("hexnode-pro"),
            Stop(
                "distributor-ordering",
                "/distributor/catalogue/<code>/ordering",
                "/distributor/catalogue?q=Copilot",
                row="Copilot",
                then=to_link("/ordering"),
            ),
            Stop(
                "distributor-ordering-wrong",
                "/distributor/catalogue/<code>/ordering",
                STAY,
                then=send(),
            ),
            Stop("distributor-catalogue-file", "/distributor/catalogue-file"),
            Stop("distributor-catalogue-file-wrong", "/distributor/catalogue-file", then=send()),
            Stop("distributor-price-imports-none", "/distributor/price-imports"),
            Stop("distributor-price-import-new", "/distributor/price-imports/new"),
            Stop("distributor-price-import-wrong", "/distributor/price-imports/new", then=send()),
            Stop(
                "distributor-price-import",
                "/distributor/price-imports/<code>",
                "/distributor/price-imports/new",
                then=all_of(upload("[name=file]", PRICE_SHEET), send(market="DE")),
            ),
            Stop("distributor-price-imports", "/distributor/price-imports"),
            *lists("distributor", **{"price-lists": "price-lists"}),
            Stop(
                "distributor-price-lists-wrong", "", "/distributor/price-lists", then=send("form[data-guard]")
            ),
            Stop(
                "distributor-price-list",
                "/distributor/price-lists/<uuid:list_id>",
                "/distributor/price-lists",
                row="Gold",
            ),
            Stop("distributor-price-list-wrong", "", STAY, then=send("form[data-guard]", name="")),
            Stop("distributor-front", "/distributor/front"),
            Stop(
                "distributor-front-wrong",
                "/distributor/front",
                then=send("form:has([name=product])", product="no"),
            ),
            Stop("distributor-margins", "/distributor/margins"),
            Stop(
                "distributor-margins-wrong",
                "/distributor/margins",
                then=send("form:has([name=percent])", percent="x"),
            ),
            Stop("distributor-exchange-rates", "/distributor/exchange-rates"),
            Stop(
                "distributor-exchange-rates-wrong",
                "/distributor/exchange-rates",
                then=send("form:has([name=rate])", rate="x"),
            ),
            Stop(
                "distributor-sheet-columns",
                "/distributor/price-imports/files/<code>",
                "/distributor/price-imports/new",
                then=all_of(upload("[name=file]", OTHER_SHEET), send(market="")),
            ),
            Stop("distributor-sheet-columns-wrong", "", STAY, then=send(source="")),
            Stop("distributor-sheet-read", "", STAY, then=send(source="Marlow")),
        ),
    ),
]
