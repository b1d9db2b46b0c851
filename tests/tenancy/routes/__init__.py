"""Whose each route is. A route without a line here fails the build; adding a page means adding its line to
the chapter of its side. `page` is where its owner finds the form, `form` what is typed into it; {names} are
the stage's (tests/tenancy/stage.py)."""

from tests.tenancy.routes import (
    customers,
    distributor_catalogue,
    distributor_house,
    distributor_partners,
    distributor_programmes,
    distributor_trade,
    relations,
    reseller_sales,
    reseller_standing,
    visitors,
)
from tests.tenancy.routes.owners import Route

CHAPTERS = (
    visitors,
    customers,
    reseller_sales,
    reseller_standing,
    distributor_catalogue,
    distributor_programmes,
    distributor_partners,
    distributor_trade,
    distributor_house,
    relations,
)
ROUTES: dict[str, Route] = {name: route for chapter in CHAPTERS for name, route in chapter.ROUTES.items()}
