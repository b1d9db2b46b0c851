"""Buyers who order and pay over HTTP, as long as everything is broken around them."""

import threading
from collections import Counter
from contextlib import suppress

from tests.campaign.towns import BUYERS, Town
from tests.shoppers import GaveUp, Shopper


class Shoppers:
    """Buyers who order and pay, one order after the other each."""

    def __init__(self, town: Town, orders: int, plan: str) -> None:
        self.town, self.wanted, self.plan = town, orders, plan
        self.placed: list[str] = []
        self.paid: list[str] = []
        self.troubles: Counter[str] = Counter()
        self.giving_up = threading.Event()
        self._started, self._lock = 0, threading.Lock()
        self.threads = [threading.Thread(target=self._shop, args=[n], daemon=True) for n in range(BUYERS)]
        for thread in self.threads:
            thread.start()

    @property
    def busy(self) -> bool:
        return any(thread.is_alive() for thread in self.threads)

    @property
    def gave_up(self) -> bool:
        """Whether somebody was still at it when time was over."""
        return len(self.paid) < self.wanted

    def _shop(self, number: int) -> None:
        portal = f"http://127.0.0.1:{self.town.port}/brightfield"
        with suppress(GaveUp), Shopper(portal, self.town.stripe, self.troubles, self.giving_up) as shopper:
            shopper.sign_in(f"buyer{number}@people.example")
            while self._one_more():
                code = shopper.order("m365-bb", self.plan)
                self.placed.append(code)
                shopper.pay(code)
                self.paid.append(code)

    def _one_more(self) -> bool:
        with self._lock:
            self._started += 1
            return self._started <= self.wanted
