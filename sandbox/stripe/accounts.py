"""Accounts: the key `sk_test_<name>` opens the account `acct_<name>`. With a list of names only those exist;
without one an account comes to be when its key is first used. `--webhook-url` gives each account an endpoint
whose secret is `whsec_test_<name>`, so that a demonstration needs no setting up; accounts without it make
endpoints by the API."""

import re
import threading

from . import endpoints
from .refusals import no_key, unknown_key
from .store import Store

KEY = re.compile(r"sk_test_([A-Za-z0-9]{2,40})")
OURS = {"made_by": "sandbox"}


class Accounts:
    def __init__(self, store: Store, names: tuple[str, ...], webhook_url: str | None) -> None:
        self.store, self.names, self.webhook_url = store, names, webhook_url
        self.guard = threading.Lock()
        self.greeted: set[str] = set()
        with store.look() as act:
            known = [row["account"] for row in act.db.execute("SELECT account FROM accounts")]
        for account in {*known, *(f"acct_{name}" for name in names)}:
            self.greet(account)

    def of_key(self, key: str | None) -> str:
        if not key:
            raise no_key()
        match = KEY.fullmatch(key)
        if not match or (self.names and match[1] not in self.names):
            raise unknown_key(key)
        account = f"acct_{match[1]}"
        self.greet(account)
        return account

    def greet(self, account: str) -> None:
        """Once a start: the account is on the books and its endpoint points at the shop of today."""
        with self.guard:
            if account in self.greeted:
                return
            with self.store.act(account) as act:
                act.db.execute("INSERT OR IGNORE INTO accounts VALUES (?, ?)", (account, act.now))
                if self.webhook_url:
                    url = self.webhook_url.replace("{account}", account)
                    mine = [each for each in act.every("webhook_endpoint") if each["metadata"] == OURS]
                    wanted = {"url": url, "enabled_events": ["*"], "metadata": OURS}
                    if mine:
                        act.save({**mine[0], "url": endpoints.local_url(url)})
                    else:
                        endpoints.open_endpoint(act, wanted, f"whsec_test_{account.removeprefix('acct_')}")
            self.greeted.add(account)
