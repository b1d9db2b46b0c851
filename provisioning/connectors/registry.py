"""Which connectors there are: ours, and those of installed packages (entry-point group
`storefront.connectors`, each naming a class or function that makes one when called without arguments)."""

from importlib.metadata import entry_points

from provisioning.connectors.base import Connector
from provisioning.connectors.http_service import HttpService
from provisioning.connectors.reseller_plan import ResellerPlan
from provisioning.connectors.signed_licence import SignedLicence

GROUP = "storefront.connectors"


class UnknownConnector(LookupError):
    """A product names a connector that is not installed."""

    def __init__(self, key: str) -> None:
        super().__init__(f"No connector is called “{key}”; installed are: {', '.join(sorted(CONNECTORS))}.")


def connector(key: str) -> Connector:
    try:
        return CONNECTORS[key]
    except KeyError:
        raise UnknownConnector(key) from None


def register(new: Connector) -> Connector:
    """Add a connector under its key; two under one key would make it a matter of luck who delivers."""
    if new.key in CONNECTORS:
        raise ValueError(f"two connectors are called “{new.key}”")
    CONNECTORS[new.key] = new
    return new


def _installed() -> list[Connector]:
    return [entry.load()() for entry in entry_points(group=GROUP)]


CONNECTORS: dict[str, Connector] = {}
for each in (ResellerPlan(), SignedLicence(), HttpService(), *_installed()):
    register(each)
