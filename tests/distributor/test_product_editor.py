"""The catalogue by hand: types as schemas, products and plans, states on their day, pictures, languages,
categories; and forms that somebody else has overtaken."""

import io
import re
from datetime import timedelta

import pytest
from PIL import Image
from sqlalchemy import select, text

from billing.invoices import InvoiceLine
from catalog import editing
from catalog.listings import NotOffered
from catalog.markets import NotForThisSegment, NotInThisMarket, NotInThisShop
from catalog.products import Plan, Product, SaleState
from checkout.orders import OrderLine
from core import db
from core.clock import business_now
from partners import companies
from subscriptions.subscriptions import Subscription
from tests.visits import Visit
from tests.world import World, a_company, open_portal

SEEN = re.compile(r'name="seen" value="([^"]+)"')
AT = "/distributor/catalogue"
ERROR = re.compile(r'(?:notice__title|field__error)"[^>]*>(.*?)</p>')
TYPE = {
    "code": "device-service", "name": "Device management", "audience": "customer",
    "connector": "signed_licence", "unit": "device", "notice_days": "30, 7", "grace_days": "14",
    "ends_at_term": "y",
    "attribute-0-name": "Platforms", "attribute-0-kind": "text",
    "attribute-1-name": "Storage", "attribute-1-kind": "number", "attribute-1-more": "GB",
    "attribute-2-name": "Region", "attribute-2-kind": "choice", "attribute-2-more": "EU, US",
    "attribute-3-name": "Sign-on", "attribute-3-kind": "yes_no",
}  # fmt: skip
PRODUCT = {
    "code": "uem", "product_type": "device-service", "name": "Hexnode UEM", "vendor": "Hexnode",
    "category": "Devices", "summary": "Phones and laptops in one console.", "programme": "",
    "description": "# Why\n\n**One** [console](https://hexnode.example) <script>alert(1)</script>",
}  # fmt: skip
EDITIONS = {"express": "1.00", "pro": "1.80", "enterprise": "3.20", "ultimate": "4.50", "ultra": "6.00"}


def a_plan(code: str, price: str, **more: str) -> dict[str, str]:
    """What the form of a plan says."""
    return {
        "code": f"uem-{code}", "name": code.title(), "sku": code.upper(), "term": "P1M",
        "billing_period": "P1M", "price": price, "minimum": "1", "maximum": "500", "share": "80",
        "cost": "", "features": "Kiosk\n- Geofence",
    } | more  # fmt: skip


def seen(nora: Visit, path: str) -> dict[str, str]:
    """What the form of a page carries."""
    found = SEEN.search(nora.get(path).text)
    assert found
    return {"seen": found[1]}


def fine(nora: Visit, path: str, **form: str) -> None:
    answer = nora.post(path, form)
    assert answer.status_code == 303, ERROR.findall(answer.text)


def made(nora: Visit) -> None:
    """A type, a product with five editions, all published."""
    fine(nora, "/distributor/product-types/new", **TYPE)
    fine(nora, f"{AT}/new", **PRODUCT)
    for code, price in EDITIONS.items():
        fine(nora, f"{AT}/uem/plans/new", **a_plan(code, price))
        fine(nora, f"{AT}/uem/plans/uem-{code}/sale", act="publish")
    fine(nora, f"{AT}/uem/sale", act="publish")


def test_blanks_are_no_name(nora: Visit) -> None:
    answer = nora.post("/distributor/product-types/new", TYPE | {"name": " \t "})
    assert answer.status_code == 422
    assert "A product type needs a name." in ERROR.findall(answer.text)[-1]


@pytest.mark.behaviour("I83", "H72", "P19")
def test_a_product_made_by_hand_is_sold_by_its_editions(world: World, nora: Visit) -> None:
    open_portal(world)
    made(nora)
    values = {"value-platforms": "iOS, Android", "value-storage": "50", "value-region": "EU"}
    path = f"{AT}/uem/details"
    details = PRODUCT | values | seen(nora, path)
    wrong = nora.post(f"{AT}/uem/details", details | {"value-region": "Mars", "value-storage": "1e999"})
    assert wrong.status_code == 422
    assert "Choose one of: EU, US." in wrong.text
    assert 'value="1e999"' in wrong.text
    fine(nora, f"{AT}/uem/details", **details)
    page = nora.get("/p/uem").text
    for code, price in EDITIONS.items():
        assert code.title() in page
        assert f"€{price}" in page
    for said in ("Platforms: iOS, Android", "Storage: 50 GB", "Region: EU", "<strong>One</strong>"):
        assert said in page, said
    assert 'href="https://hexnode.example" rel="nofollow noopener"' in page
    assert "<script>alert" not in page
    # resellers may offer it: the distributor stocks every shelf
    fine(nora, "/distributor/catalogue-file/stock")
    paid: list[int] = []
    for platform in ("iOS", "Windows"):  # the edition says the price; the platform does not
        fine(nora, path, **details | {"value-platforms": platform} | seen(nora, path))
        paid += [world.order(world.buys("acme", f"uem-{code}", 10)).net_minor for code in EDITIONS]
    assert paid == [10_00, 18_00, 32_00, 45_00, 60_00] * 2


@pytest.mark.behaviour("I3", "I25")
def test_a_reseller_plan_is_a_product_that_is_renamed_under_the_same_address(
    world: World, nora: Visit
) -> None:
    bea = Visit(nora.app).sign_in("bea")
    code = world.buys("brightfield", "standard-m", alias="bright")
    world.pay(code)
    world.work()
    form = {
        "name": "Standard",
        "vendor": "Northwind",
        "category": "Reseller plans",
        "summary": "Your own shop.",
    }
    path = f"{AT}/standard/details"
    fine(nora, path, **form | {"name": "Partner Shop Plus"} | seen(nora, path))
    assert "Partner Shop Plus" in bea.get("/reseller/plans/standard-m").text
    with world.acting():
        session = db.session()
        assert session.scalars(select(Subscription.product_name)).one() == "Standard"
        assert session.scalars(select(OrderLine.product_name)).one() == "Standard"


def test_editing_a_plan_never_changes_what_was_sold(world: World, nora: Visit) -> None:
    open_portal(world)
    world.pay(world.buys("acme", "patch-y", 3))
    world.work()

    def sold() -> list[object]:
        with world.acting():
            columns = (
                select(OrderLine.product_name, OrderLine.plan_name, OrderLine.unit_minor, OrderLine.term),
                select(Subscription.product_name, Subscription.plan_name, Subscription.price_minor),
                select(InvoiceLine.description, InvoiceLine.unit_minor),
            )
            return [db.session().execute(one).all() for one in columns]

    before = sold()
    path = f"{AT}/patch/plans/patch-y"
    plan = a_plan("x", "99.00") | {"name": "Renamed", "minimum": "5"} | seen(nora, path)
    fine(nora, path, **plan)
    assert world.plan("patch-y").name == "Renamed"
    assert "list price €99.00" in nora.get(path).text
    fine(nora, f"{path}/sale", act="retire")
    assert sold() == before
    assert "0patch Pro" in Visit(nora.app, "/brightfield").sign_in("anna").get("/services").text


def test_whoever_is_overtaken_sees_both_values_and_loses_nothing(world: World, nora: Visit) -> None:
    path = f"{AT}/patch/plans/patch-y"
    mine, theirs = seen(nora, path), seen(nora, path)
    plan = a_plan("x", "24.95") | {"sku": "patch-y", "maximum": "10000", "features": ""}
    fine(nora, path, **plan | {"name": "Ana's name"} | theirs)
    refused = nora.post(path, plan | {"name": "Bo's name", "markets": "DE"} | mine)
    assert refused.status_code == 409
    assert "Somebody else has changed this" in refused.text
    assert "Ana&#39;s name" in refused.text
    assert 'value="Bo&#39;s name"' in refused.text
    assert world.plan("patch-y").name == "Ana's name"
    again = SEEN.search(refused.text)
    assert again
    fine(nora, path, **plan | {"name": "Bo's name", "markets": "DE", "seen": again[1]})
    assert world.plan("patch-y").name == "Bo's name"
    # the same of the prices
    cell = f"list-{world.plan('patch-y').id}"
    prices = seen(nora, f"{AT}/patch")
    fine(nora, f"{AT}/patch", **{cell: "30.00"} | prices)
    late = nora.post(f"{AT}/patch", {cell: "31.00"} | prices)
    assert late.status_code == 409
    assert "Now 30.00 in the catalogue." in late.text


def test_states_move_on_their_day_and_what_is_retired_says_what_replaces_it(
    world: World, nora: Visit
) -> None:
    open_portal(world)
    made(nora)
    with world.acting():
        today = business_now().date()
    for path, form in (
        ("uem/sale", {"act": "days", "publish_on": str(today + timedelta(3))}),
        ("patch/sale", {"act": "days", "retire_on": str(today)}),
        ("patch/plans/patch-y/sale", {"act": "days", "retire_on": "soon"}),
    ):
        assert nora.post(f"{AT}/{path}", form).status_code == 422, path
    fine(nora, f"{AT}/uem/sale", act="withdraw")
    assert nora.get("/p/uem").status_code == 404
    preview = nora.get(f"{AT}/uem/preview").text
    assert "A preview of what your own shop would show" in preview
    assert "Ultimate" in preview
    days = {"publish_on": str(today + timedelta(3)), "retire_on": str(today + timedelta(10))}
    fine(nora, f"{AT}/uem/sale", act="days", **days)
    fine(nora, f"{AT}/uem/plans/uem-express/sale", act="days", retire_on=str(today + timedelta(5)))
    world.goes_on(days=2)
    assert nora.get("/p/uem").status_code == 404
    world.goes_on(days=2)
    assert "Express" in nora.get("/p/uem").text
    assert "€1.00" in nora.get("/").text
    world.goes_on(days=2)  # the cheapest plan has left: the next one stands for the product
    assert "Express" not in nora.get("/p/uem").text
    assert "€1.80" in nora.get("/").text
    world.goes_on(days=5)
    gone = nora.get("/p/uem")
    assert gone.status_code == 410
    assert "No longer sold" in gone.text
    assert "Hexnode UEM" not in nora.get("/").text
    # what replaces it is of the same type, and published
    fine(nora, f"{AT}/new", **PRODUCT | {"code": "uem2", "name": "Hexnode Next"})
    fine(nora, f"{AT}/uem2/plans/new", **a_plan("next", "2.00"))
    fine(nora, f"{AT}/uem2/plans/uem-next/sale", act="publish")
    assert nora.post(f"{AT}/uem/sale", {"act": "days", "replacement": "uem2"}).status_code == 422
    fine(nora, f"{AT}/uem2/sale", act="publish")
    fine(nora, f"{AT}/uem/sale", act="days", replacement="uem2")
    assert "It is replaced by Hexnode Next" in nora.get("/p/uem").text
    with pytest.raises(NotOffered):
        world.put("acme", "uem-pro", 1)
    told = nora.get(f"{AT}/uem/details").text
    assert "published -&gt; retired" in told or "Published → Retired" in told or "retired" in told.lower()


def test_whoever_writes_published_has_written_the_state(world: World) -> None:
    with world.acting():
        session = db.session()
        for value, state in ((False, SaleState.RETIRED), (True, SaleState.PUBLISHED)):
            session.execute(
                text("UPDATE plans SET published = :value WHERE code = 'patch-y'"), {"value": value}
            )
            assert session.scalar(select(Plan.state).where(Plan.code == "patch-y")) is state
        session.execute(text("UPDATE plans SET state = 'draft' WHERE code = 'patch-y'"))
        assert session.scalar(select(Plan.published).where(Plan.code == "patch-y")) is False


def test_a_draft_that_nobody_saw_is_deleted_and_anything_else_is_archived(world: World, nora: Visit) -> None:
    fine(nora, "/distributor/product-types/new", **TYPE)
    fine(nora, f"{AT}/new", **PRODUCT)
    fine(nora, f"{AT}/uem/plans/new", **a_plan("pro", "1.80", cost="1.00"))
    assert nora.post(f"{AT}/patch/sale", {"act": "remove"}).status_code == 422
    fine(nora, f"{AT}/uem/sale", act="remove")
    fine(nora, f"{AT}/patch/sale", act="retire")
    fine(nora, f"{AT}/patch/sale", act="remove")
    with world.acting():
        kept = dict(db.session().execute(select(Product.code, Product.archived_at)).all())
    assert "uem" not in kept
    assert kept["patch"] is not None
    assert "0patch Pro" in nora.get(AT, show="archived").text
    assert nora.post(f"{AT}/patch/sale", {"act": "publish"}).status_code == 422
    fine(nora, f"{AT}/patch/sale", act="back")
    fine(nora, f"{AT}/patch/sale", act="publish")


def picture(colour: str = "navy", size: tuple[int, int] = (640, 400)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, format="JPEG")
    return buffer.getvalue()


def upload(nora: Visit, content: bytes, alt: str = "A console"):
    form = {"picture": (io.BytesIO(content), "shot.jpg"), "alt": alt}
    return nora.post(f"{AT}/patch/pictures", form, content_type="multipart/form-data")


def test_pictures_are_drawn_anew_described_and_shown_in_their_room(world: World, nora: Visit) -> None:
    for content, alt, words in (
        (b"%PDF-1.7 not a picture", "A console", "This is not a picture we can take"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "A console", "This is not a picture we can take"),
        (picture() + b"", " ", "Say in a few words what the picture shows"),
    ):
        refused = upload(nora, content, alt)
        assert refused.status_code == 422
        assert words in refused.text
    assert upload(nora, picture() + b"<script>alert(1)</script>").status_code == 303
    assert upload(nora, picture("teal")).status_code == 303
    assert "has this picture already" in upload(nora, picture("teal")).text
    front, page = nora.get("/").text, nora.get("/p/patch").text
    small = re.search(r'src="(/pictures/card/\w+\.png)" alt="A console" width="64" height="64"', front)
    large = re.findall(r'src="(/pictures/page/\w+\.png)" alt="A console" width="640" height="400"', page)
    assert small
    assert len(large) == 2
    sent = nora.get(large[0])
    assert sent.data.startswith(b"\x89PNG")
    assert b"script" not in sent.data
    assert Image.open(io.BytesIO(nora.get(small[1]).data)).size == (192, 120)
    second = nora.get(f"{AT}/patch/pictures").text.rsplit("/pictures/", 1)[1].split('"')[0]
    fine(nora, f"{AT}/patch/pictures/{second}", act="first")
    assert small[1] not in nora.get("/").text
    assert nora.get("/pictures/card/nothing.png").status_code == 404


def test_words_of_another_language_are_read_searched_and_sold(world: World, nora: Visit) -> None:
    open_portal(world)
    path, plan = f"{AT}/patch/languages?language=de", f"plan-{world.plan('patch-y').id}"
    german = {"name": "Nullflicken Pro", "summary": "Kleine Flicken.", "description": "", plan: "Jährlich"}
    fine(nora, path, **german | seen(nora, path))
    shop = Visit(nora.app, "/brightfield").sign_in("anna")
    assert "Nullflicken" not in shop.get("/").text
    for words in ("nullflicken", "kleine", "jährlich", "nulflicken"):  # name, summary, plan, and a mistake
        assert "0patch Pro" in shop.get("/search", q=words).text, words
    assert "0patch Pro" in nora.get(AT, q="nullflick").text
    page = shop.get("/p/patch", lang="de").text
    assert "Nullflicken Pro" in page
    assert "Jährlich" in page
    assert "Microsoft 365 Business Basic" in shop.get("/").text  # what is not written falls back
    shop.post("/basket", {"plan": str(world.plan("patch-y").id), "quantity": "1", "product": "patch"})
    assert "Nullflicken Pro" in shop.get("/basket").text
    assert "Nullflicken Pro" in shop.get("/checkout").text
    late = nora.post(path, german | {"name": "Anders", "seen": "stale"})
    assert late.status_code == 409
    assert "Now in the catalogue: Nullflicken Pro" in late.text


def test_categories_have_an_order_a_parent_and_other_names(world: World, nora: Visit) -> None:
    fine(nora, "/distributor/categories", name="Endpoints")
    assert nora.post("/distributor/categories", {"name": "security"}).status_code == 409
    path = "/distributor/categories/security"
    form = {"name": "Safety & trust", "position": "5", "parent": "", "name-de": "Sicherheit"}
    fine(nora, path, **form | seen(nora, path))
    tabs = nora.get("/").text.split('aria-label="Categories"')[1]
    assert tabs.index("Safety &amp; trust") < tabs.index("Productivity")
    assert 'href="/c/security#products"' in tabs
    assert nora.get("/", category="Safety & trust").headers["Location"] == "/c/security"
    page = nora.get("/c/security").text  # its address stays
    assert "Safety &amp; trust" in page
    assert "0patch Pro" in page
    assert "Sicherheit" in nora.get("/", lang="de").text
    endpoints = "/distributor/categories/endpoints"
    fine(
        nora,
        endpoints,
        **{"name": "Endpoints", "position": "1", "parent": "security"} | seen(nora, endpoints),
    )
    below = {"name": "Productivity", "position": "1", "parent": "endpoints"}
    productivity = "/distributor/categories/productivity"
    assert nora.post(productivity, below | seen(nora, productivity)).status_code == 422
    assert nora.post(f"{path}/archive").status_code == 422
    fine(nora, f"{endpoints}/archive")


@pytest.mark.behaviour("M70")
def test_questions_of_a_product_type_are_edited_asked_and_answered(world: World, nora: Visit) -> None:
    open_portal(world)
    page = "/distributor/product-types/licence"
    first = {"question-0-label": "Region", "question-0-kind": "choice", "question-0-required": "y"}
    wrong = nora.post(f"{page}/questions", first | {"question-0-hint": "Where it runs."})
    assert (wrong.status_code, 'value="Where it runs."' in wrong.text) == (422, True)
    assert "needs its choices" in wrong.text
    fine(nora, f"{page}/questions", **first | {"question-0-more": "EU, US"})
    assert 'value="EU, US"' in nora.get(page).text
    shop = Visit(nora.app, "/brightfield").sign_in("anna")
    world.put("acme", "patch-y", 1)
    assert "<option>EU</option>" in shop.get("/checkout").text
    assert "Region" in order_refused(shop)
    page = shop.get("/checkout").text
    sent = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page))
    [asked] = re.findall(r'<select class="select" id="(field-[^"]+)"', page)
    placed = shop.post("/checkout", sent | {asked: "US"})
    assert placed.status_code == 303
    assert "Region: US" in shop.get("/orders/" + placed.location.split("/orders/")[1].split("/")[0]).text


def test_a_plan_is_sold_in_its_markets_and_segments_only(world: World, nora: Visit) -> None:
    open_portal(world)
    path = f"{AT}/patch/plans/patch-y"
    plan = a_plan("x", "24.95") | {"markets": "fr, AT"}
    wrong = nora.post(path, plan | {"markets": "DE, Atlantis"} | seen(nora, path))
    assert wrong.status_code == 422
    assert "“ATLANTIS” is no country" in wrong.text
    shop = Visit(nora.app, "/brightfield").sign_in("anna")
    assert "0patch Pro" in shop.get("/", sort="name").text
    world.put("acme", "patch-y", 1)
    fine(nora, path, **plan | seen(nora, path))
    assert "0patch Pro" not in shop.get("/", sort="name").text

    with pytest.raises(NotInThisMarket, match="not sold in Germany. It is sold in: France, Austria"):
        world.place("acme")
    assert "is not sold in Germany" in order_refused(shop)
    fine(nora, path, **plan | {"markets": "DE", "segments": "education"} | seen(nora, path))
    with pytest.raises(NotForThisSegment, match="only sold to: Education"):
        world.place("acme")
    fine(nora, path, **plan | {"markets": "FR"} | seen(nora, path))
    with world.acting():
        moved = a_company("Acme", "FR")
        companies.keep(moved, reseller_id=world.resellers["brightfield"], customer_id=world.customers["acme"])
    with pytest.raises(NotInThisShop, match="not sold by shops in Germany"):
        world.place("acme")


def order_refused(shop: Visit) -> str:
    """What the checkout says when its form is sent."""
    page = shop.get("/checkout").text
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page))
    answer = shop.post("/checkout", hidden)
    assert answer.status_code == 422
    return answer.text


def test_a_code_is_an_address_and_belongs_to_one(world: World, nora: Visit) -> None:
    fine(nora, "/distributor/product-types/new", **TYPE)
    for code, status in (("patch", 409), ("new", 422), ("Ü", 422), ("a b", 422)):
        assert nora.post(f"{AT}/new", PRODUCT | {"code": code}).status_code == status, code
    for wrong in ({"price": "1e309"}, {"price": "-1"}, {"minimum": "9", "maximum": "3"}, {"minimum": "1.5"},
                  {"price": "NaN"}, {"price": "1.2345"}, {"term": "P1M", "billing_period": "P1Y"},
                  {"share": "0"}, {"cost": "x"}):  # fmt: skip
        answer = nora.post(f"{AT}/patch/plans/new", a_plan("bad", "1.00") | wrong)
        assert answer.status_code == 422, wrong
    with world.acting():
        assert db.session().scalar(select(Plan.id).where(Plan.code == "uem-bad")) is None
    assert editing.CODE.fullmatch("uem-pro")
