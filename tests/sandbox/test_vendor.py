"""The vendor simulator: a process that sells, remembers through a kill, counts what it did, and has moods."""

from collections.abc import Generator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.vendors import KEY, Vendor, in_the_end, running_vendor

TEN_SEATS = {
    "sku": "business-basic",
    "quantity": 10,
    "customer": {"name": "Acme Ltd", "email": "a@acme.example"},
}


@pytest.fixture(scope="module")
def _process(tmp_path_factory: pytest.TempPathFactory) -> Generator[Vendor]:
    with running_vendor(tmp_path_factory.mktemp("vendor")) as vendor:
        yield vendor


@pytest.fixture
def vendor(_process: Vendor) -> Vendor:
    _process.forget_everything()
    return _process


@pytest.fixture
def http(vendor: Vendor) -> Generator[httpx.Client]:
    with httpx.Client(base_url=vendor.url, headers={"Authorization": f"Bearer {KEY}"}) as client:
        yield client


def buy(http: httpx.Client, reference: str | None = None, **more: Any) -> httpx.Response:
    return http.put(f"/v1/subscriptions/{reference or uuid4()}", json=TEN_SEATS | more)


def test_it_sells_one_licence_a_seat_and_finds_it_again(http: httpx.Client) -> None:
    reference = str(uuid4())
    sold = buy(http, reference)
    assert sold.status_code == 201
    assert len(set(sold.json()["licences"])) == 10
    assert http.get(f"/v1/subscriptions/{reference}").json() == sold.json()


def test_it_says_absent_about_the_reference_it_was_asked_for(http: httpx.Client) -> None:
    reference = str(uuid4())
    for path in ("subscriptions", "operations"):
        absent = http.get(f"/v1/{path}/{reference}")
        assert (absent.status_code, absent.headers["content-type"]) == (404, "application/problem+json")
        assert (absent.json()["code"], absent.json()["reference"]) == ("absent", reference)


def test_a_customer_has_one_tenant_however_much_it_buys(vendor: Vendor, http: httpx.Client) -> None:
    tenants = {buy(http).json()["details"]["tenant"] for _ in range(3)}
    assert len(tenants) == 1
    assert vendor.state()["counts"]["tenants"] == 1


def test_seats_come_and_go_and_the_licences_with_them(vendor: Vendor, http: httpx.Client) -> None:
    sold = buy(http).json()

    def change(quantity: int) -> dict[str, Any]:
        headers = {"Idempotency-Key": str(uuid4())}
        content = {"sku": "business-basic", "quantity": quantity}
        return http.patch(f"/v1/subscriptions/{sold['id']}", json=content, headers=headers).json()

    assert len(change(12)["licences"]) == 2
    assert change(4)["details"] == {"seats_remaining": "1 to 4"}
    assert vendor.state()["counts"]["licences"] == 4


def test_a_double_purchase_is_possible_and_is_counted(vendor: Vendor, http: httpx.Client) -> None:
    reference = str(uuid4())
    first, second = buy(http, reference).json(), buy(http, reference).json()
    assert first["id"] != second["id"]
    assert (vendor.sold(reference), vendor.state()["doubles"]) == (2, [reference])


def test_with_idempotency_a_repeat_buys_nothing(vendor: Vendor, http: httpx.Client) -> None:
    vendor.feels(idempotent=True)
    reference = str(uuid4())
    assert buy(http, reference).json() == buy(http, reference).json()
    assert buy(http, reference, quantity=11).status_code == 409
    assert vendor.sold(reference) == 1


@pytest.mark.parametrize("quantity", [0, -1, 1.5, "10", True, None, 10**9])
def test_it_sells_whole_seats_only(vendor: Vendor, http: httpx.Client, quantity: Any) -> None:
    assert buy(http, quantity=quantity).status_code == 400
    assert vendor.state()["counts"]["purchases"] == 0


@pytest.mark.parametrize("key", ["", "Bearer wrong", f"Basic {KEY}"])
def test_without_the_key_it_does_nothing(vendor: Vendor, http: httpx.Client, key: str) -> None:
    path = f"/v1/subscriptions/{uuid4()}"
    assert http.put(path, json=TEN_SEATS, headers={"Authorization": key}).status_code == 401
    assert vendor.state()["counts"]["purchases"] == 0


def test_what_it_sold_survives_a_kill(vendor: Vendor, http: httpx.Client) -> None:
    reference = str(uuid4())
    sold = buy(http, reference).json()
    vendor.feels({"kind": "slow", "chance": 0.5}, seed=7)
    vendor.kill()
    vendor.start()
    assert http.get(f"/v1/subscriptions/{reference}").json() == sold
    moods = http.get("/_sandbox/moods").json()
    assert (moods["seed"], moods["moods"][0]["kind"]) == (7, "slow")


@pytest.mark.promise("QP3")
def test_work_that_was_late_is_done_even_after_a_kill(vendor: Vendor, http: httpx.Client) -> None:
    reference = str(uuid4())
    vendor.feels({"kind": "commit_late", "seconds": 2})
    assert buy(http, reference).status_code == 500
    assert http.get(f"/v1/subscriptions/{reference}").status_code == 404
    vendor.kill()
    vendor.start()
    assert in_the_end(lambda: vendor.sold(reference) == 1)
    assert http.get(f"/v1/subscriptions/{reference}").json()["state"] == "done"


def test_a_look_up_may_lag_behind_what_was_done(vendor: Vendor, http: httpx.Client) -> None:
    vendor.feels({"kind": "search_lag", "seconds": 2})
    reference = str(uuid4())
    assert buy(http, reference).status_code == 201
    assert http.get(f"/v1/subscriptions/{reference}").status_code == 404
    assert in_the_end(lambda: http.get(f"/v1/subscriptions/{reference}").status_code == 200)


def test_a_mood_may_hold_for_one_product_or_one_reference(vendor: Vendor, http: httpx.Client) -> None:
    vendor.feels(
        {"kind": "refuse"},
        {"kind": "instant", "scope": "sku", "of": "business-basic"},
        {"kind": "inquire", "scope": "reference", "of": "abcd"},
    )
    assert buy(http, sku="business-premium").status_code == 400
    assert buy(http, f"0000{str(uuid4())[4:]}").status_code == 201
    assert buy(http, f"abcd{str(uuid4())[4:]}").status_code == 422


def test_a_mood_may_pass_after_some_calls(vendor: Vendor, http: httpx.Client) -> None:
    vendor.feels({"kind": "busy", "times": 2})
    assert [buy(http).status_code for _ in range(3)] == [503, 503, 201]


def test_chance_is_repeatable_from_its_seed(vendor: Vendor, http: httpx.Client) -> None:
    references = [str(uuid4()) for _ in range(40)]

    def luck(seed: int) -> list[int]:
        vendor.feels({"kind": "error_500_before", "chance": 0.3}, {"kind": "busy", "chance": 0.3}, seed=seed)
        return [buy(http, reference).status_code for reference in references]

    first = luck(1)
    assert set(first) == {201, 500, 503}
    assert luck(1) == first
    assert luck(2) != first


def test_a_kill_does_not_turn_luck_back(vendor: Vendor, http: httpx.Client) -> None:
    reference, chances = str(uuid4()), {"kind": "error_500_before", "chance": 0.5}
    vendor.feels(chances, seed=3)
    first = [buy(http, reference).status_code for _ in range(8)]
    vendor.feels(chances, seed=3)
    again = [buy(http, reference).status_code for _ in range(4)]
    vendor.kill()
    vendor.start()
    assert again + [buy(http, reference).status_code for _ in range(4)] == first


@pytest.mark.parametrize(
    "settings",
    [
        [],
        {"moods": {}},
        {"moods": [1]},
        {"moods": [{"kind": "furious"}]},
        {"moods": [{"kind": "slow", "seconds": "long"}]},
        {"moods": [{"kind": "slow", "seconds": -1}]},
        {"moods": [{"kind": "slow", "chance": 2}]},
        {"moods": [{"kind": "slow", "chance": 0.7}, {"kind": "down", "chance": 0.7}]},
        {"moods": [{"kind": "slow", "secnods": 1}]},
        {"idempotent": "no"},
        {"seed": 1.5},
    ],
)
def test_a_mood_that_makes_no_sense_is_refused_in_words(
    vendor: Vendor, http: httpx.Client, settings: Any
) -> None:
    vendor.feels(idempotent=True, seed=3)
    refused = http.post("/_sandbox/moods", json=settings)
    assert refused.status_code == 400
    assert refused.json()["detail"]
    assert http.get("/_sandbox/moods").json() == {"idempotent": True, "moods": [], "seed": 3}


def test_purchases_can_be_read_on_from_where_one_was(http: httpx.Client) -> None:
    buy(http)
    last = http.get("/_sandbox/purchases").json()["last"]
    reference = str(uuid4())
    buy(http, reference)
    page = http.get("/_sandbox/purchases", params={"after": last}).json()
    assert [purchase["reference"] for purchase in page["purchases"]] == [reference]
    assert http.get("/_sandbox/purchases", params={"after": page["last"]}).json()["purchases"] == []


def test_the_page_shows_the_books_and_sets_moods(http: httpx.Client) -> None:
    reference = str(uuid4())
    mood = {"do": "add", "kind": "refuse", "scope": "sku", "of": "<b>pro</b>", "message": "No.", "times": "2"}
    assert http.post("/_sandbox/", data=mood).status_code == 303
    buy(http, reference)
    page = http.get("/_sandbox/").text
    assert reference in page
    assert "&lt;b&gt;pro&lt;/b&gt;" in page
    assert buy(http, sku="<b>pro</b>").json()["detail"] == "No."
    assert http.post("/_sandbox/", data={"do": "clear"}).status_code == 303
    assert buy(http, sku="<b>pro</b>").status_code == 201
    assert "is a number" in http.post("/_sandbox/", data=mood | {"times": "many"}).text


def test_pages_from_elsewhere_cannot_set_moods(http: httpx.Client) -> None:
    elsewhere = {"Sec-Fetch-Site": "cross-site"}
    assert http.post("/_sandbox/", data={"do": "clear"}, headers=elsewhere).status_code == 403
    assert http.get("/_sandbox/", headers={"Host": "evil.example"}).status_code == 400


def test_connections_are_kept_and_a_hang_up_is_a_hang_up(vendor: Vendor, http: httpx.Client) -> None:
    assert all("connection" not in buy(http).headers for _ in range(3))
    vendor.feels({"kind": "down"})
    with pytest.raises(httpx.RemoteProtocolError):
        buy(http)
