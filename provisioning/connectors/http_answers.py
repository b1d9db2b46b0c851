"""What a vendor's HTTP answer means. Nothing is taken on trust: only a body of the agreed form, about our
reference, proves anything; everything else leaves the matter unclear. The table is in docs/connector-http.md.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Annotated, Any, Literal, cast
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from provisioning.connectors.base import (
    Action,
    ConnectorError,
    NeedsAction,
    Outcome,
    Refused,
    Request,
    TryLater,
    Unclear,
)
from provisioning.connectors.definitions import (
    DefinedPlan,
    DefinedProduct,
    DefinedType,
    DefinedUpgrade,
    Definition,
    Question,
    Step,
)

SOON = timedelta(seconds=5)
SHORTEST, LONGEST = timedelta(seconds=1), timedelta(hours=1)
MOST_SIGNS, MOST_FACTS = 1000, 20  # of words that go with an answer
BYTE_ORDER_MARK = b"\xef\xbb\xbf"  # some libraries begin with it; a reader may pass over it (RFC 8259, 8.1)

Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._~-]{0,127}$")]
Line = Annotated[str, StringConstraints(max_length=1000, pattern=r"^[^\x00]*$")]  # no text of ours has a zero


def _aside(told: object) -> str:
    """Words that go with an answer never decide what it proves: too long they are cut, what is no text is
    written as one or left out."""
    said = str(told) if isinstance(told, (str, int, float)) else ""
    return said.replace("\0", "")[:MOST_SIGNS]


def _facts(told: object) -> dict[str, str]:
    facts = cast(dict[str, object], told) if isinstance(told, dict) else {}
    return {_aside(name): _aside(fact) for name, fact in list(facts.items())[:MOST_FACTS] if _aside(fact)}


def _or_nothing(told: object) -> Any:
    """`null` is how many libraries write what is not there."""
    return () if told is None else told


Aside = Annotated[str, BeforeValidator(_aside)]


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


class Result(BaseModel):
    """What became of one request; the body of every 200, 201 and 202."""

    model_config = ConfigDict(strict=True, frozen=True)

    reference: str
    state: Literal["done", "working", "failed"]
    id: Id | None = None
    sku: Line | None = None
    quantity: int | None = None
    licences: Annotated[tuple[Line, ...], BeforeValidator(_or_nothing)] = Field(default=(), strict=False)
    note: Aside = ""
    details: Annotated[dict[str, str], BeforeValidator(_facts)] = Field(default_factory=dict[str, str])
    message: Aside = ""
    code: Aside = ""


class Sold(BaseModel):
    """One line of the vendor's list."""

    model_config = ConfigDict(frozen=True)

    reference: UUID
    id: Id
    sku: Line
    quantity: int
    state: Line = "active"


class Listed(BaseModel):
    """One page of the vendor's list; `next` asks for the one after it."""

    model_config = ConfigDict(frozen=True)

    subscriptions: tuple[Sold, ...]
    next: Line = ""


Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$")]
Amount = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,12}([.][0-9]{1,6})?$")]
Units = Annotated[int, Field(ge=1, le=1_000_000_000)]
MOST_LISTED = 5000


class Asked(BaseModel):
    """A question to the buyer."""

    model_config = ConfigDict(frozen=True)

    name: Code
    label: Line
    required: bool = False


class TypeTold(BaseModel):
    """A type of products."""

    model_config = ConfigDict(frozen=True)

    code: Code
    name: Line
    unit: Line = "seat"
    asks: tuple[Asked, ...] = Field(default=(), max_length=30)


class StepTold(BaseModel):
    """A price from so many units on."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    begin: Units = Field(alias="from")
    price: Amount
    cost: Amount | None = None


class PlanTold(BaseModel):
    """A plan of a product."""

    model_config = ConfigDict(frozen=True)

    code: Code
    sku: Line
    name: Line
    term: Literal["P1M", "P1Y", "P3Y"]
    billing: Literal["P1M", "P1Y", "P3Y"]
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
    price: Amount
    cost: Amount | None = None
    minimum: Units | None = None
    maximum: Units | None = None
    steps: tuple[StepTold, ...] = Field(default=(), max_length=50)


class ProductTold(BaseModel):
    """A product with its plans."""

    model_config = ConfigDict(frozen=True)

    code: Code
    type: Code
    name: Line
    vendor: Line
    category: Line = ""
    summary: Line = ""
    description: Annotated[str, StringConstraints(max_length=8000, pattern=r"^[^\x00]*$")] = ""
    plans: tuple[PlanTold, ...] = Field(max_length=200)
    add_on_of: tuple[Code, ...] = Field(default=(), max_length=200)
    needs: tuple[Code, ...] = Field(default=(), max_length=200)


class UpgradeTold(BaseModel):
    """What may become what."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    begin: Code = Field(alias="from")
    to: Code
    partial: bool = False


class Defined(BaseModel):
    """One page of what the vendor offers; `next` asks for the one after it."""

    model_config = ConfigDict(frozen=True)

    product_types: tuple[TypeTold, ...] = Field(default=(), max_length=MOST_LISTED)
    products: tuple[ProductTold, ...] = Field(default=(), max_length=MOST_LISTED)
    upgrades: tuple[UpgradeTold, ...] = Field(default=(), max_length=MOST_LISTED)
    next: Line = ""


class Problem(BaseModel):
    """RFC 9457, as far as we read it. `reference` is ours, given back where absence is stated."""

    model_config = ConfigDict(strict=True, frozen=True)

    title: Aside = ""
    detail: Aside = ""
    code: Aside = ""
    reference: Aside = ""


def outcome(request: Request, answer: Answer) -> Outcome:
    """The outcome of a call that was to change something, or the exception that fits."""
    if answer.status in (200, 201, 202):
        return _outcome_of(request, answer)
    # Ending what the vendor has ended already is ending it.
    problem = _problem(answer)
    if answer.status == 410 and request.action is Action.END and problem and request.external_id:
        return Outcome(request.external_id, note=_sentence(problem.detail))
    raise _refusal(answer, problem)


def listed(answer: Answer) -> Listed:
    """A page of the vendor's list; Unclear for anything else."""
    try:
        return Listed.model_validate_json(answer.body if answer.status == 200 else b"")
    except ValidationError:
        raise Unclear("The vendor did not tell what it has sold.") from None


def defined(answer: Answer) -> Defined:
    """A page of what the vendor offers. What is not of the agreed form is left out as a whole: half a list
    would retire the other half."""
    if answer.status != 200:
        raise _refusal(answer, _problem(answer))
    try:
        return Defined.model_validate_json(answer.body)
    except ValidationError as wrong:
        first = wrong.errors()[0]
        where = " → ".join(str(part) for part in first["loc"])[:200]
        raise Unclear(
            f"The vendor's list could not be read: {where or 'the whole of it'}: {first['msg'][:200]}."
        ) from None


def definition(pages: Sequence[Defined]) -> Definition:
    """All pages as one."""
    return Definition(
        tuple(
            DefinedType(
                one.code,
                one.name,
                one.unit,
                tuple(Question(each.name, each.label, each.required) for each in one.asks),
            )
            for page in pages
            for one in page.product_types
        ),
        tuple(_product(one) for page in pages for one in page.products),
        tuple(DefinedUpgrade(one.begin, one.to, one.partial) for page in pages for one in page.upgrades),
    )


def _product(told: ProductTold) -> DefinedProduct:
    return DefinedProduct(
        **told.model_dump(exclude={"plans"}), plans=tuple(_plan(plan) for plan in told.plans)
    )


def _plan(told: PlanTold) -> DefinedPlan:
    steps = tuple(Step(step.begin, step.price, step.cost) for step in told.steps)
    return DefinedPlan(**told.model_dump(exclude={"steps"}), steps=steps)


def found(request: Request, answer: Answer) -> Outcome | None:
    """The outcome of a look-up. Absence must be stated by the vendor about this very reference: a 404 of some
    proxy, believed, would buy a second time."""
    if answer.status in (200, 202):
        return _outcome_of(request, answer)
    problem = _problem(answer)
    if (
        answer.status == 404
        and problem
        and problem.code == "absent"
        and problem.reference.lower() == request.reference
    ):
        return None
    raise TryLater(
        _retry_after(answer), "The vendor cannot say yet what became of the request.", accepted=True
    )


def raise_unless_fine(answer: Answer) -> None:
    """A pre-check: nothing for 200 or 204, else the exception that fits."""
    if answer.status not in (200, 204):
        raise _refusal(answer, _problem(answer))


def _outcome_of(request: Request, answer: Answer) -> Outcome:
    result = _result(answer)
    if result.reference.lower() != request.reference:  # a UUID says the same in capitals
        raise Unclear("The vendor answered about another request.")
    match result.state:
        case "working":
            raise TryLater(_retry_after(answer), "The vendor is working on it.", accepted=True)
        case "failed":
            raise Refused(_sentence(result.message) or "The vendor could not do it.", result.code)
        case "done":
            return _outcome_done(request, result, answer.status)


def _outcome_done(request: Request, result: Result, status: int) -> Outcome:
    if status == 202 or result.id is None or not _fits(request, result):
        raise Unclear("The vendor says it is done, but not what was asked for.")
    return Outcome(result.id, result.licences, _sentence(result.note), result.details)


def _fits(request: Request, result: Result) -> bool:
    bought = request.action in (Action.PROVISION, Action.CHANGE, Action.TRANSFER)
    match request.action:
        case Action.PROVISION:
            same_thing = True
        case Action.TRANSFER:  # what was moved has another id (M50); the old one would mean that nothing was
            same_thing = result.id != request.external_id
        case _:
            same_thing = result.id == request.external_id
    as_asked = result.sku == request.sku and result.quantity == request.quantity
    return same_thing and (as_asked or not bought) and len(result.licences) <= request.quantity * bought


def _refusal(answer: Answer, problem: Problem | None) -> ConnectorError:
    said = _sentence(problem.detail or problem.title) if problem else ""
    match answer.status:
        case 429:
            return TryLater(_retry_after(answer), "The vendor asks us to slow down.", accepted=False)
        case 503 if problem and problem.code == "not_taken":
            return TryLater(_retry_after(answer), said or "The vendor is busy.", accepted=False)
        case 401 | 403:
            return NeedsAction("The vendor did not accept the distributor's API key.")
        case 422 if problem:
            return NeedsAction(said or "The vendor needs more information.")
        case status if 400 <= status < 500 and status not in (408, 425) and problem:
            return Refused(said or "The vendor refused.", problem.code)
        case status:
            return Unclear(f"The vendor's answer ({status}) does not say whether it was done.")


def _result(answer: Answer) -> Result:
    try:
        return Result.model_validate_json(answer.body.removeprefix(BYTE_ORDER_MARK))
    except ValidationError:
        raise Unclear("The vendor's answer could not be read.") from None


def _problem(answer: Answer) -> Problem | None:
    kind = answer.headers.get("content-type", "").partition(";")[0].strip()
    if kind.lower() != "application/problem+json":
        return None
    try:
        return Problem.model_validate_json(answer.body.removeprefix(BYTE_ORDER_MARK))
    except ValidationError:
        return None


def _retry_after(answer: Answer) -> timedelta:
    """Seconds or a date (RFC 9110), within reason."""
    text = answer.headers.get("retry-after", "").strip()
    try:
        wanted = timedelta(seconds=int(text)) if text.isdigit() else _moment(text) - datetime.now(UTC)
    except (ValueError, TypeError, OverflowError):
        return SOON
    return min(max(wanted, SHORTEST), LONGEST)


def _moment(text: str) -> datetime:
    """An HTTP date in any of its three forms; the oldest names no zone and means GMT."""
    told = parsedate_to_datetime(text)
    return told if told.tzinfo else told.replace(tzinfo=UTC)


def _sentence(text: str) -> str:
    """A vendor's words are shown to people: one line of plain text, not too long."""
    return re.sub(r"\s+", " ", "".join(sign if sign.isprintable() else " " for sign in text)).strip()[:300]
