"""Looks at the name servers for the TXT records of resellers' own domains: when the reseller asks, and for
ever after. A durable task with a call outside; what the answer means is said in partners/domains.py."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import dns.exception
import dns.resolver
from sqlalchemy import select

from catalog.products import Plan
from checkout import reseller_plans
from core import db, tasks
from core.settings import settings
from core.tasks import Claimed, Kind, Limits, Repeat
from partners import domains

PATIENCE = 5.0  # seconds for all name servers together


@dataclass(frozen=True, slots=True)
class Found:
    """What stands under a name, or why that cannot be said."""

    values: tuple[str, ...] = ()
    problem: str = ""


def includes_domain(reseller_id: UUID) -> bool:
    """Whether the plan that the reseller is on includes a domain of its own (`own_domain`)."""
    on = reseller_plans.current(reseller_id)
    if on is None:
        return False
    features = db.session().scalar(select(Plan.features).where(Plan.id == on.plan_id))
    return bool(features and features.get("own_domain"))


def look_up(name: str) -> Found:
    """The TXT records of a name, asked of the system's name servers, or of the one that DNS_SERVER names. A
    record of several strings is read as one (RFC 1464 readers do the same)."""
    resolver = _resolver()
    try:
        answer = resolver.resolve(name, "TXT", tcp=bool(settings().dns_server), lifetime=PATIENCE)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return Found()
    except (dns.exception.DNSException, OSError) as error:
        return Found(problem=f"The name servers gave no answer about {name} ({type(error).__name__}).")
    return Found(tuple(b"".join(record.strings).decode("utf-8", "replace") for record in answer))


def _resolver() -> dns.resolver.Resolver:
    if not settings().dns_server:
        return dns.resolver.Resolver()
    host, _, port = settings().dns_server.rpartition(":")
    chosen = dns.resolver.Resolver(configure=False)
    chosen.nameservers, chosen.port = [host or "127.0.0.1"], int(port)
    return chosen


def _prepare(task: Claimed) -> str | None:
    """The name to ask about; nothing when the claim was let go meanwhile."""
    domain = domains.find(UUID(task.args["domain_id"]))
    return None if domain.state is domains.DomainState.RELEASED else domain.record


def _record(task: Claimed, found: Found) -> None:
    domain = domains.find(UUID(task.args["domain_id"]))
    domains.record_look(domain, found.values, found.problem, included=includes_domain(domain.reseller_id))


def _limits(_lane: str) -> Limits:
    return Limits(
        timeout=timedelta(seconds=8),
        send_deadline=timedelta(seconds=5),
        settle=timedelta(seconds=15),
        slots=4,
    )


def _look_again(_task: Claimed) -> None:
    """Every verified name whose time has come gets a check of its own."""
    now = db.session().info["now"]
    for domain_id in domains.due(now):
        domain = domains.find(domain_id)
        domain.look_at = now + timedelta(hours=1)
        tasks.add("check_domain", {"domain_id": str(domain_id)})


tasks.register(
    Kind("check_domain", Repeat.SAFE, prepare=_prepare, call=look_up, record=_record, limits=_limits)
)
tasks.register(Kind("look_at_domains", Repeat.SAFE, prepare=_look_again, every=timedelta(minutes=5)))
