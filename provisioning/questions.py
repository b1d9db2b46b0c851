"""What is asked when a plan is ordered: what its connector wants to know, and what its product type adds
(catalog/order_fields.py). What the connector asked goes to it as fields, everything else as variables."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from catalog import order_fields
from checkout.baskets import BasketItem
from provisioning.connectors import base
from provisioning.connectors.fields import Field, Kind
from provisioning.connectors.registry import connector


def of(connector_key: str, added: Sequence[Mapping[str, Any]] = ()) -> list[Field]:
    """The connector's questions to the buyer, then those of the type. Where both ask the same, the connector
    does."""
    asked = [field for field in connector(connector_key).fields if field.asked_of == "buyer"]
    known = {field.name for field in asked}
    return asked + [
        Field(
            one.name,
            one.label,
            cast(Kind, one.kind),
            required=one.required,
            hint=one.hint,
            choices=one.choices,
            pattern=one.pattern,
        )
        for one in order_fields.of(added)
        if one.name not in known
    ]


def of_item(item: BasketItem) -> list[Field]:
    """What is asked about a line; of a bundle everything that its parts ask, each question once."""
    if not item.parts:
        return of(item.connector, item.order_fields)
    found: dict[str, Field] = {}
    for part in item.parts:
        for field in of(part.connector, part.order_fields):
            found.setdefault(field.name, field)
    return list(found.values())


def problems(item: BasketItem, answers: Mapping[str, Any]) -> dict[str, str]:
    """Name of a question -> what is wrong with its answer."""
    return base.problems(tuple(of_item(item)), answers, asked_of="buyer")


def sorted_out(
    connector_key: str, answers: Mapping[str, Any], variables: Mapping[str, Any]
) -> tuple[dict[str, str], dict[str, str]]:
    """Answers as their connector gets them: its own questions as fields; what the product type says and asked
    besides as variables."""
    own = {field.name for field in connector(connector_key).fields if field.asked_of == "buyer"}
    said = {name: str(value) for name, value in answers.items()}
    rest = {name: value for name, value in said.items() if name not in own}
    return (
        {name: value for name, value in said.items() if name in own},
        {name: str(value) for name, value in variables.items()} | rest,
    )
