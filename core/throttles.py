"""How often something may be asked for: rows of PostgreSQL, so that every process counts the same."""

from datetime import timedelta
from ipaddress import IPv6Address, IPv6Network, ip_address

from core import doors
from core.doors import door
from core.errors import Refused
from core.languages import _
from core.tenancy import current

MOST_LETTERS = 20  # an hour, from one company to one address that may never have asked for any

# The row's lock serialises what comes at once; whoever comes too early changes nothing and gets no row.
# Without a pause nothing is locked meanwhile: of two transactions, the one that counts later may have begun
# before.
ALLOW = door("""
CREATE FUNCTION allow_v2(p_key text, p_most bigint, p_pause interval) RETURNS TABLE (allowed boolean) AS $$
  INSERT INTO throttles AS t (key, failures, touched_at, locked_until)
  VALUES (p_key, 1, now(), now() + CASE WHEN p_most <= 1 THEN interval '1 hour' ELSE nullif(p_pause, interval '0') END)
  ON CONFLICT (key) DO UPDATE SET
    failures = CASE WHEN t.touched_at < now() - interval '1 hour' THEN 1 ELSE t.failures + 1 END,
    touched_at = now(),
    locked_until = now() + CASE WHEN t.touched_at >= now() - interval '1 hour' AND t.failures + 1 >= p_most
                                THEN interval '1 hour' ELSE nullif(p_pause, interval '0') END
  WHERE t.locked_until IS NULL OR t.locked_until <= now()
  RETURNING true
$$""")  # noqa: E501 SQL


class TooOften(Refused):
    """Asked for again and again."""

    status = 429

    def __init__(self) -> None:
        super().__init__(_("This was asked for too often. Please try again in an hour."))


def machine(address: str) -> str:
    """Whose requests are counted together: an address, or the network of 64 bits that every household and
    every rented machine has for itself in IPv6."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, IPv6Address):
        return str(found.ipv4_mapped or IPv6Network((found, 64), strict=False).network_address)
    return address


def allow(key: str, *, most: int, pause: timedelta = timedelta()) -> bool:
    """Whether it may be done now, which counts: `most` times within an hour, `pause` apart."""
    return doors.call(ALLOW, {"p_key": key, "p_most": most, "p_pause": pause}) is not None


def allow_here(key: str, *, most: int) -> bool:
    """As `allow`, counted with the transaction that we are in."""
    return bool(doors.call_here(ALLOW, {"p_key": key, "p_most": most, "p_pause": timedelta()}))


def one_more_letter(email: str) -> None:
    """Before somebody of the scope has a mail sent to an address of their choice: TooOften where it had many.
    Counted in the transaction that sends it."""
    of = current()
    key = f"letters:{of.distributor_id}:{of.reseller_id}:{of.customer_id}:{email}"
    if not allow_here(key, most=MOST_LETTERS):
        raise TooOften
