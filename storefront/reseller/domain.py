"""The reseller's own domain: claim a name, set the TXT record that proves it, let a worker look, and use it.
An administrator does it, on a plan that includes it."""

from typing import Any
from urllib.parse import urlsplit

from flask import request
from werkzeug.wrappers import Response

from core import db
from core.errors import Missing, Refusal
from core.languages import Words, _
from core.settings import settings
from partners import domains, storefronts
from partners.domains import Domain, DomainState
from provisioning.domain_checks import includes_domain
from storefront import links, pages
from storefront.moments import moment
from storefront.reseller import console, menu
from storefront.visitors import has_role, require_role

pages.saying(
    domain_claimed="Claimed. Set the record, then let us look for it.",
    domain_released="The domain is let go. Your portal goes on at its own address.",
)
WORDS = Words(
    {DomainState.PENDING: "Looking", DomainState.VERIFIED: "Verified", DomainState.FAILED: "Not proven"}
)


@console.get("/domain")
def domain_page() -> Response:
    """What there is, and what to do next."""
    return show()


def show(*, typed: str = "", problem: str | None = None, status: int = 200) -> Response:
    """The page with what was typed."""
    return pages.render(
        "reseller/domain.html",
        status,
        title=_("Domain"),
        typed=typed,
        problem=problem,
        may_change=has_role("admin"),
        names_url=settings().names_url or None,
        **read(),
    )


def read() -> dict[str, Any]:
    """The claim as the page shows it, and whether there can be one."""
    with db.transaction():
        own = storefronts.of_reseller(menu.reseller_id())
        claimed = domains.of_reseller(menu.reseller_id())
        included = includes_domain(menu.reseller_id())
    return {
        "included": included,
        "open": menu.portal_url(own) is not None,
        "alias_url": menu.portal_url(own),
        "domain": claimed and row(claimed),
    }


def row(domain: Domain) -> dict[str, Any]:
    """A claim in words."""
    verified, checking = domain.state is DomainState.VERIFIED, domains.is_being_checked(domain)
    failing = moment(domain.failing_since)
    return {
        "host": domain.host,
        "state": domain.state.value,
        "label": _("Looking")
        if checking
        else _("Record missing")
        if failing
        else WORDS[domain.state]
        if domain.asked_at or verified
        else _("Waits for the record"),
        "tone": "warn"
        if failing
        else "ok"
        if verified
        else "bad"
        if domain.state is DomainState.FAILED
        else "wait",
        "note": domain.note,
        "record": domain.record,
        "proof": domain.proof,
        "url": links.at_host(domain.host),
        "checked": moment(domain.checked_at),
        "since": moment(domain.verified_at),
        "until": moment(domain.failing_since + domains.GRACE) if domain.failing_since else None,
        "checking": checking,
        "points_to": urlsplit(links.at_host("")).hostname,
    }


@console.get("/domain/state")
def domain_state() -> Response:
    """The live part while a worker looks; 286 ends the asking."""
    found = read()["domain"]
    if not found:
        raise Missing("domain")
    answer = pages.render("reseller/parts/domain_state.html", domain=found, may_change=has_role("admin"))
    answer.status_code = 200 if found["checking"] else 286
    return answer


@console.post("/domain")
def claim_domain() -> Response:
    """A name is claimed; it leads nowhere yet."""
    require_role("admin")
    typed = request.form.get("host", "")[:250]
    try:
        with db.transaction():
            own = storefronts.of_reseller(menu.reseller_id())
            domains.claim(own, typed, included=includes_domain(menu.reseller_id()))
    except Refusal as refusal:
        return show(typed=typed, problem=str(refusal), status=refusal.status)
    return pages.see("reseller.domain_page", "domain-claimed")


@console.post("/domain/check")
def check_domain() -> Response:
    """A worker looks for the record now."""
    require_role("admin")
    with db.transaction():
        domains.ask_check(mine())
    return pages.see("reseller.domain_page")


@console.post("/domain/release")
def release_domain() -> Response:
    """The name leads nowhere from the next request on, and cools before others may have it."""
    require_role("admin")
    reseller_id = menu.reseller_id()
    with db.transaction(widened_because="letting a domain go"):
        claimed = domains.of_reseller(reseller_id)
        if claimed is None:
            raise Missing("domain")
        domains.let_go(domains.find(claimed.id), why="Let go by the reseller.")
    return pages.see("reseller.domain_page", "domain-released")


def mine() -> Domain:
    """The reseller's own claim, locked."""
    claimed = domains.of_reseller(menu.reseller_id())
    if claimed is None:
        raise Missing("domain")
    return domains.find(claimed.id)
