"""The house rules, read from the source itself. Each rule is a function over a syntax tree, and each is
shown to notice its own breach."""

import ast
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

import app  # noqa: F401 every model, state table and door of the product is known once this is imported
from core import db, doors, states, tenancy

ROOT = Path(__file__).parent.parent
ROOMS = (
    "core",
    "partners",
    "catalog",
    "subscriptions",
    "billing",
    "checkout",
    "provisioning",
    "storefront",
    "whitelabel_themes",
    "sandbox",
    "tests",
)
MONEY = (
    "billing",
    "checkout",
    "core/money.py",
    "catalog/price_lists.py",
    "catalog/listings.py",
    "catalog/products.py",
)
BANNED_NAMES = {"utils", "util", "helpers", "helper", "manager", "managers", "service", "common", "misc"}
WIDENING = {
    "placing an order": 5,
    "checking with connectors": 5,
    "opening a payment page": 6,
    "giving up an order": 2,
    "reporting what an order lacked": 1,
    "drawing a paper": 1,
    "letting a domain go": 1,
    "cancelling a delivery": 2,
    "following an application's link": 1,
    "registering a deal": 5,
    "following an agreement's link": 1,
    "handing over subscriptions": 1,
    "enrolling a reseller": 1,
    "following a partner's invitation": 1,
    "looking after a customer": 2,
    "sending a quote": 1,
    "following a quote": 1,
    "asking for a quote": 1,
}
"""reason -> in how many places of the product it may stand. One more is a decision, not an accident."""

Rule = Callable[[str, ast.AST], Iterator[str]]


@cache
def sources(*rooms: str) -> dict[str, ast.AST]:
    """path -> syntax tree of every Python file of these rooms."""
    return {path: read(path) for room in rooms for path in files_of(room)} | {"app.py": read("app.py")}


@cache
def files_of(room: str) -> list[str]:
    return sorted(str(file.relative_to(ROOT)) for file in (ROOT / room).rglob("*.py"))


@cache
def read(path: str) -> ast.AST:
    return ast.parse((ROOT / path).read_text(encoding="utf-8"))


@cache
def walked(tree: ast.AST) -> list[ast.AST]:
    """Every node of a tree. Trees of whole files are walked by a dozen rules, and once is enough."""
    return list(ast.walk(tree))


@pytest.fixture(scope="module", autouse=True)
def forgotten() -> Iterator[None]:
    """A million nodes are of no use to the tests after these."""
    yield
    for known in (sources, read, walked):
        known.cache_clear()


def called(node: ast.AST) -> str:
    """The last name of what a call calls: db.transaction() -> "transaction"."""
    if not isinstance(node, ast.Call):
        return ""
    return (
        node.func.attr
        if isinstance(node.func, ast.Attribute)
        else node.func.id
        if isinstance(node.func, ast.Name)
        else ""
    )


def calls(tree: ast.AST, name: str) -> Iterator[ast.Call]:
    for node in walked(tree):
        if isinstance(node, ast.Call) and called(node) == name:
            yield node


def at(path: str, node: ast.AST) -> str:
    return f"{path}:{getattr(node, 'lineno', 0)}"


# --- The rules --------------------------------------------------------------------------------------------


def only_the_database_commits(path: str, tree: ast.AST) -> Iterator[str]:
    if path == "core/db.py" or path.startswith(
        ("sandbox/stripe/", "sandbox/vendor/", "sandbox/inbox/", "tests/")
    ):
        return  # the simulators have stores of their own
    for call in calls(tree, "commit"):
        yield f"{at(path, call)}: commits; a view, a task or a command says `with transaction():`"


MAY_BEGIN = (
    "storefront/",
    "sandbox/demo.py",
    "sandbox/wishes.py",
    "sandbox/notes.py",
    "sandbox/orders.py",
    "sandbox/quoting.py",
    "sandbox/relations.py",
    "sandbox/promotions.py",
    "core/db.py",
    "core/drain.py",
    "billing/stripe_events.py",
    "tests/",
)


def only_edges_begin_transactions(path: str, tree: ast.AST) -> Iterator[str]:
    if path.startswith(MAY_BEGIN) or path.startswith(("sandbox/stripe/", "sandbox/vendor/")):
        return
    for call in calls(tree, "transaction"):
        yield f"{at(path, call)}: begins a transaction; domain functions use the one they are in"


def only_states_move(path: str, tree: ast.AST) -> Iterator[str]:
    if path == "core/states.py" or path.startswith(("tests/", "sandbox/stripe/", "sandbox/vendor/")):
        return
    for node in walked(tree):
        targets = (
            node.targets
            if isinstance(node, ast.Assign)
            else [node.target]
            if isinstance(node, ast.AugAssign | ast.AnnAssign)
            else []
        )
        for target in [part for one in targets for part in ast.walk(one)]:
            if (
                isinstance(target, ast.Attribute)
                and target.attr == "state"
                and not (isinstance(target.value, ast.Name) and target.value.id == "self")
            ):
                yield f"{at(path, node)}: sets a state; `states.move` is the only way it changes"


def no_float_where_money_is(path: str, tree: ast.AST) -> Iterator[str]:
    if not path.startswith(MONEY):
        return
    for node in walked(tree):
        if (isinstance(node, ast.Name) and node.id == "float") or (
            isinstance(node, ast.Constant) and isinstance(node.value, float)
        ):
            yield f"{at(path, node)}: a float where money is"


WAITING = {"billing/stripe_gateway.py"}  # seconds of patience with Stripe are no money


def one_file_knows_stripe(path: str, tree: ast.AST) -> Iterator[str]:
    if (
        path in ("billing/stripe_gateway.py",)
        or path.startswith("tests/")
        or path == "sandbox/stripe/deliveries.py"
    ):
        return
    for node in walked(tree):
        names = (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom) and not node.level
            else []
        )
        if any(name.split(".")[0] == "stripe" for name in names):
            yield f"{at(path, node)}: imports Stripe's library; billing/stripe_gateway.py alone does"


def one_file_knows_the_queue(path: str, tree: ast.AST) -> Iterator[str]:
    if path == "core/doorbell.py" or path.startswith("tests/"):
        return
    for node in walked(tree):
        names = (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
        if any(name.split(".")[0] == "rq" for name in names):
            yield f"{at(path, node)}: imports RQ; it only rings, and core/doorbell.py rings it"


def only_connectors_clear(path: str, tree: ast.AST) -> Iterator[str]:
    if path == "provisioning/clearances.py" or path.startswith("tests/"):
        return
    for call in calls(tree, "Clearance"):
        yield f"{at(path, call)}: makes a clearance; only the connectors' answer may"


def nouns_name_modules(path: str, _tree: ast.AST) -> Iterator[str]:
    if BANNED_NAMES & {part.removesuffix(".py") for part in Path(path).parts}:
        yield f"{path}: says nothing about what is in it"


def modules_say_what_they_are_for(path: str, tree: ast.AST) -> Iterator[str]:
    if (
        isinstance(tree, ast.Module)
        and tree.body
        and not ast.get_docstring(tree)
        and Path(path).name not in ("__init__.py", "env.py")
    ):
        yield f"{path}: begins without a paragraph of purpose"


def nobody_mocks(path: str, tree: ast.AST) -> Iterator[str]:
    for node in walked(tree):
        modules = (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
        if any(module.startswith(("unittest.mock", "mock")) for module in modules):
            yield f"{at(path, node)}: a mock; tests talk to processes that answer"


SENDS = {
    "httpx": {"Client", "AsyncClient", "get", "post", "put", "patch", "delete", "request", "stream"},
    "httpcore": {"Request", "request", "stream"},
    "requests": {"get", "post", "put", "patch", "delete", "request", "Session"},
    "smtplib": {"SMTP", "SMTP_SSL", "LMTP"},
    "socket": {"socket", "create_connection"},
    "client": {"HTTPConnection", "HTTPSConnection"},  # http.client
    "urllib": {"urlopen"},
    "request": {"urlopen", "Request"},  # urllib.request
    "stripe": {"StripeClient"},
}
"""module -> what of it reaches the outside"""
OURS = ("sandbox/", "tests/", "benchmarks/")


def outside_calls_pass_fault_points(path: str, tree: ast.AST) -> Iterator[str]:
    if path.startswith(OURS):
        return
    points = {
        str(call.args[0].value) for call in calls(tree, "fault") if isinstance(call.args[0], ast.Constant)
    }
    for node in walked(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name | ast.Attribute)
            and node.func.attr in SENDS.get(ast.unparse(node.func.value).rpartition(".")[2], ())
            and not {point.partition(".")[2] for point in points} & {"before_call", "before_send"}
        ):
            yield f"{at(path, node)}: reaches the outside without a fault point before and after (QC5)"
    only_types = {
        id(inner)
        for node in walked(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    bare = {
        alias.asname or alias.name
        for node in walked(tree)
        if isinstance(node, ast.ImportFrom)
        and id(node) not in only_types
        and (node.module or "").split(".")[0] in SENDS
        for alias in node.names
        if alias.name in SENDS.get((node.module or "").rpartition(".")[2], ())
    }
    for name in sorted(bare):
        yield f"{path}: imports {name} by itself; a call to the outside is written with its module's name"


def stripe_is_asked_between_fault_points(path: str, tree: ast.AST) -> Iterator[str]:
    if path != "billing/stripe_gateway.py":
        return
    guarded = {
        id(call)
        for node in walked(tree)
        if isinstance(node, ast.FunctionDef) and node.name == "asking"
        for call in calls(node, "_client")
    }
    for call in calls(tree, "_client"):
        if id(call) not in guarded:
            yield f"{at(path, call)}: asks Stripe outside `asking`, where the fault points are"


BREACHES: dict[Rule, tuple[str, str]] = {
    only_the_database_commits: ("checkout/orders.py", "def place():\n    session().commit()"),
    only_edges_begin_transactions: ("checkout/orders.py", "with db.transaction():\n    pass"),
    only_states_move: ("checkout/orders.py", "order.state = OrderState.FUNDED"),
    no_float_where_money_is: ("billing/tax.py", "rate = 0.19"),
    one_file_knows_stripe: ("storefront/paying.py", "from stripe import StripeClient"),
    one_file_knows_the_queue: ("billing/payments.py", "import rq"),
    outside_calls_pass_fault_points: ("partners/domains.py", "httpx.get('https://x')"),
    stripe_is_asked_between_fault_points: ("billing/stripe_gateway.py", "_client(account).v1.charges.list()"),
    only_connectors_clear: ("storefront/portal/basket.py", "place(buyer, Clearance('', 1))"),
    nouns_name_modules: ("billing/utils.py", "'''Bits.'''"),
    modules_say_what_they_are_for: ("billing/tax.py", "x = 1"),
    nobody_mocks: ("tests/test_x.py", "from unittest.mock import Mock"),
}


@pytest.mark.parametrize("rule", BREACHES, ids=lambda rule: rule.__name__)
def test_the_house_keeps_its_rules(rule: Rule) -> None:
    found = [
        fault
        for path, tree in sources(*ROOMS).items()
        if path not in WAITING or rule is not no_float_where_money_is
        for fault in rule(path, tree)
    ]
    assert found == [], "\n".join(found)


@pytest.mark.parametrize("rule", BREACHES, ids=lambda rule: rule.__name__)
def test_a_breach_of_a_rule_is_noticed(rule: Rule) -> None:
    path, source = BREACHES[rule]
    assert list(rule(path, ast.parse(source)))


# --- Declarations -----------------------------------------------------------------------------------------


@pytest.mark.promise("QS3")
def test_every_model_says_who_may_touch_it() -> None:
    for mapper in db.Model.registry.mappers:
        model = mapper.class_
        assert any(
            "__access__" in base.__dict__ for base in model.__mro__ if base.__module__ != "core.tenancy"
        ), f"{model.__name__} has no __access__"
        assert set(tenancy.ACCESS) >= {model.__tablename__}


@pytest.mark.promise("QM1", "QC10")
@pytest.mark.parametrize(
    "table",
    [
        "journal_entries",
        "journal_lines",
        "trail",
        "order_lines",
        "order_wholesale",
        "order_costs",
        "invoice_lines",
        "tax_rates",
        "terms",
        "terms_acceptances",
        "entry_acceptances",
        "agreements",
        "agreement_signatures",
        "application_documents",
        "reseller_channels",
        "customer_channels",
        "direct_notices",
        "account_events",
        "credit_notes",
        "credit_note_lines",
        "refund_shares",
    ],
)
def test_what_is_written_once_can_be_changed_by_no_side(table: str) -> None:
    for side in (*tenancy.Side, "door"):
        assert not set("ud") & set(tenancy.ACCESS[table].of(side)), f"{side} may change {table}"


def test_door_functions_carry_a_version() -> None:
    assert doors.DOORS
    for name in doors.DOORS:
        assert re.fullmatch(r"[a-z_]+_v\d+", name), name


@pytest.mark.promise("QP8")
def test_every_life_is_closed_and_every_state_can_be_reached() -> None:
    assert len(states.TABLES) >= 6
    for life in states.TABLES:
        everything = set(type(life.first))
        assert set(life) == everything, (
            f"{type(life.first).__name__}: {everything ^ set(life)} is not in the table"
        )
        assert set().union(*life.values()) <= everything
        assert life.unreachable() == set(), (
            f"{type(life.first).__name__}: no path leads to {life.unreachable()}"
        )


def test_widening_is_counted() -> None:
    stands: dict[str, int] = {}
    for path, tree in sources(*(room for room in ROOMS if room not in ("tests", "sandbox"))).items():
        for call in walked(tree):
            if not isinstance(call, ast.Call) or called(call) not in ("transaction", "reading", "widened"):
                continue
            reasons = [
                *(word.value for word in call.keywords if word.arg in ("widened_because", "because")),
                *(call.args if called(call) == "widened" else ()),
            ]
            for reason in reasons:
                if path.startswith("core/"):
                    continue  # the mechanism itself
                assert isinstance(reason, ast.Constant), (
                    f"{at(path, call)}: a reason is written out, so that it can be counted"
                )
                stands[str(reason.value)] = stands.get(str(reason.value), 0) + 1
    assert set(WIDENING) == tenancy.WIDENED.allowed
    assert set(stands) == tenancy.WIDENED.allowed
    for reason, times in stands.items():
        assert times <= WIDENING[reason], (
            f"{reason!r} stands in {times} places, counted are {WIDENING[reason]}"
        )


def test_scopes_are_opened_at_the_edges_only() -> None:
    allowed = ("core/", "storefront/", "sandbox/", "tests/", "billing/stripe_events.py", "partners/")
    for path, tree in sources(*ROOMS).items():
        for call in calls(tree, "acting_as"):
            assert path.startswith(allowed), (
                f"{at(path, call)}: opens a scope; that is the business of whoever knows who is acting"
            )


# --- Templates --------------------------------------------------------------------------------------------

COMMENT = re.compile(r"\{#.*?#\}", re.S)
INLINE = re.compile(r"""(\sstyle\s*=)|(\son[a-z]+\s*=\s*["'])|(javascript:)""", re.I)
SCRIPT = re.compile(
    r"<script\b(?! type=\"application/ld\+json\">)[^>]*>(.*?)</script>", re.S | re.I
)  # data does not run
STYLE = re.compile(r"<style\b", re.I)


def faults_of(template: str, name: str) -> list[str]:
    """What the strict content policy would refuse, or what only a mail may hold."""
    text, mail = COMMENT.sub("", template), "mail" in name
    found = [f"{name}: a script with a body" for body in SCRIPT.findall(text) if body.strip()]
    found += [
        f"{name}: {match.group().strip()!r}"
        for match in INLINE.finditer(text)
        if not (mail and match.group(1))
    ]
    return found + ([f"{name}: a style sheet of its own"] if STYLE.search(text) and not mail else [])


def test_templates_hold_no_inline_style_and_no_script() -> None:
    folder = ROOT / "whitelabel_themes"
    found = [
        fault
        for file in sorted(folder.rglob("*.html"))
        for fault in faults_of(file.read_text(encoding="utf-8"), str(file.relative_to(folder)))
    ]
    assert found == [], "\n".join(found)


@pytest.mark.parametrize(
    "bad",
    [
        '<p style="color:red">',
        "<script>go()</script>",
        '<a onclick="go()">',
        '<a href="javascript:go()">',
        "<style>p{}</style>",
    ],
)
def test_inline_style_and_script_are_noticed(bad: str) -> None:
    assert faults_of(bad, "base/templates/portal/x.html")


def test_every_form_that_changes_something_carries_the_token() -> None:
    form = re.compile(r"<form\b[^>]*method=[\"']post[\"'][^>]*>(.*?)</form>", re.S | re.I)
    folder = ROOT / "whitelabel_themes"
    for file in sorted(
        set(folder.rglob("*.html")) - {folder / "base/templates/style_page.html"}
    ):  # whose forms are samples and lead nowhere
        for body in form.findall(COMMENT.sub("", file.read_text(encoding="utf-8"))):
            assert "csrf" in body, (
                f"{file.relative_to(folder)}: a form without the session's token: {body.strip()[:80]}"
            )
