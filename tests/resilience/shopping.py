"""How people buy while something is wrong: they send the same form until it is answered, and see words, never
an error of ours."""

import time
from collections import Counter
from dataclasses import dataclass, field
from uuid import UUID

from werkzeug.test import TestResponse

from tests.portal.conftest import HIDDEN, SHOP, Browser
from tests.resilience.conftest import Trade

FRIENDLY = (200, 303, 503)


@dataclass
class Shopper:
    """Anna, and what she met."""

    trade: Trade
    browser: Browser
    met: Counter[int] = field(default_factory=Counter[int])
    plans: dict[str, UUID] = field(default_factory=dict[str, UUID])

    def __post_init__(self) -> None:
        self.plans = {
            "patch": self.trade.world.plan("patch-y").id,
            "m365-bb": self.trade.world.plan("m365-bb-m").id,
        }

    def again(self, method: str, path: str, wanted: int, **data: object) -> TestResponse:
        """Sends the same request until it is answered."""
        for turn in range(60):
            answer = self.once(method, path, **data)
            if answer.status_code == wanted:
                return answer
            time.sleep(0.01 * min(turn, 20))
        raise AssertionError(f"{method} {path} was never answered with {wanted}: {self.met}")

    def once(self, method: str, path: str, **data: object) -> TestResponse:
        """One request, which is answered in a way that a person may see."""
        browser = self.browser
        answer = browser.client.open(browser.at + path, method=method, base_url=SHOP, data=data or None)
        self.met[answer.status_code] += 1
        assert answer.status_code in FRIENDLY, (answer.status, answer.text[-3000:])
        if answer.status_code == 503:
            assert "Nothing was lost" in answer.text
            assert answer.headers["Retry-After"]
        return answer

    def buys(self, plan_id: object, product: str) -> str:
        """From the basket to the order's code; the order's form is sent with one key."""
        token = dict(HIDDEN.findall(self.again("GET", "/basket", 200).text))["csrf_token"]
        self.again("POST", "/basket", 303, csrf_token=token, product=product, plan=plan_id, quantity=1)
        review = dict(HIDDEN.findall(self.again("GET", "/checkout", 200).text))
        placed = self.again("POST", "/checkout", 303, **review)
        return str(placed.location).split("/orders/")[1].split("/")[0]

    def pays(self, code: str) -> None:
        """At the gateway's page, which is one page however often it is asked for."""
        page = str(self.again("GET", f"/orders/{code}/pay", 303).location)
        self.trade.stripe.tell(
            "pay", session=page.rsplit("/", 1)[1].partition("#")[0], email="anna@acme.example"
        )

    def orders(self, number: int) -> str:
        """Buys and pays, licences and cloud services in turn."""
        product = list(self.plans)[number % 2]
        code = self.buys(self.plans[product], product)
        self.pays(code)
        return code


def judge(trade: Trade, codes: list[str], *, others: int = 0) -> None:
    """Every order once, paid once, delivered once, told once, and nobody is bothered. `others` were placed
    and not paid."""
    assert len(set(codes)) == len(codes)
    orders = trade.admin("SELECT code, state FROM orders")
    assert {code: state for code, state in orders if code in codes} == dict.fromkeys(codes, "funded")
    captured = trade.admin("SELECT count(*) FROM journal_entries WHERE about LIKE 'payment % captured'")
    assert captured == [(len(codes),)]
    assert trade.admin("SELECT kind, words FROM work_items") == []
    references = {str(r) for (r,) in trade.admin("SELECT reference FROM deliveries WHERE state = 'success'")}
    bought = trade.vendor.state()["purchases"]
    assert bought == dict.fromkeys(bought, 1)
    assert set(bought) <= references
    assert len(references) == len(codes)
    letters = Counter(mail["message_id"] for mail in trade.office.mails(limit="100000"))
    assert len([letter for letter in letters if "order_received" in letter]) == len(codes) + others
    assert len([letter for letter in letters if "service_ready" in letter]) == len(codes)
    assert sum(letters.values()) == len(letters)
