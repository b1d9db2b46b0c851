"""Refusals in Stripe's own JSON shape and with its documented codes (https://docs.stripe.com/error-codes)."""

from typing import Any

Json = dict[str, Any]


class Refusal(Exception):
    """What the API answers instead of an object; `saved` says whether an idempotency key remembers it."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        code: str | None = None,
        param: str | None = None,
        kind: str = "invalid_request_error",
        saved: bool = True,
    ) -> None:
        super().__init__(message)
        self.message, self.status, self.code, self.param = message, status, code, param
        self.kind, self.saved = kind, saved

    def body(self) -> Json:
        error: Json = {"type": self.kind, "message": self.message}
        if self.code:
            error["code"] = self.code
            error["doc_url"] = f"https://docs.stripe.com/error-codes/{self.code.replace('_', '-')}"
        if self.param:
            error["param"] = self.param
        return {"error": error}


def bad_parameter(message: str, param: str, code: str | None = None) -> Refusal:
    """A parameter that does not hold; like at Stripe, no idempotency key remembers a request that never
    began."""
    return Refusal(message, code=code, param=param, saved=False)


def missing_object(kind: str, object_id: str, param: str = "id") -> Refusal:
    return Refusal(f"No such {kind}: '{object_id}'", status=404, code="resource_missing", param=param)


def no_key() -> Refusal:
    return Refusal(
        "You did not provide an API key. You need to provide your API key in the Authorization header, using "
        "Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
        status=401,
        saved=False,
    )


def unknown_key(key: str) -> Refusal:
    hidden = f"{key[:8]}{'*' * max(len(key) - 12, 4)}{key[-4:]}" if len(key) > 12 else "****"
    return Refusal(f"Invalid API Key provided: {hidden}", status=401, saved=False)


def unknown_address(method: str, path: str) -> Refusal:
    return Refusal(f"Unrecognized request URL ({method}: {path}).", status=404, saved=False)


def key_reused(key: str) -> Refusal:
    return Refusal(
        "Keys for idempotent requests can only be used with the same parameters they were first used with. "
        f"Try using a key other than '{key}' if you meant to execute a different request.",
        kind="idempotency_error",
        saved=False,
    )


def key_in_use(key: str) -> Refusal:
    return Refusal(
        f"There is currently another in-progress request using this Idempotency Key ('{key}').",
        status=409,
        code="idempotency_key_in_use",
        kind="idempotency_error",
        saved=False,
    )


def out_of_order() -> Refusal:
    """The sandbox's `down` and `commit_then_500` moods."""
    return Refusal("An error occurred while processing your request.", status=500, kind="api_error")
