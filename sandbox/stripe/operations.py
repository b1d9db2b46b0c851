"""What an operation of the API is: a method, an address, the shape of its parameters, and the function that
does it."""

from collections.abc import Callable
from dataclasses import dataclass

from .parameters import Fields
from .refusals import Json


@dataclass(frozen=True, eq=False)
class Operation:
    method: str
    path: str
    shape: Fields
    run: Callable[..., Json]
