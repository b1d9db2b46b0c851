"""Tax rates with their history, the distributor's company data and its terms for resellers."""

from datetime import timedelta

import pytest

from billing import tax
from partners import companies
from tests.visits import Visit
from tests.world import World

RATES = "/distributor/tax-rates"


def test_a_rate_is_added_for_a_day_to_come_and_the_old_one_stays(world: World, nora: Visit) -> None:
    with world.acting():
        first = tax.today() + timedelta(days=30)
    form = {"country": "DE", "percent": "5,5", "valid_from": first.isoformat(), "name": ""}
    assert nora.post(RATES, form).status_code == 303
    page = nora.get(RATES).text
    assert "VAT 5.5 %" in page
    assert "Comes" in page
    assert "In force" in page
    again = nora.post(RATES, form)
    assert again.status_code == 409
    assert "There is a rate from that day already" in again.text
    with world.acting():
        assert [rate.basis_points for rate in tax.rates("DE")] == [550, 0]


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"country": "", "percent": "19"}, "choose the country"),
        ({"country": "XX", "percent": "19"}, "choose the country"),
        ({"country": "FR", "percent": "nineteen"}, "percentage between 0 and 100"),
        ({"country": "FR", "percent": "101"}, "percentage between 0 and 100"),
        ({"country": "FR", "percent": "-1"}, "percentage between 0 and 100"),
        ({"country": "FR", "percent": "19.999"}, "percentage between 0 and 100"),
        ({"country": "DE", "percent": "19", "valid_from": "2020-06-01"}, "begins today at the earliest"),
    ],
)
def test_a_rate_that_cannot_be_is_refused_and_kept_in_the_form(
    world: World, nora: Visit, form: dict[str, str], words: str
) -> None:
    answer = nora.post(RATES, form)
    assert answer.status_code == 422
    assert words in answer.text
    assert f'value="{form["percent"]}"' in answer.text


def test_the_distributors_company_stands_on_its_invoices(world: World, nora: Visit) -> None:
    typed = {
        "company-legal_name": "Northwind S.à r.l.",
        "company-street": "Rue 1",
        "company-postcode": "1000",
        "company-city": "Luxembourg",
        "company-country": "LU",
        "company-tax_id": "LU15027442",
    }
    assert nora.post("/distributor/company", typed).status_code == 303
    with world.acting():
        kept = companies.of(world.distributor_id)
    assert kept is not None
    assert (kept.legal_name, kept.tax_id) == ("Northwind S.à r.l.", "LU15027442")
    wrong = nora.post("/distributor/company", typed | {"company-city": ""})
    assert wrong.status_code == 422
    assert "Please enter the city" in wrong.text
