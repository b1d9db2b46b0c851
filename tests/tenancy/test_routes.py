"""The sweep: for every route and method, its owner gets in and strangers do not. Strangers come from
everywhere: another customer of the same shop, a customer and the staff of another reseller, the staff of
another distributor, the other sides of the same trade, and nobody at all (QS1)."""

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

import app as product
from core import db
from sandbox.servers import Postgres
from storefront.fragments import FRAGMENTS
from tests.conftest import fresh
from tests.copies import Copies
from tests.forms import PageForm, forms_of
from tests.pictures import Camera, changed
from tests.scenes import Scenes
from tests.tenancy.routes import CHAPTERS, ROUTES
from tests.tenancy.routes.owners import Owner, Route
from tests.tenancy.stage import Stage, build
from tests.visits import Visit, make_app
from tests.world import World, open_portal

OWNER = {
    Owner.CUSTOMER: "anna@brightfield",
    Owner.RESELLER: "bea@brightfield",
    Owner.DISTRIBUTOR: "nora@house",
    Owner.VISITOR: "anna@brightfield",
}
PEERS = {
    Owner.CUSTOMER: ("eve@brightfield", "zoe@harbour"),
    Owner.RESELLER: ("hugo@harbour", "hugo@house"),
    Owner.DISTRIBUTOR: ("sam@south",),
    Owner.VISITOR: ("eve@brightfield", "zoe@harbour", "hugo@house", "sam@south"),
}
OTHER_SIDES = {
    Owner.CUSTOMER: ("bea@brightfield", "hugo@harbour", "nora@house", "sam@south"),
    Owner.RESELLER: ("anna@brightfield", "zoe@harbour", "nora@house", "sam@south"),
    Owner.DISTRIBUTOR: ("anna@brightfield", "bea@house", "bea@brightfield", "hugo@house"),
    Owner.VISITOR: (),
}
UNTOLD = ("sessions", "throttles")  # being seen, and failing to sign in


def keys_of(app: Flask) -> set[str]:
    """METHOD and rule of every route."""
    return {
        f"{method} {rule.rule}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def unclassified(app: Flask) -> set[str]:
    """Routes whose owner nobody has named."""
    return keys_of(app) - set(ROUTES)


def test_every_route_stands_in_one_chapter() -> None:
    assert sum(len(chapter.ROUTES) for chapter in CHAPTERS) == len(ROUTES)


@pytest.mark.promise("QS1")
def test_every_route_has_an_owner_and_every_line_a_route(world: World) -> None:
    app = make_app()
    assert unclassified(app) == set(), "add a line to tests/tenancy/routes/"
    assert set(ROUTES) - keys_of(app) == set(), "these routes are gone"


@pytest.mark.promise("QS1")
def test_a_route_without_an_owner_is_noticed(world: World) -> None:
    app = product.create_app()
    app.add_url_rule("/reseller/secrets/<code>", "secrets", lambda code: code, methods=["GET", "DELETE"])
    assert unclassified(app) == {"GET /reseller/secrets/<code>", "DELETE /reseller/secrets/<code>"}


@pytest.fixture
def stage(scenes: Scenes, world_copies: Copies) -> Generator[Stage]:
    """The stage, as it was when the curtain rose for the first time."""
    built = raised(scenes, world_copies)
    yield built
    db.reset()


@pytest.fixture
def curtain(stage: Stage, scenes: Scenes, world_copies: Copies) -> Callable[[], None]:
    """Puts the stage as it was."""

    def fall() -> None:
        raised(scenes, world_copies)

    return fall


def raised(scenes: Scenes, world_copies: Copies) -> Stage:
    """Every browser and the whole database as they were."""
    stage = scenes.begin("the stage", lambda: build(fresh(world_copies), make_app()))
    stage.begin_again()
    FRAGMENTS.clear()
    return stage


@pytest.fixture
def camera(stage: Stage, postgres: Postgres) -> Generator[Camera]:
    """Sees what is changed on the stage."""
    with closing(Camera(postgres, without=UNTOLD)) as camera:
        yield camera


# --- Asking -----------------------------------------------------------------------------------------------


def path_of(key: str, route: Route, names: dict[str, str]) -> str:
    """The address with its names filled in."""
    path = key.split(" ", 1)[1].replace("<uuid:", "<")
    for argument, name in route.at.items():
        path = path.replace(f"<{argument}>", name[1:] if name.startswith("=") else names[name])
    assert "<" not in path, f"{key}: routes/ must say which {path}"
    return path + (f"?{route.query.format(**names)}" if route.query else "")


def filled(key: str, route: Route, stage: Stage) -> dict[str, Any]:
    """What the owner's browser would send: the form on its page, with what is typed into it."""
    typed = {name.format(**stage.names): value.format(**stage.names) for name, value in route.form.items()}
    if not route.page:
        return typed
    form = form_on(stage, route, path_of(key, route, stage.names).split("?")[0])
    sent: dict[str, Any] = {name: values for name, values in form.fields.items() if name != "csrf_token"}
    for pattern, value in typed.items():
        names = [
            name
            for name in {*form.fields, *form.buttons, pattern.lstrip("+*")}
            if matches(name, pattern) and ("*" not in pattern or name in form.fields)
        ]
        assert names, f"{key}: no field {pattern!r} on {route.page}: {sorted(form.fields)}"
        sent |= dict.fromkeys(names, [value] if value else [])
    if route.press:
        name, _, value = route.press.partition("=")
        sent[name] = [value]
    elif not typed and form.buttons:
        name, values = next(iter(form.buttons.items()))
        sent.setdefault(name, [values[0]])
    return sent


def matches(name: str, pattern: str) -> bool:
    """ "price-*" begins with, "*why" ends with, "+item" is put there though the page left it empty."""
    if pattern.startswith("*"):
        return name.endswith(pattern[1:])
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern.lstrip("+")


def form_on(stage: Stage, route: Route, path: str) -> PageForm:
    """The form of the owner's page that leads to the path."""
    owner = stage.visit(OWNER[route.owner])
    page = owner.get(route.page.format(**stage.names))
    assert page.status_code == 200, f"{route.page}: {page.status_code}"
    for form in forms_of(page.text):
        if form.method == "post" and form.action.split("?")[0].removeprefix(f"http://{owner.host}") in (
            f"{owner.at}{path}",
            "",
        ):
            return form
    raise AssertionError(
        f"{route.page} has no form that leads to {path}: {[form.action for form in forms_of(page.text)]}"
    )


def ask(stage: Stage, who: str, key: str, route: Route, data: dict[str, Any]) -> TestResponse:
    """Somebody's request, with their own token."""
    path, visit = path_of(key, route, stage.names), stage.visit(who)
    return visit.get(path) if key.startswith("GET") else visit.post(path, data)


# --- What must come back ----------------------------------------------------------------------------------


def secrets_of(stage: Stage, owner: Owner) -> list[str]:
    """Words that no stranger may read."""
    names = [
        stage.names[name]
        for name in (
            "order",
            "unpaid",
            "subscription",
            "customer",
            "parked_order",
            "own_order",
            "token",
            "application",
            "application_token",
            "deal",
            "approved_deal",
            "quote",
            "quote_draft",
        )
    ]
    return [
        *names,
        "Acme",
        "anton@acme.example",
        "LIC1-",
        *(["Ember", "Harbour"] if owner is Owner.DISTRIBUTOR else []),
    ]


def leaks(answer: TestResponse, stage: Stage, key: str, route: Route) -> list[str]:
    """Secret words in an answer that were not in the question."""
    asked = path_of(key, route, stage.names)
    said = answer.data.decode(errors="replace")  # a file may be anything
    return [word for word in secrets_of(stage, route.owner) if word in said and word not in asked]


def turned_away(answer: TestResponse, key: str, *, known: bool) -> bool:
    """Not found or not theirs; whoever is not signed in is shown where to."""
    if known:
        return answer.status_code in (403, 404)
    return answer.status_code in (401, 403, 404) or (
        answer.status_code == 303 and "/sign-in" in answer.headers["Location"]
    )


def faults(stage: Stage, key: str, route: Route, data: dict[str, Any]) -> Iterator[str]:
    """What strangers get from a route that they should not, when they send what its owner would."""
    named = "<" in key and not all(name.startswith("=") for name in route.at.values())
    for who in OTHER_SIDES[route.owner]:
        answer = ask(stage, who, key, route, data)
        if not turned_away(answer, key, known=True) or leaks(answer, stage, key, route):
            yield f"{key}: {who} gets {answer.status_code} {leaks(answer, stage, key, route)}"
    for who in PEERS[route.owner]:
        if key.startswith("POST") and not (named or route.foreign):
            continue  # it is about their own things then
        answer = ask(stage, who, key, route, data)
        refused = turned_away(answer, key, known=True) or (route.foreign and answer.status_code in (409, 422))
        if (named and not refused) or leaks(answer, stage, key, route) or answer.status_code >= 500:
            yield f"{key}: {who} gets {answer.status_code} {leaks(answer, stage, key, route)}"
    if route.owner is not Owner.VISITOR:
        where = OWNER[route.owner].split("@")[1]
        answer = ask(stage, f"nobody@{where}", key, route, data)
        if not turned_away(answer, key, known=False) or leaks(answer, stage, key, route):
            yield f"{key}: nobody gets {answer.status_code} {leaks(answer, stage, key, route)}"


def owned(method: str) -> list[tuple[str, Route]]:
    return [(key, route) for key, route in ROUTES.items() if key.startswith(method) and route.owner in OWNER]


@pytest.mark.promise("QS1", "QS5")
def test_pages_are_shown_to_their_owner_and_to_nobody_else(stage: Stage, camera: Camera) -> None:
    before, found = camera.picture(), list[str]()
    for key, route in owned("GET"):
        found += faults(stage, key, route, {})
        if touched := changed(before, camera.picture()):
            found.append(f"{key}: a stranger changed {touched}")
            before = camera.picture()
        answer = ask(stage, OWNER[route.owner], key, route, {})
        if answer.status_code not in route.ok:
            found.append(f"{key}: its owner gets {answer.status_code}")
        before = camera.picture()
    assert found == [], "\n".join(found)


@pytest.mark.promise("QS1")
def test_forms_are_taken_from_their_owner_and_from_nobody_else(
    stage: Stage, camera: Camera, curtain: Callable[[], None]
) -> None:
    begin, found, sent = camera.picture(), list[str](), dict[str, dict[str, Any]]()
    for key, route in owned("POST"):
        try:
            sent[key] = filled(key, route, stage)
        except AssertionError as missing:
            found.append(str(missing))
            continue
        before = camera.picture()
        found += faults(stage, key, route, sent[key])
        if touched := changed(before, camera.picture()):
            found.append(f"{key}: a stranger changed {touched}")
            curtain()
    for key, data in sent.items():
        curtain()
        route = ROUTES[key]
        answer = ask(stage, OWNER[route.owner], key, route, data)
        if answer.status_code not in route.ok:
            found.append(f"{key}: its owner gets {answer.status_code}")
        if route.changes and not changed(begin, camera.picture()):
            found.append(f"{key}: its owner changed nothing (status {answer.status_code})")
    assert found == [], "\n".join(found)


@pytest.mark.promise("QS1")
def test_public_pages_hold_no_secret_and_a_link_is_worth_something_to_its_holder_only(stage: Stage) -> None:
    found: list[str] = []
    for key, route in ROUTES.items():
        if route.owner is Owner.PUBLIC:
            for where in ("brightfield", "harbour", "south"):
                if key == "GET /theme/<version>.css" and where != "brightfield":
                    continue
                answer = ask(stage, f"nobody@{where}", key, route, {})
                if answer.status_code not in route.ok or leaks(answer, stage, key, route):
                    found.append(
                        f"{key}: nobody@{where} gets {answer.status_code} {leaks(answer, stage, key, route)}"
                    )
        if route.owner is Owner.LINK:
            for where in ("harbour", "south"):
                answer = ask(stage, f"nobody@{where}", key, route, {})
                if leaks(answer, stage, key, route) or (answer.status_code < 400 and "again" not in key):
                    found.append(
                        f"{key}: the link leads somewhere at {where}: {answer.status_code}"
                        f" {leaks(answer, stage, key, route)}"
                    )
    forged = stage.visit("nobody@brightfield").get(f"/orders/{stage.names['unpaid']}/return", token="")
    assert forged.status_code == 404
    assert found == [], "\n".join(found)


def test_what_no_text_can_hold_is_refused_as_a_mistake_of_the_asker(world: World) -> None:
    open_portal(world)
    anna = Visit(make_app(), "/brightfield").sign_in("anna")
    for path in ("/?q=%00", "/%00", "/orders?after=%00", "/p/%00", "/sign-in?next=%00"):
        assert anna.get(path).status_code in (400, 404), path
    assert anna.post("/basket", {"product": "\x00", "plan": "", "quantity": "1"}).status_code == 400
    assert anna.get("/orders?q=%FF%FE").status_code == 200


@pytest.mark.promise("QS1")
def test_ids_in_the_query_open_nothing(stage: Stage) -> None:
    """Cursors and filters that name somebody else's things show one's own list or nothing."""
    found: list[str] = []
    for key, route in owned("GET"):
        if "<" in key:
            continue
        for who in PEERS[route.owner][:1]:
            for names in (("after",), ("q",), ("customer", "category", "state")):
                for value in (stage.names["order"], stage.names["invoice"], "' OR 1=1 --%"):
                    answer = stage.visit(who).get(key.split(" ")[1], **dict.fromkeys(names, value))
                    told = [
                        word
                        for word in secrets_of(stage, route.owner)
                        if word in answer.data.decode(errors="replace") and word not in value
                    ]
                    if told or answer.status_code >= 500:
                        found.append(f"{key}?{names}={value[:20]!r}: {who} gets {answer.status_code} {told}")
    assert found == [], "\n".join(found)
