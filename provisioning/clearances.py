"""Before money moves: every connector is asked whether the basket would work, outside any transaction."""

from collections.abc import Mapping, Sequence
from uuid import uuid4

from checkout import placing
from checkout.baskets import BasketItem
from checkout.placing import Clearance
from core.errors import Refused, Unavailable
from core.languages import _
from provisioning import questions, vendor_calls
from provisioning.connectors import base
from provisioning.connectors.base import Action, Request
from provisioning.connectors.registry import connector


class FieldProblem(Refused):
    """An order-time field is missing or wrong; `problems` names each."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(" ".join(problems.values()))
        self.problems = dict(problems)


class VendorRefuses(Refused):
    """The vendor says beforehand that it would not work."""


class VendorSilent(Unavailable):
    """The vendor cannot be asked right now; nothing was ordered."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "We could not check this with the vendor right now. Nothing was ordered; please try again"
                " in a few minutes."
            )
        )


def clear(
    basket: Sequence[BasketItem], configured: Mapping[str, Mapping[str, str]], customer: Mapping[str, str]
) -> Clearance:
    """Asks every connector whether the basket would work; no transaction is open meanwhile. Refusals by
    name."""
    for item in basket:
        if problems := questions.problems(item, item.fields):
            raise FieldProblem(problems)
        for one in item.parts or (item,):
            fields, variables = questions.sorted_out(one.connector, item.fields, one.variables)
            _ask(
                one.connector,
                Request(
                    str(uuid4()),
                    Action.PROVISION,
                    one.sku,
                    item.quantity,
                    customer=customer,
                    fields=fields,
                    settings=configured.get(one.connector, vendor_calls.as_values({})),
                    variables=variables,
                ),
            )
    return Clearance(placing.basket_hash([(i.plan_id, i.quantity, i.fields) for i in basket]), len(basket))


def _ask(connector_key: str, request: Request) -> None:
    try:
        base.check(connector(connector_key), request)
    except base.Refused as no:
        raise VendorRefuses(str(no)) from no
    except (
        base.TryLater,
        base.Unclear,
        base.NeedsAction,
    ) as silent:  # a wrong key is the distributor's matter, not the buyer's
        raise VendorSilent from silent
