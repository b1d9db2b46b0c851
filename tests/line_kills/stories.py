"""The stories. Each is small, and told by people who do not die: they send the same form again until they are
answered, and look before they do something once more."""

import io
import re
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import select, update
from werkzeug.test import Client, TestResponse

from catalog.price_imports import PriceImport
from catalog.products import Plan, ProductType
from checkout import baskets, placing
from checkout.placing import Checkout
from core import claims, db, dispatcher, doors, tasks, tenancy
from core.clock import business_now
from core.errors import Refusal
from core.ids import new_token
from partners import invitations
from partners.invitations import Invitation
from provisioning import transfer_answers, windows
from provisioning.transfers import Transfer
from subscriptions import cancellations
from subscriptions.subscriptions import Subscription
from tests.catalog import test_scheduled_prices as price_stage
from tests.checkout.offer_stage import open_offers
from tests.distributor.test_price_imports import FIRST
from tests.line_kills.stage import Stage
from tests.line_kills.sweeps import Story
from tests.partners import test_partner_years as year_stage
from tests.partners import tier_stage
from tests.provisioning.moving import HUGO, ask, befriend, in_transition, together
from tests.world import HOST, PASSWORD

Value = TypeVar("Value")
HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')
SHOP = f"http://{HOST}"


def orders(stage: Stage, who: str, *wanted: tuple[str, int], **fields: str) -> str:
    """Somebody fills a basket and sends the form, with the same key until it is answered; the order."""
    world, key = stage.world, stage.once("key", new_token)
    if not stage.noted().get("filled"):
        with world.acting(who):
            there = len(baskets.items(world.people[who]))
        for plan, quantity in wanted[there:]:
            world.put(who, plan, quantity, **fields)
        stage.once("filled", lambda: True)
    return stage.once("order", lambda: place(stage, who, key))


def place(stage: Stage, who: str, key: str) -> str:
    """What the view of the form does."""
    world, shop = stage.world, stage.world.storefronts["brightfield"]
    clearance = world.clearance(who)
    with tenancy.acting_as(world.scope(who)), db.transaction(widened_because="placing an order"):
        return placing.place(world.people[who], clearance, Checkout(key, shop))


def buys(stage: Stage, who: str, *wanted: tuple[str, int], **fields: str) -> str:
    """Ordered and paid by card."""
    code = orders(stage, who, *wanted, **fields)
    stage.pays(code, who)
    return code


def unless_done(act: Callable[[], object]) -> bool:
    """A person does it, and is told by name that it is done already."""
    try:
        act()
    except Refusal:
        return False
    return True


def serve(stage: Stage, *wanted: tuple[str, int]) -> None:
    """Acme has it."""
    buys(stage, "acme", *wanted)
    stage.finish()


# --- Bought and delivered -----------------------------------------------------------------------------------


def a_plan(stage: Stage) -> None:
    """Harbour buys its plan by card, and its storefront opens."""
    buys(stage, "harbour", ("standard-m", 1), alias="harbour")


def ten_seats(stage: Stage) -> None:
    buys(stage, "acme", ("m365-bb-m", 10))


def two_kinds(stage: Stage) -> None:
    buys(stage, "acme", ("m365-bb-m", 10), ("patch-y", 3))


def an_add_on(stage: Stage) -> None:
    """An add-on in the same basket as its base: delivered after it."""
    world, buyer = stage.world, stage.world.people["acme"]
    if not stage.noted().get("belongs"):
        with world.acting("acme"):
            there = len(baskets.items(buyer))
        for plan in ("m365-bb-m", "mail-shield-y")[there:]:
            world.put("acme", plan, 2)
        with world.acting("acme"):
            lines = {item.is_add_on: item.line_id for item in baskets.items(buyer)}
            if lines:
                baskets.belong(buyer, lines[True], lines[False])
        stage.once("belongs", lambda: True)
        stage.once("filled", lambda: True)
    buys(stage, "acme")


# --- Given back ---------------------------------------------------------------------------------------------


def on_trial(stage: Stage) -> None:
    with stage.world.acting():
        db.session().execute(update(Plan).values(trial_days=30))
    serve(stage, ("m365-bb-m", 4))


def ends_at_once(stage: Stage) -> None:
    """Anna ends it within its trial: the vendor confirms the end, and everything is paid back."""

    def use() -> None:
        with stage.world.acting("acme"):
            service = db.session().scalars(select(Subscription)).one()
            window = windows.of(service, business_now())
            windows.use(service, by="Anna", seen=window.back.minor if window else 0)

    stage.once("used", lambda: unless_done(use))


# --- Moved --------------------------------------------------------------------------------------------------


def moves(stage: Stage) -> None:
    """Brightfield asks, Harbour takes it over, the vendor moves it."""
    world = stage.world

    def asks() -> str:
        with world.acting():
            asked = db.session().scalars(select(Transfer.code)).first()
            codes = list(db.session().scalars(select(Subscription.code)))
            pair = stage.thing
        return asked or ask(world, *codes, provider=pair)

    request = stage.once("asked", asks)
    hugo = world.resellers["harbour"]
    stage.once(
        "accepted",
        lambda: unless_done(
            lambda: together(world, "harbour", lambda: transfer_answers.accept(hugo, request, by=HUGO))
        ),
    )


def with_a_pair(stage: Stage) -> str:
    serve(stage, ("m365-bb-m", 2))
    pair = befriend(stage.world)
    in_transition(stage.world)
    return pair


# --- Time passes --------------------------------------------------------------------------------------------


def a_price_day(stage: Stage) -> str:
    return price_stage.write(stage.world)


def prices_change(stage: Stage) -> None:
    """Confirmed, told thirty days before, applied on its day."""
    stage.once("confirmed", lambda: unless_done(lambda: price_stage.confirm(stage.world, stage.thing)))
    for name, days in (("told", 11), ("before", 28), ("applied", 2)):
        stage.goes_on(name, days)
        stage.finish()


def two_services(stage: Stage) -> None:
    with stage.world.acting():
        db.session().execute(update(Plan).where(Plan.code == "patch-y").values(trial_days=30))
    serve(stage, ("m365-bb-y", 2), ("patch-y", 2))


def terms_end(stage: Stage) -> None:
    """Notices of the end of a trial and of terms, and a cancelled service that ends."""
    yearly = stage.world.plan("m365-bb-y").id

    def cancel() -> None:
        with stage.world.acting("acme"):
            service = db.session().scalars(select(Subscription).where(Subscription.plan_id == yearly)).one()
            cancellations.cancel(service, by="Anna")

    stage.once("cancelled", lambda: unless_done(cancel))
    for name, days in (("trial", 26), ("over", 10), ("notice", 305), ("soon", 20), ("end", 10)):
        stage.goes_on(name, days)
        stage.finish()


def a_partner(stage: Stage) -> str:
    tier_stage.open_tiers(stage.world)
    year_stage.ask_for(stage.world, "membership", "authority")
    return str(tier_stage.enrol(stage.world))


def a_year(stage: Stage) -> None:
    """The yearly check opens, is reminded of, is not met, and the partnership ends after its grace; the
    anniversary is held."""
    for name, days in (("opens", 337), ("again", 23), ("due", 8), ("grace", 21)):
        stage.goes_on(name, days)
        stage.finish()


def what_is_done_every_so_often(stage: Stage) -> None:
    """The dispatcher sees to it that everything periodic is there, rings, and all of it is done once."""
    kinds = [name for name, kind in tasks.KINDS.items() if kind.every]
    stage.once("there", lambda: bool(doors.call(claims.PERIODIC, {"kinds": kinds})))
    dispatcher.look()


# --- In the browser -----------------------------------------------------------------------------------------


def visitor(stage: Stage, person: str, at: str = "") -> tuple[str, str]:
    """Somebody signs in; the cookie of the session, which outlives the server's processes."""
    client = stage.web.test_client()
    client.post(
        f"{at}/sign-in", base_url=SHOP, data={"email": f"{person}@people.example", "password": PASSWORD}
    )
    cookie = next(iter((client._cookies or {}).values()))
    return cookie.key, cookie.value


class Browser:
    """A browser of somebody who has signed in, at a shop."""

    def __init__(self, stage: Stage, cookie: tuple[str, str], at: str = "") -> None:
        self.client: Client = stage.web.test_client()
        self.client.set_cookie(cookie[0], cookie[1], domain=HOST)
        self.at = at

    def get(self, path: str) -> TestResponse:
        return self.client.get(self.at + path, base_url=SHOP)

    def hidden(self, path: str) -> dict[str, str]:
        """What the form of a page carries."""
        return dict(HIDDEN.findall(self.get(path).text))

    def led(self, path: str, **form: object) -> str:
        """Sends a form; where it leads."""
        answer = self.client.post(self.at + path, base_url=SHOP, data=form)
        assert answer.status_code == 303, (path, answer.status, answer.text[-1500:])
        return str(answer.location)


def anna_visits(stage: Stage) -> tuple[str, str]:
    return visitor(stage, "anna", "/brightfield")


def orders_in_the_browser(stage: Stage) -> None:
    """From the basket to Stripe's page and back, as the portal's pages do it."""
    anna = Browser(stage, stage.thing, "/brightfield")
    plan = stage.world.plan("patch-y").id

    def fill() -> bool:
        page = anna.get("/basket").text
        if "0patch" not in page:
            token = dict(HIDDEN.findall(page))["csrf_token"]
            anna.led("/basket", csrf_token=token, product="patch", plan=plan, quantity=3)
        return True

    stage.once("basket", fill)
    form = stage.once("form", lambda: anna.hidden("/checkout"))
    code = stage.once("order", lambda: anna.led("/checkout", **form).split("/orders/")[1].split("/")[0])
    page = stage.once("page", lambda: str(anna.get(f"/orders/{code}/pay").location))
    with stage.watch.aside():
        session = page.rsplit("/", 1)[1].partition("#")[0]
        back = stage.once("paid", lambda: stage.stripe.tell("pay", session=session, email="a@acme.example"))
    assert back
    stage.once("back", lambda: anna.get(f"/orders/{code}?back=1").status_code)


def bea_visits(stage: Stage) -> tuple[str, str]:
    return visitor(stage, "bea")


def a_customer_joins(stage: Stage) -> None:
    """Bea invites Carla, who follows the link of the mail and chooses a password."""
    bea, carla = Browser(stage, stage.thing), {"name": "Carla", "email": "carla@ferrow.example"}

    def invite() -> bool:
        if "Ferrow" not in bea.get("/reseller/customers").text:
            token = bea.hidden("/reseller/customers/invite")["csrf_token"]
            bea.led("/reseller/customers/invite", csrf_token=token, company="Ferrow", country="DE", **carla)
        return True

    stage.once("invited", invite)
    stage.finish()

    def in_the_mail() -> str:
        with stage.world.acting():
            invitation = db.session().scalars(select(Invitation)).one()
            return f"/brightfield/invitations/{invitations.fresh_token(invitation)}"

    link = stage.once("link", in_the_mail)

    def follow() -> bool:
        answer = stage.web.test_client().post(link, base_url=SHOP, data={"name": "Carla", "password": CHOSEN})
        if answer.status_code != 303:  # she was let in before the page was there, and signs in
            answer = stage.web.test_client().post(
                "/brightfield/sign-in", base_url=SHOP, data={"email": carla["email"], "password": CHOSEN}
            )
        assert answer.status_code == 303, answer.text[-1500:]
        return True

    stage.once("followed", follow)


def nora_visits(stage: Stage) -> tuple[str, str]:
    return visitor(stage, "nora")


def a_sheet(stage: Stage) -> None:
    """A vendor's price sheet is given, read, confirmed, applied by a worker, and undone."""
    nora = Browser(stage, stage.thing)
    token = stage.once("token", lambda: TOKEN.findall(nora.get("/distributor/price-imports/new").text)[0])

    def give() -> str:
        with stage.world.acting():
            type_id = db.session().scalars(select(ProductType.id).where(ProductType.code == "cloud")).one()
            there = db.session().scalars(select(PriceImport.code)).first()
        form = {
            "market": "DE", "price_list": str(stage.world.price_list_id), "product_type": str(type_id),
            "category": "Microsoft 365", "share": "85", "file": (io.BytesIO(FIRST), "prices.csv"),
        }  # fmt: skip
        return (
            there
            or nora.led("/distributor/price-imports/new", csrf_token=token, **form)
            .split("?")[0]
            .split("/")[-1]
        )

    code = stage.once("given", give)
    for act in ("confirm", "undo"):
        stage.finish()
        path = f"/distributor/price-imports/{code}/{act}"
        stage.once(
            act,
            lambda path=path: nora.client.post(path, base_url=SHOP, data={"csrf_token": token}).status_code,
        )


TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
CHOSEN = "Chosen-by-carla-7"
LATE = {"kind": "timeout_after_success", "seconds": 1.3, "times": 1}
STORIES = (
    Story("plan", a_plan),
    Story("seats", ten_seats),
    Story("accepted", ten_seats, mood=({"kind": "accept_202", "seconds": 0.05},)),
    Story("unclear", ten_seats, mood=({"kind": "error_500_after", "times": 1},)),
    Story("late", ten_seats, mood=(LATE,)),
    Story("refused", two_kinds, mood=({"kind": "refuse"},)),
    Story("add-on", an_add_on, lambda stage: open_offers(stage.world) and None),
    Story("window", ends_at_once, on_trial),
    Story("move", moves, with_a_pair),
    Story("browser", orders_in_the_browser, anna_visits),
    Story("joining", a_customer_joins, bea_visits),
    Story("sheet", a_sheet, nora_visits),
    Story("prices", prices_change, a_price_day),
    Story("terms", terms_end, two_services),
    Story("year", a_year, a_partner),
    Story("every", what_is_done_every_so_often, two_services),
)
