"""Form-encoded parameters (`a[0][b]=c`) read into typed values by small shapes; what a shape does not name is
refused as Stripe refuses it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import urlsplit

from .refusals import Json, bad_parameter

NESTED = re.compile(r"\[([^\[\]]*)\]")


def nest(pairs: Iterable[tuple[str, str]]) -> Json:
    """`[("a[0][b]", "c")]` -> `{"a": {"0": {"b": "c"}}}`; `x[]` counts up."""
    tree: Json = {}
    for key, value in pairs:
        steps = [key.split("[", 1)[0], *NESTED.findall(key)]
        branch = tree
        for step in steps[:-1]:
            inner = branch.setdefault(step, {})
            if not isinstance(inner, dict):
                raise bad_parameter(f"Invalid object: {step}", key)
            branch = cast(Json, inner)
        branch[steps[-1] or str(len(branch))] = value
    return tree


def named(path: str, step: str) -> str:
    return f"{path}[{step}]" if path else step


class Shape:
    def read(self, value: Any, path: str) -> Any:
        raise NotImplementedError

    @staticmethod
    def words(value: Any, path: str) -> str:
        if not isinstance(value, str):
            raise bad_parameter("Invalid string: expected a plain value", path)
        return value


@dataclass
class Text(Shape):
    longest: int = 5000
    unset: bool = False

    def read(self, value: Any, path: str) -> str | None:
        text = self.words(value, path)
        if not text and self.unset:
            return None
        if not text:
            raise bad_parameter(
                f"You passed an empty string for '{path}'. We assume empty values are an attempt to unset a "
                f"parameter; however '{path}' cannot be unset. You should remove '{path}' from your request "
                "or supply a non-empty value.",
                path,
                "parameter_invalid_empty",
            )
        if len(text) > self.longest:
            raise bad_parameter(f"Invalid string: must be at most {self.longest} characters", path)
        return text


@dataclass
class Url(Text):
    def read(self, value: Any, path: str) -> str | None:
        text = super().read(value, path)
        parts = urlsplit(text or "")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise bad_parameter("Not a valid URL", path, "url_invalid")
        return text


@dataclass
class Whole(Shape):
    least: int | None = None
    most: int | None = None

    def read(self, value: Any, path: str) -> int:
        text = self.words(value, path)
        if not re.fullmatch(r"-?\d{1,18}", text):
            raise bad_parameter(f"Invalid integer: {text[:40]}", path, "parameter_invalid_integer")
        number = int(text)
        if self.least is not None and number < self.least:
            raise bad_parameter(f"This value must be greater than or equal to {self.least}.", path)
        if self.most is not None and number > self.most:
            raise bad_parameter(f"This value must be less than or equal to {self.most}.", path)
        return number


@dataclass
class Choice(Shape):
    words_allowed: tuple[str, ...]

    def read(self, value: Any, path: str) -> str:
        text = self.words(value, path)
        if text not in self.words_allowed:
            raise bad_parameter(f"Invalid {path}: must be one of {', '.join(self.words_allowed)}", path)
        return text


@dataclass
class Flag(Shape):
    def read(self, value: Any, path: str) -> bool:
        text = self.words(value, path)
        if text not in ("true", "false"):
            raise bad_parameter(f"Invalid boolean: {text[:40]}", path)
        return text == "true"


@dataclass
class Metadata(Shape):
    """Up to 50 keys of 40 characters with values of 500; an empty value removes its key."""

    def read(self, value: Any, path: str) -> dict[str, str]:
        if value == "":
            return {}
        pairs = as_object(value, path)
        for key, text in pairs.items():
            if len(key) > 40 or len(self.words(text, named(path, key))) > 500:
                raise bad_parameter(
                    "Metadata keys have up to 40 characters, values up to 500.", named(path, key)
                )
        if len(pairs) > 50:
            raise bad_parameter("Metadata can have up to 50 keys.", path)
        return pairs


@dataclass
class Many(Shape):
    each: Shape
    most: int = 100

    def read(self, value: Any, path: str) -> list[Any]:
        if not isinstance(value, dict):
            raise bad_parameter("Invalid array", path)
        items = cast(Json, value)
        if len(items) > self.most:
            raise bad_parameter(f"Array must have at most {self.most} entries.", path)
        return [self.each.read(item, named(path, step)) for step, item in items.items()]


@dataclass
class Fields(Shape):
    shapes: dict[str, Shape] = field(default_factory=dict[str, Shape])
    required: tuple[str, ...] = ()

    def read(self, value: Any, path: str) -> Json:
        given = as_object(value, path)
        for name in given:
            if name not in self.shapes:
                where = named(path, name)
                raise bad_parameter(f"Received unknown parameter: {where}", where, "parameter_unknown")
        read = {name: self.shapes[name].read(inner, named(path, name)) for name, inner in given.items()}
        for name in self.required:
            if name not in given:
                where = named(path, name)
                raise bad_parameter(f"Missing required param: {where}.", where, "parameter_missing")
        return read


@dataclass
class Span(Shape):
    """`created=5` or `created[gte]=5`."""

    def read(self, value: Any, path: str) -> Json:
        if isinstance(value, str):
            return {"eq": Whole().read(value, path)}
        return Fields({bound: Whole() for bound in ("gt", "gte", "lt", "lte")}).read(value, path)


def as_object(value: Any, path: str) -> Json:
    if not isinstance(value, dict):
        raise bad_parameter("Invalid object", path)
    return cast(Json, value)


def fields(*required: str, **shapes: Shape) -> Fields:
    """A request's parameters; every one may also name what to expand."""
    return Fields({**shapes, "expand": Many(Text(), most=20)}, required)


def listing(**filters: Shape) -> Fields:
    """A list's parameters: its own filters and Stripe's paging."""
    paging: dict[str, Shape] = {"limit": Whole(1, 100), "starting_after": Text(), "ending_before": Text()}
    return fields(**filters, **paging)
