"""Asking for bank transfer at the pages: Anna orders, Nora of Northwind answers and records the money, and
both read by mail and on the order what is to do."""

import re
from collections.abc import Callable
from uuid import UUID

import pytest

from billing import bank_transfers
from checkout import orders
from checkout.orders import OrderState
from storefront import bank_transfer_mails, mailer
from storefront.mailer import Mail
from tests.checkout.bank_transfer_stage import asks, grants, of, sold_by_transfer, today
from tests.portal.conftest import Browser
from tests.visits import Visit, make_app
from tests.world import World

CHOICE = 'name="pay_by" value="transfer"'


@pytest.fixture
def nora(world: World) -> Visit:
    return Visit(make_app()).sign_in("nora")


def basket(world: World, anna: Browser, quantity: int) -> None:
    anna.post("/basket", product="patch", plan=world.plan("patch-y").id, quantity=quantity)


@pytest.mark.behaviour("P18")
def test_the_checkout_offers_it_from_100_licences_on_and_refuses_who_asks_below(
    world: World, anna: Browser, nora: Visit
) -> None:
    sold_by_transfer(world)
    basket(world, anna, 99)
    assert CHOICE not in anna.see("/checkout")
    refused = anna.post("/checkout", on="/checkout", pay_by="transfer")
    assert refused.status_code == 422
    assert "Bank transfer is possible from 100 licences of 0patch Pro, and this order has 99" in refused.text
    basket(world, anna, 1)
    assert CHOICE in anna.see("/checkout")
    placed = anna.post("/checkout", on="/checkout", pay_by="transfer")
    code = placed.location.rpartition("/")[2]
    assert placed.location.endswith(f"/orders/{code}")
    assert "Waiting for the answer of sales" in anna.see(f"/orders/{code}")
    page = f"/distributor/bank-transfers/{code}"
    assert code in nora.get("/distributor/work").text
    wrong = nora.post(f"{page}/grant", {"holder": "Northwind", "account": "DE00 1234", "reference": code})
    assert wrong.status_code == 422
    assert 'value="DE00 1234"' in wrong.text
    form = {
        "holder": "Northwind GmbH", "account": "DE89370400440532013000", "reference": code,
        "due_on": f"{today(world).replace(year=today(world).year + 1)}",
    }  # fmt: skip
    assert "within the next 90 days" in nora.post(f"{page}/grant", form).text
    grants(world, code)
    seen = anna.see(f"/orders/{code}")
    assert "DE89 3704 0044 0532 0130 00" in seen
    assert anna.get(f"/orders/{code}/pay").location.partition("?")[0].endswith(f"/orders/{code}")
    came = {"receipt-amount": "2495", "receipt-received_on": f"{today(world)}", "receipt-reference": "N1"}
    short = nora.post(f"{page}/receipts", came | {"receipt-amount": "2494.99"})
    assert "is less than the €2,495.00" in short.text
    assert 'value="2494.99"' in short.text
    assert nora.post(f"{page}/receipts", came).status_code == 303
    again = nora.post(f"{page}/receipts", came)
    assert (again.status_code, "is recorded already" in again.text) == (409, True)
    assert world.order(code).state is OrderState.FUNDED
    assert "The money is here" in nora.get(page).text
    assert code in nora.get("/distributor/bank-transfers.csv").text
    assert f"{of(world, code).amount.text} by bank transfer." in anna.see(f"/orders/{code}")


def read(world: World, code: str, said: Callable[[UUID], Mail | None]) -> str:
    """To whom and what, once both parts of the mail have been drawn; nothing where none is written."""
    with world.acting():
        found = bank_transfers.of_order(orders.find(code).id)
        assert found
        if (mail := said(found.id)) is None:
            return ""
        html, text = mailer.draw(mail)
    assert not re.search(r"None|\bundefined\b|{{|}}|&amp;amp;", html + text)
    return f"{mail.to}\n{mail.subject}\n{text}"


def test_sales_is_asked_by_mail_and_the_buyer_reads_where_to(world: World) -> None:
    code = asks(world)
    asked = read(world, code, bank_transfer_mails.asked)
    assert "desk@northwind.example" in asked
    assert f"/distributor/bank-transfers/{code}" in asked
    assert read(world, code, bank_transfer_mails.granted) == ""
    grants(world, code)
    granted = read(world, code, bank_transfer_mails.granted)
    assert "anna@people.example" in granted
    assert "DE89 3704 0044 0532 0130 00" in granted
    assert f"/brightfield/orders/{code}" in granted
    assert read(world, code, bank_transfer_mails.asked) == ""
