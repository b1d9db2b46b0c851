"""The contract: every registered connector, also one that somebody adds tomorrow, goes through the same
sentences. A new one needs an entry in the fixture `world`: valid settings and answers."""

import subprocess
import sys
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from provisioning.connectors import base, registry
from provisioning.connectors.base import (
    Action,
    Capabilities,
    Connector,
    Field,
    NeedsAction,
    Outcome,
    Refused,
    Request,
    TryLater,
    Unclear,
    check,
    look_up,
    perform,
)
from provisioning.connectors.registry import CONNECTORS
from provisioning.connectors.signed_licence import new_signing_key
from tests.vendors import Vendor


@dataclass(frozen=True)
class World:
    """What a connector needs to be asked; `remembers` if there is an outside that can say "absent"."""

    settings: dict[str, str]
    fields: dict[str, str]
    remembers: bool = False

    def asks(self, action: Action = Action.PROVISION, external_id: str | None = None, **more: int) -> Request:
        return Request(
            reference=str(uuid4()),
            action=action,
            sku="business-basic",
            quantity=more.get("quantity", 10),
            previous_quantity=more.get("previous_quantity", 0),
            external_id=external_id,
            customer={"name": "Acme Ltd", "email": "anna@acme.example", "country": "DE"},
            fields=self.fields if action is Action.PROVISION else {},
            settings=self.settings,
            asked_on=date(2026, 3, 1),
        )


@pytest.fixture(params=sorted(CONNECTORS))
def connector(request: pytest.FixtureRequest) -> Connector:
    return CONNECTORS[request.param]


@pytest.fixture
def world(connector: Connector, vendor: Vendor) -> World:
    worlds = {
        "reseller_plan": World({}, {"alias": "brightfield"}),
        "signed_licence": World({"signing_key": new_signing_key()}, {}),
        "http_service": World(vendor.settings, {"domain": "acme.example"}, remembers=True),
    }
    assert connector.key in worlds, f"say in this fixture how {connector.key} is asked"
    return worlds[connector.key]


def test_what_would_work_passes_the_check_and_is_done(connector: Connector, world: World) -> None:
    request = world.asks()
    check(connector, request)
    outcome = perform(connector, request)
    assert outcome.external_id
    assert len(outcome.licences) in (0, 10)


@pytest.mark.promise("QP1")
def test_one_reference_asked_twice_delivers_once(connector: Connector, world: World) -> None:
    request = world.asks()
    first = perform(connector, request)
    # The delivery engine's rule: a vendor not known to be idempotent is looked up before any repeat.
    again = perform(connector, request) if connector.capabilities.idempotent else look_up(connector, request)
    assert again == first


def test_the_look_up_finds_what_was_made_and_nothing_before(connector: Connector, world: World) -> None:
    request = world.asks()
    if world.remembers:
        assert look_up(connector, request) is None
    made = perform(connector, request)
    assert look_up(connector, request) == made


def test_more_seats_bring_licences_for_the_added_ones_only(connector: Connector, world: World) -> None:
    if Action.CHANGE not in connector.capabilities.actions:
        return  # it is refused then, as the sentence about what is not declared says
    made = perform(connector, world.asks())
    more = world.asks(Action.CHANGE, made.external_id, quantity=12, previous_quantity=10)
    changed = perform(connector, more)
    assert changed.external_id == made.external_id
    assert len(changed.licences) == (2 if made.licences else 0)
    assert not set(changed.licences) & set(made.licences)
    assert look_up(connector, more) == changed


def test_it_ends_what_it_began(connector: Connector, world: World) -> None:
    made = perform(connector, world.asks())
    ending = world.asks(Action.END, made.external_id)
    ended = perform(connector, ending)
    assert (ended.external_id, ended.licences) == (made.external_id, ())
    assert look_up(connector, ending) == ended


def test_what_it_can_suspend_it_can_resume(connector: Connector, world: World) -> None:
    assert (Action.SUSPEND in connector.capabilities.actions) == (
        Action.RESUME in connector.capabilities.actions
    )
    made = perform(connector, world.asks())
    for action in connector.capabilities.actions & {Action.SUSPEND, Action.RESUME}:
        assert perform(connector, world.asks(action, made.external_id)).external_id == made.external_id


def test_what_it_does_not_declare_is_refused_without_asking_anybody(
    connector: Connector, world: World
) -> None:
    for action in set(Action) - connector.capabilities.actions:
        with pytest.raises(Refused):
            perform(connector, world.asks(action, "something"))


def test_an_answer_to_no_question_is_refused(connector: Connector, world: World) -> None:
    with pytest.raises(Refused, match="not asked for"):
        check(connector, replace(world.asks(), fields={**world.fields, "is_admin": "yes"}))


def test_a_missing_answer_is_refused_in_words(connector: Connector, world: World) -> None:
    for field in connector.fields:
        if field.required and field.asked_of == "buyer":
            answers = {name: text for name, text in world.fields.items() if name != field.name}
            with pytest.raises(Refused, match="is needed"):
                check(connector, replace(world.asks(), fields=answers))


def test_without_its_settings_it_asks_for_a_person(connector: Connector, world: World) -> None:
    if any(field.required and field.asked_of == "distributor" for field in connector.fields):
        with pytest.raises(NeedsAction):
            perform(connector, replace(world.asks(), settings={}))


def test_it_says_when_a_look_up_may_be_believed(connector: Connector) -> None:
    can = connector.capabilities
    assert can.settle > can.send_deadline + can.timeout + can.longest_processing


@pytest.mark.promise("QP3")
@pytest.mark.parametrize("settle", [14, 15])
def test_a_settle_time_within_which_the_vendor_may_still_act_is_refused(settle: int) -> None:
    seconds = timedelta(seconds=1)
    with pytest.raises(ValueError, match="settle"):
        Capabilities(
            idempotent=False,
            look_up=True,
            actions=frozenset(Action),
            timeout=5 * seconds,
            send_deadline=4 * seconds,
            longest_processing=6 * seconds,
            settle=settle * seconds,
            slots=1,
        )


class Clumsy:
    """A connector with bugs, as somebody else's may be."""

    key = "clumsy"
    label = "Clumsy Ltd"
    fields: tuple[Field, ...] = ()
    capabilities = CONNECTORS["reseller_plan"].capabilities

    def check(self, request: Request) -> None:
        raise ZeroDivisionError

    def provision(self, request: Request) -> Outcome:
        raise KeyError("quantity")

    def change(self, request: Request) -> Outcome:
        return None  # type: ignore[return-value]  the fault that is tried

    suspend = resume = end = provision

    def look_up(self, request: Request) -> Outcome | None:
        raise TryLater(timedelta(seconds=1), "Busy.", accepted=False)


@pytest.mark.promise("QP3")
def test_a_bug_proves_nothing_about_the_vendor() -> None:
    asks = World({}, {}).asks
    with pytest.raises(Unclear, match="Clumsy Ltd"):
        perform(Clumsy(), asks())
    with pytest.raises(Unclear, match="could not be understood"):
        perform(Clumsy(), asks(Action.CHANGE, "it"))
    with pytest.raises(TryLater):
        check(Clumsy(), asks())


def test_what_is_not_declared_never_reaches_the_connector() -> None:
    narrow = Clumsy()
    narrow.capabilities = replace(narrow.capabilities, actions=frozenset({Action.CHANGE}))
    with pytest.raises(Refused, match="cannot provision"):
        perform(narrow, World({}, {}).asks())


@pytest.mark.promise("QP3")
def test_a_look_up_never_allows_sending_again() -> None:
    with pytest.raises(TryLater) as later:
        look_up(Clumsy(), World({}, {}).asks())
    assert later.value.accepted


@pytest.mark.promise("QP3")
def test_a_vendor_without_look_up_is_not_asked() -> None:
    blind = Clumsy()
    blind.capabilities = replace(blind.capabilities, look_up=False)
    with pytest.raises(Unclear, match="cannot be asked"):
        look_up(blind, World({}, {}).asks())


def test_two_requests_are_the_same_only_if_all_that_is_asked_is() -> None:
    request = World({"api_key": "secret"}, {"domain": "acme.example"}).asks()
    assert request.fingerprint() == replace(request, settings={"api_key": "other"}).fingerprint()
    for other in (
        replace(request, quantity=11),
        replace(request, sku="business-premium"),
        replace(request, fields={}),
        replace(request, customer={}),
        replace(request, reference=str(uuid4())),
    ):
        assert request.fingerprint() != other.fingerprint()


def test_nothing_secret_or_personal_is_in_the_repr_of_a_request() -> None:
    shown = repr(World({"api_key": "hush"}, {"password": "hush"}).asks())
    assert not [word for word in ("hush", "anna@", "Acme") if word in shown]


@pytest.mark.parametrize(
    "reference", ["ORD-7KX2M9", "../../admin", "", "1D4F6C9E-2A57-4E4B-9B53-7A9C0F2E8D11"]
)
def test_a_reference_that_is_not_our_uuid_is_a_mistake(reference: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  (the uuid module's words)
        replace(World({}, {}).asks(), reference=reference)


def test_an_unknown_connector_is_named() -> None:
    with pytest.raises(registry.UnknownConnector, match="no_such_thing"):
        registry.connector("no_such_thing")


def test_two_connectors_never_share_a_key() -> None:
    with pytest.raises(ValueError, match="reseller_plan"):
        registry.register(registry.connector("reseller_plan"))


def test_an_installed_package_brings_its_connector(tmp_path: Path) -> None:
    (tmp_path / "acme_delivery.py").write_text(
        "from provisioning.connectors.reseller_plan import ResellerPlan\n"
        "class Acme(ResellerPlan):\n    key = 'acme'\n"
    )
    metadata = tmp_path / "acme_delivery-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-delivery\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[storefront.connectors]\nacme = acme_delivery:Acme\n")
    asking = "from provisioning.connectors.registry import connector; print(connector('acme').label)"
    said = subprocess.run(
        [sys.executable, "-c", asking],
        env={"PYTHONPATH": f"{tmp_path}:{Path(base.__file__).parents[2]}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == "Reseller plan\n"
