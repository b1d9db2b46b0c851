"""A buyer at a real shop over HTTP, who orders, pays at the Stripe sandbox, and tries again whatever happens
in between: a person reloads the page, and sends the same form once more."""

import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any, Self, TypeVar

import httpx

from tests.world import PASSWORD

Found = TypeVar("Found")


class GaveUp(Exception):
    """The test is over; nobody tries again."""


class Shopper:
    """One buyer. `portal` is the shop's address with its path, `stripe` the sandbox's."""

    def __init__(
        self,
        portal: str,
        stripe: str,
        troubles: Counter[str] | None = None,
        giving_up: threading.Event | None = None,
        *,
        patience: float = 10,
    ) -> None:
        self.stripe, self.patience = stripe, patience
        self.troubles = Counter[str]() if troubles is None else troubles
        self.giving_up = giving_up or threading.Event()
        self.browser = httpx.Client(base_url=portal, timeout=patience)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.browser.close()

    def sign_in(self, email: str) -> None:
        """With the password that everybody has in tests."""
        self._again(lambda: self._signed_in(email))

    def order(self, product: str, plan: str) -> str:
        """From the basket to a placed order; its code."""
        self._again(lambda: self._add(product, plan))
        form = self._again(self._checkout_form)
        while True:  # the same form again places nothing twice; another one only if this one is refused
            where = self._again(lambda form=form: self._place(form))
            if where != "refused":
                return where
            form = self._again(self._checkout_form)

    def pay(self, code: str) -> None:
        """On the gateway's page. The buyer does not come back: the shop hears of it by its webhook."""
        session = self._again(lambda: self._pay_page(code))
        self._again(lambda: self._pay(session))

    def _again(self, act: Callable[[], Found | None]) -> Found:
        while not self.giving_up.is_set():
            try:
                if (result := act()) is not None:
                    return result
                self.troubles["not yet"] += 1
            except httpx.HTTPError as error:
                self.troubles[type(error).__name__] += 1
            time.sleep(0.2)
        raise GaveUp

    def _signed_in(self, email: str) -> bool | None:
        self.browser.cookies.clear()  # of a sign-in whose answer was lost
        answer = self.browser.post("/sign-in", data={"email": email, "password": PASSWORD})
        return (self._fine(answer, 303) and self.browser.get("/basket").status_code == 200) or None

    def _add(self, product: str, plan: str) -> bool | None:
        page = self.browser.get("/basket")
        if not self._fine(page, 200):
            return None
        if plan in page.text or "quantity-" in page.text:
            return True
        form = {"csrf_token": hidden(page.text, "csrf_token"), "product": product, "plan": plan}
        return True if self._fine(self.browser.post("/basket", data=form | {"quantity": "1"}), 303) else None

    def _checkout_form(self) -> dict[str, str] | None:
        page = self.browser.get("/checkout")
        return (
            {name: hidden(page.text, name) for name in ("csrf_token", "request_key", "seen_total")}
            if self._fine(page, 200)
            else None
        )

    def _place(self, form: dict[str, str]) -> str | None:
        answer = self.browser.post("/checkout", data=form)
        if answer.status_code == 422:
            return "refused"
        placed = re.search(r"/orders/([^/]+)/pay", answer.headers.get("location", ""))
        return placed[1] if self._fine(answer, 303) and placed else None

    def _pay_page(self, code: str) -> str | None:
        answer = self.browser.get(f"/orders/{code}/pay")
        session = re.search(r"(cs_[A-Za-z0-9_]+)", answer.headers.get("location", ""))
        return session[1] if self._fine(answer, 303) and session else None

    def _pay(self, session: str) -> bool | None:
        answer = httpx.post(f"{self.stripe}/_sandbox/pay", json={"session": session}, timeout=self.patience)
        done = answer.is_success and answer.json()["status"] == "complete"
        return True if done or "complete" in answer.text else None

    def _fine(self, answer: httpx.Response, status: int) -> bool:
        if answer.status_code != status:
            self.troubles[f"HTTP {answer.status_code}"] += 1
        return answer.status_code == status


def hidden(page: str, name: str) -> str:
    """The value of a hidden field."""
    found: Any = re.search(rf'name="{name}"[^>]*value="([^"]*)"', page)
    return found[1] if found else ""
