"""Joining on the pages: files with an application, links that are too old, what is refused by name and in the
trail, and a reseller that enrols from its console, becomes indirect, and wins customers by both channels."""

import html
import re
from collections.abc import Callable
from io import BytesIO

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from sqlalchemy import insert, select, update

from billing.invoices import Charge
from catalog.listings import NotOffered
from checkout.orders import Order
from core import db, parties
from core.ids import new_id
from core.parties import Customer, Membership
from core.tenancy import Side
from core.trail import TrailEntry, TrailNote
from partners import application_reviews, companies, documents, joinings, programmes, support_types
from partners.applications import Application
from partners.direct_notices import DirectNotice
from partners.joinings import Channel, Paperwork, Rules
from partners.support_types import Described, SupportType
from tests.mail.conftest import PostOffice
from tests.partners.programme_stage import (
    LENA,
    apply,
    approve,
    open_programme,
    the_application,
    the_programme,
    token,
)
from tests.partners.test_joining import an_indirect_customer, become_indirect
from tests.portal.conftest import Browser
from tests.world import World, a_company, open_portal, staff

PDF = b"%PDF-1.7\n1 0 obj << /OpenAction << /S /JavaScript >> >> endobj\n%%EOF\n"
PARTNER = {
    "website": "brightfield.example",
    "experience": "Ten years.",
    "name": "Carl",
    "email": "c@b.example",
}


@pytest.fixture
def lena(world: World, shop: Callable[..., Browser]) -> Browser:
    """Lena at Northwind's shop, where the gold programme asks for documents."""
    open_programme(world)
    keep(world, Rules(documents=Paperwork.REQUIRED, documents_hint="An extract."))
    return shop()


@pytest.fixture
def nora(shop: Callable[..., Browser]) -> Browser:
    """Nora at her console."""
    return shop().sign_in("nora")


@pytest.fixture
def bea(shop: Callable[..., Browser]) -> Browser:
    """Bea of Brightfield at her console."""
    return shop().sign_in("bea")


def keep(world: World, rules: Rules) -> None:
    with world.acting():
        joinings.keep(the_programme(), rules)


def picture(kind: str = "PNG") -> bytes:
    """A picture with a secret beside its pixels."""
    buffer, hidden = BytesIO(), PngInfo()
    hidden.add_text("Comment", "taken at 52.5, 13.4")
    Image.new("RGB", (40, 30), "teal").save(buffer, kind, **({"pnginfo": hidden} if kind == "PNG" else {}))
    return buffer.getvalue()


def trail_of(world: World) -> list[str]:
    """What stands in the trail about refusals: the act and the rule."""
    with world.acting():
        rows = db.session().execute(
            select(TrailEntry.what, TrailNote.detail)
            .join(TrailNote, TrailNote.id == TrailEntry.id)
            .where(TrailEntry.what.like("refused to%"))
            .order_by(TrailEntry.id)
        )
        return [f"{what}: {detail.get('rule')}" for what, detail in rows]


# --- Files --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("extract.pdf", b"MZ\x90\x00 not a document", "this file is something else"),
        ("extract.pdf", b"%PDF-1.7 cut off", "this file is something else"),
        ("page.html", b"<script>alert(1)</script>", "this file is something else"),
        ("drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "this file is something else"),
        ("photo.png", b"\x89PNG\r\n\x1a\n" + b"broken" * 20, "cannot"),
        ("large.pdf", b"%PDF-" + b"0" * documents.LARGEST, "larger than 5 MB"),
        ("empty.pdf", b"", "The file is empty"),
    ],
)
def test_a_refused_file_keeps_the_rest_of_the_form(
    world: World, lena: Browser, name: str, data: bytes, words: str
) -> None:
    answer = lena.post("/partners/gold", **LENA, documents=(BytesIO(data), name))
    assert answer.status_code == 422
    text = html.unescape(answer.text)
    assert words in text
    assert name in text
    assert LENA["experience"] in text
    assert f'value="{LENA["company"]}"' in text
    with world.acting():
        assert db.session().scalars(select(Application)).all() == []


def test_files_are_told_by_their_content_redrawn_and_seen_by_applicant_and_reviewer_only(
    world: World, lena: Browser, nora: Browser, shop: Callable[..., Browser]
) -> None:
    assert "An extract." in lena.see("/partners/gold")
    missing = lena.post("/partners/gold", **LENA)
    assert missing.status_code == 422
    assert "asks for documents" in missing.text
    files = [(BytesIO(PDF), "../../extract 1.exe"), (BytesIO(picture("JPEG")), "seat.pdf")]
    files.append((BytesIO(picture()), "ü.png"))
    assert lena.post("/partners/gold", **LENA, documents=files).status_code == 200
    with world.acting():
        kept = documents.of(the_application().id)
        assert [(one.name, one.media_type) for one in kept] == [
            ("extract 1.pdf", "application/pdf"),
            ("seat.png", "image/png"),
            ("ü.png", "image/png"),
        ]
        review = f"/distributor/applications/{the_application().code}"
        assert b"52.5" not in documents.find(the_application().id, kept[2].id).data
    status = f"/applications/{token(world)}"
    for browser, path in ((lena, status), (nora, review)):
        assert "seat.png" in browser.see(path)
        answer = browser.get(f"{path}/documents/{kept[0].id}")
        assert (answer.data, answer.content_type) == (PDF, "application/pdf")
        assert answer.headers["Content-Disposition"].startswith('attachment; filename="extract 1.pdf"')
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer.headers["Content-Security-Policy"]
    apply_other(world)
    other = f"/applications/{token(world, 'otto@other.example')}"
    assert lena.get(f"{other}/documents/{kept[0].id}").status_code == 404
    assert shop().sign_in("bea").get(f"{review}/documents/{kept[0].id}").status_code == 404
    with world.acting():
        db.session().execute(
            update(Membership).where(Membership.name == "Nora").values(roles=["billing_agent"])
        )
    assert nora.get(f"{review}/documents/{kept[0].id}").status_code == 403


def apply_other(world: World) -> None:
    keep(world, Rules())
    apply(world, email="otto@other.example", company="Other")
    keep(world, Rules(documents=Paperwork.REQUIRED))


def test_an_answer_may_bring_more_files_and_five_are_the_most(world: World, lena: Browser) -> None:
    assert lena.post("/partners/gold", **LENA, documents=(BytesIO(PDF), "one.pdf")).status_code == 200
    with world.acting():
        application_reviews.ask_back(the_application(), "And the rest?", by="Nora")
    status = f"/applications/{token(world)}"
    many = [(BytesIO(PDF), f"{n}.pdf") for n in range(5)]
    refused = lena.post(f"{status}/answer", **LENA, answer="Here.", documents=many)
    assert refused.status_code == 422
    assert "At most 5 files" in refused.text
    assert "Here." in refused.text
    again = [(BytesIO(PDF), f"{n}.pdf") for n in range(4)]
    assert lena.post(f"{status}/answer", **LENA, answer="Here.", documents=again).status_code == 303
    with world.acting():
        assert documents.count(the_application().id) == 5


# --- Refused by name, on the page and by direct POST, and in the trail --------------------------------------


@pytest.mark.behaviour("H4")
def test_skipped_states_old_versions_and_used_links_are_refused_by_name_and_noted(
    world: World, shop: Callable[..., Browser], nora: Browser
) -> None:
    open_programme(world)
    apply(world)
    lena, status = shop(), f"/applications/{token(world)}"
    assert "Sign the agreement" not in lena.see(status)
    skipped = lena.post(f"{status}/sign", agreed="x")
    assert (skipped.status_code, "cannot become signed" in skipped.text) == (409, True)
    early = lena.post(f"{status}/answer", **LENA, answer="Unasked.")
    assert early.status_code == 409
    old = approve(world)
    with world.acting():
        programmes.publish(the_programme(), "New.", valid_from=None, by="Nora")
        application_reviews.show_the_newest(the_programme())
    outdated = lena.post(f"{status}/sign", agreed=old)
    assert "The agreement has changed" in outdated.text
    with world.acting():
        new, code = str(the_application().agreement_id), the_application().code
    assert lena.post(f"{status}/sign", agreed=new).status_code == 303
    assert "signed already" in lena.post(f"{status}/sign", agreed=new).text
    assert lena.post(f"{status}/withdraw").status_code == 409
    review = f"/distributor/applications/{code}"
    late = nora.post(f"{review}/take-back", on="/distributor/", words="Oh.")
    assert (late.status_code, "no approval to take back" in late.text) == (409, True)
    assert trail_of(world) == [
        "refused to sign: IllegalMove",
        "refused to answer: IllegalMove",
        "refused to sign: AnotherVersion",
        "refused to sign: AlreadySigned",
        "refused to withdraw: IllegalMove",
        "refused to be taken back: NotApproved",
    ]
    assert "refused to sign" in nora.see(review)


def test_a_link_that_is_too_old_says_so_and_sends_a_new_one_once(
    world: World, shop: Callable[..., Browser], post: PostOffice
) -> None:
    open_programme(world)
    apply(world)
    version, old = approve(world), f"/applications/{token(world)}"
    lena = shop()
    assert "A mail with the link" in lena.post(f"{old}/renew").text  # too early: nothing is sent
    world.goes_on(days=31)
    lena = shop()
    for answer in (lena.get(old), lena.post(f"{old}/sign", agreed=version), lena.post(f"{old}/withdraw")):
        assert answer.status_code == 410
        assert "This link is too old" in answer.text
        assert f'action="{old}/renew"' in answer.text
    assert trail_of(world) == ["refused to sign: LinkExpired", "refused to withdraw: LinkExpired"]
    assert lena.post(f"{old}/renew").status_code == 200
    world.work()
    fresh = next(link for link in post.only("is under way")["links"] if "/applications/" in link)
    fresh = fresh.removeprefix("http://shop.test")
    assert fresh != old
    assert lena.get(old).status_code == 404
    assert lena.post(f"{old}/renew").status_code == 404
    assert lena.post(f"{fresh}/sign", agreed=version).status_code == 303


def test_an_approval_is_taken_back_with_a_reason_that_the_applicant_reads(
    world: World, shop: Callable[..., Browser], nora: Browser, post: PostOffice
) -> None:
    open_programme(world)
    apply(world)
    approve(world)
    with world.acting():
        review = f"/distributor/applications/{the_application().code}"
    assert "Take the approval back" in nora.see(review)
    assert nora.post(f"{review}/take-back", on=review, words=" ").status_code == 422
    assert nora.post(f"{review}/take-back", on=review, words="The register differs.").status_code == 303
    world.work()
    assert "The register differs." in post.only("was taken back")["text"]
    page = shop().see(f"/applications/{token(world)}")
    assert "The register differs." in page
    assert "Sign the agreement" not in page
    assert nora.post(f"{review}/decline", on=review, words="So no.").status_code == 303


# --- A reseller enrols from its console ---------------------------------------------------------------------


@pytest.mark.behaviour("M5", "M7", "M8", "M9", "M10", "M11")
def test_a_direct_seller_enrols_is_verified_accepts_and_is_both(
    world: World, bea: Browser, nora: Browser, post: PostOffice
) -> None:
    open_programme(world, irreversible=True)
    keep(world, Rules(verifies=True, channel=Channel.INDIRECT))
    info = "/reseller/enrolments/gold"
    assert f'href="{info}"' in bea.see("/reseller/programmes")
    page = bea.see(info)
    for words in ("Brightfield GmbH", "Hauptstraße 1", "Bea", "Enroll now", "4 business days"):
        assert words in page  # M5: the details, to be looked at before
    assert "Accept and continue" not in page
    early = bea.post(f"{info}/accept", on=info, agreed="x")
    assert (early.status_code, "no agreement to accept" in early.text) == (409, True)
    wrong = bea.post(f"{info}/enrol", on=info, **(PARTNER | {"website": ""}))
    assert wrong.status_code == 422
    assert 'value="c@b.example"' in wrong.text
    assert bea.post(f"{info}/enrol", on=info, **PARTNER).status_code == 303
    page = bea.see(info)
    assert "We verify what you told us." in page
    assert "Enroll now" not in page
    assert bea.post(f"{info}/enrol", on=info, **PARTNER).status_code == 409
    world.work()
    review = next(link for link in post.only("applies to Gold")["links"] if "/applications/" in link)
    review = review.removeprefix("http://shop.test")
    assert "Brightfield" in nora.see(review)
    assert nora.post(f"{review}/approve", on=review).status_code == 303
    world.work()
    assert "c@b.example" in post.only("Approved: read and sign")["to"]
    page = bea.see(info)
    assert "there is no undo" in page
    version = re.search(r'name="agreed" value="([^"]+)"', page)
    assert version
    assert "You sell</dt><dd>Direct</dd>" in bea.see("/reseller/programmes")
    assert bea.post(f"{info}/accept", on=info).status_code == 422
    assert bea.post(f"{info}/accept", on=info, agreed=version[1]).status_code == 303
    assert "You are a partner until" in bea.see(info)
    assert "You sell</dt><dd>Direct and Indirect</dd>" in bea.see("/reseller/programmes")
    again = bea.post(f"{info}/accept", on=info, agreed=version[1])
    assert (again.status_code, "signed already" in again.text) == (409, True)


@pytest.mark.behaviour("M1", "M15")
def test_a_direct_seller_is_told_of_a_restriction_and_wins_no_new_direct_customers_from_its_day_on(
    world: World, bea: Browser, nora: Browser, shop: Callable[..., Browser], post: PostOffice
) -> None:
    open_programme(world)
    open_portal(world)
    with world.acting():
        code = parties.reseller(world.resellers["brightfield"]).code
    page = f"/distributor/resellers/{code}/direct-selling"
    assert f'href="{page}"' in nora.see(f"/distributor/resellers/{code}")
    assert nora.post(page, on=page, act="lift").status_code == 409
    assert nora.post(page, on=page, day="2020-01-01", reason="Late.").status_code == 422
    told = {"day": "2099-01-01", "reason": "Revenue is below what direct sellers need."}
    assert nora.post(page, on=page, **told).status_code == 303
    world.work()
    assert told["reason"] in post.only("will be restricted")["text"]
    mine = bea.see("/reseller/programmes")
    assert told["reason"] in mine
    assert 'href="/reseller/enrolments/gold"' in mine
    invite, who = "/reseller/customers/invite", {"company": "Nova", "name": "Nina", "email": "n@nova.example"}
    assert bea.post(invite, on=invite, **who).status_code == 303  # its day has not come
    with world.acting():
        db.session().execute(
            insert(DirectNotice).values(
                distributor_id=world.distributor_id,
                id=new_id(),
                reseller_id=world.resellers["brightfield"],
                reason="Now.",
                counts_from=db.session().info["now"],
                lifted=False,
                announced_at=db.session().info["now"],
                announced_by="Nora",
            )
        )
    refused = bea.post(invite, on=invite, **(who | {"company": "Vega", "email": "v@vega.example"}))
    assert (refused.status_code, "direct selling is restricted" in refused.text) == (403, True)
    assert world.buys("acme", "patch-y").startswith("ORD-")  # whom it has stays as it is
    assert nora.post(page, on=page, act="lift").status_code == 303
    again = bea.post(invite, on=invite, **(who | {"company": "Vega", "email": "v@vega.example"}))
    assert again.status_code == 303


@pytest.mark.behaviour("M3")
def test_only_an_administrator_starts_and_accepts_also_by_direct_post(world: World, bea: Browser) -> None:
    open_programme(world)
    with world.acting():
        db.session().execute(update(Membership).where(Membership.name == "Bea").values(roles=["buyer"]))
    info = "/reseller/enrolments/gold"
    assert "Only an administrator" in bea.see(info)
    assert "Enroll now" not in bea.see(info)
    for act in ("enrol", "accept"):
        assert bea.post(f"{info}/{act}", on="/reseller/", **PARTNER, agreed="x").status_code == 403
    with world.acting():
        assert db.session().scalars(select(Application)).all() == []


def test_a_programme_that_is_closed_is_not_there_for_resellers(world: World, bea: Browser) -> None:
    open_programme(world, takes_applications=False)
    assert bea.get("/reseller/enrolments/gold").status_code == 404
    assert bea.post("/reseller/enrolments/gold/enrol", on="/reseller/", **PARTNER).status_code == 404
    assert bea.get("/reseller/programmes/nothing").status_code == 404


@pytest.mark.behaviour("M16", "M18", "M19")
def test_an_indirect_customer_is_not_sold_to_directly_by_page_or_post(
    world: World, bea: Browser, shop: Callable[..., Browser]
) -> None:
    open_programme(world)
    keep(world, Rules(channel=Channel.INDIRECT))
    apply(world, email="bea@people.example", name="Bea")
    version = approve(world, "bea@people.example")
    status = f"/applications/{token(world, 'bea@people.example')}"
    assert shop().post(f"{status}/sign", agreed=version).status_code == 303
    open_portal(world)
    form = bea.see("/reseller/customers/invite")
    programme_id = re.search(r'name="channel"[^>]*value="([0-9a-f-]{36})"', form)
    assert programme_id
    invited = {"company": "Nova", "name": "Nina", "email": "nina@nova.example", "country": "DE"}
    forged = bea.post(
        "/reseller/customers/invite", on="/reseller/customers/invite", **invited, channel="other"
    )
    assert (forged.status_code, "Choose one of the channels" in forged.text) == (422, True)
    won = bea.post(
        "/reseller/customers/invite", on="/reseller/customers/invite", **invited, channel=programme_id[1]
    )
    nova = won.location.split("?")[0]
    assert "Indirect, Gold partners" in bea.see(nova)
    assert "Only we order" not in bea.see(nova)
    assert f'action="{nova}/ordering"' not in bea.see(nova)
    refused = bea.post(f"{nova}/ordering", on="/reseller/customers", ordered_by="reseller")
    assert (refused.status_code, "the distributor orders for it" in refused.text) == (403, True)
    assert "Nova" in bea.see("/reseller/customers?channel=indirect")
    assert "Acme" not in bea.see("/reseller/customers?channel=indirect")
    with world.acting():
        acme = db.session().scalars(select(Customer.code).where(Customer.name == "Acme")).one()
    assert f'action="/reseller/customers/{acme}/ordering"' in bea.see(f"/reseller/customers/{acme}")


@pytest.mark.behaviour("M18")
def test_an_indirect_customer_orders_nothing_itself_by_page_or_post(
    world: World, shop: Callable[..., Browser]
) -> None:
    become_indirect(world)
    customer_id = world.customers[an_indirect_customer(world)]
    open_portal(world)
    with world.acting():
        companies.keep(a_company("Nova"), reseller_id=world.resellers["brightfield"], customer_id=customer_id)
    nina = shop("brightfield").sign_in("nina")
    plan_id = world.plan("patch-y").id
    assert nina.post("/basket", product="patch", plan=plan_id, quantity=1).status_code == 303
    assert "You cannot order yourself" in nina.see("/checkout")
    refused = nina.post("/checkout", on="/checkout")
    assert (refused.status_code, "the distributor orders for it" in refused.text) == (403, True)


@pytest.mark.behaviour("P4", "P5")
def test_a_reseller_has_customers_and_uses_what_it_sells_by_an_account_of_its_own(
    world: World, bea: Browser, shop: Callable[..., Browser]
) -> None:
    open_portal(world)
    assert 'href="/reseller/customers"' in bea.see("/reseller/")
    anna = shop("brightfield").sign_in("anna")
    assert "/reseller/customers" not in anna.see("/")
    assert anna.get("/reseller/customers").status_code == 404
    with pytest.raises(NotOffered):
        world.put("brightfield", "patch-y")  # a reseller's account buys nothing for itself but plans
    with world.acting():
        reseller_id = world.resellers["brightfield"]
        own = parties.add_customer(reseller_id, name="Brightfield's own", email="own@brightfield.example")
        companies.keep(a_company("Brightfield"), reseller_id=reseller_id, customer_id=own.id)
        world.customers["own"] = own.id
        world.people["own"] = staff(
            world, "benno", side=Side.CUSTOMER, reseller_id=reseller_id, customer_id=own.id
        )
    assert world.buys("own", "patch-y").startswith("ORD-")


@pytest.mark.behaviour("M29")
def test_the_provider_orders_for_an_indirect_customer_on_its_page(world: World, nora: Browser) -> None:
    become_indirect(world)
    nova = an_indirect_customer(world)
    open_portal(world)
    world.give_credit("brightfield", 500_00)
    with world.acting():
        code, acme = (parties.customer(world.customers[name]).code for name in (nova, "acme"))
    page = f"/distributor/customers/{code}/order"
    assert f'href="{page}"' in nora.see(f"/distributor/customers/{code}")
    assert "0patch Pro, Yearly" in nora.see(page)
    chosen = f"{page}?plan=patch-y"
    wrong = nora.post(page, on=chosen, quantity="none")
    assert (wrong.status_code, "whole number of units" in wrong.text) == (422, True)
    untaxed = nora.post(page, on=chosen, quantity="2")
    assert (untaxed.status_code, "entered in its portal" in untaxed.text) == (422, True)
    with world.acting():
        companies.keep(
            a_company("Nova"), reseller_id=world.resellers["brightfield"], customer_id=world.customers[nova]
        )
    placed = nora.post(page, on=chosen, quantity="2")
    assert placed.status_code == 303
    assert "Nova" in nora.see(placed.location.split("?")[0])
    direct = f"/distributor/customers/{acme}/order"
    assert direct not in nora.see(f"/distributor/customers/{acme}")
    refused = nora.post(direct, on="/distributor/", plan="patch-y", quantity="1")
    assert (refused.status_code, "is a direct one" in refused.text) == (403, True)
    assert "refused to be ordered for" in nora.see(f"/distributor/customers/{acme}")


@pytest.mark.behaviour("M21", "M31", "M36")
def test_the_reseller_manages_what_the_provider_has_ordered_and_orders_nothing_itself(
    world: World, nora: Browser, bea: Browser
) -> None:
    become_indirect(world)
    nova = an_indirect_customer(world)
    open_portal(world)
    world.give_credit("brightfield", 500_00)
    with world.acting():
        brightfield, customer = world.resellers["brightfield"], parties.customer(world.customers[nova])
        companies.keep(a_company("Nova"), reseller_id=brightfield, customer_id=customer.id)
        support_types.keep_type(the_programme(), Described("Ours", "You answer and mend.", co_managed=True))
        ours = db.session().scalars(select(SupportType.id)).one()
        code = customer.code
    order = f"/distributor/customers/{code}/order?plan=patch-y"
    assert nora.post(order.partition("?")[0], on=order, quantity="2").status_code == 303
    world.work(5)
    at = f"/reseller/customers/{code}"
    assert bea.post(f"{at}/support", on=f"{at}/settings", support=str(ours)).status_code == 303
    service = re.search(r"/dashboard/(SUB-\w+)/assign", bea.see(f"{at}/dashboard"))
    assert service
    seat = f"{at}/dashboard/{service[1]}/assign"
    assert bea.post(seat, on=f"{at}/dashboard", to="nina@people.example").status_code == 303
    assert "nina@people.example" in bea.see(f"{at}/dashboard")
    form = f"/reseller/subscriptions/add?customer={code}&product=patch"
    assert "the distributor orders for it" in html.unescape(bea.see(form))
    typed = {"customer": code, "product": "patch", "plan": "patch-y", "quantity": "2", "support": str(ours)}
    refused = bea.post("/reseller/subscriptions/add", on=form, **typed)
    assert refused.status_code == 403
    with world.acting():
        assert db.session().scalars(select(Order.placed_by)).all() == ["Nora"]
        [charge] = db.session().scalars(select(Charge).where(Charge.reseller_id == brightfield))
        owed, support = charge.gross.text, parties.the_distributor().contact_email
    page = html.unescape(bea.see(at))  # the provider orders, bills and supports
    for words in ("What Northwind does", "1 order for this customer", f"{owed} on your account", support):
        assert words in page, words


# --- The programme's page -----------------------------------------------------------------------------------


def test_the_rules_of_joining_have_a_page_of_their_own(world: World, nora: Browser) -> None:
    open_programme(world)
    page = "/distributor/programmes/gold/joining"
    typed = {
        "documents": "required",
        "documents_hint": "An extract.",
        "verifies": "y",
        "verification_days": "5",
        "channel": "indirect",
        "link_days": "14",
    }
    wrong = nora.post(page, on=page, **(typed | {"link_days": "0"}))
    assert (wrong.status_code, "Between 1 and 365 days" in wrong.text) == (422, True)
    assert nora.post(page, on=page, **typed).status_code == 303
    with world.acting():
        assert joinings.of(the_programme().id) == Rules(
            Paperwork.REQUIRED, "An extract.", True, 5, Channel.INDIRECT, 14
        )
        db.session().execute(
            update(Membership).where(Membership.name == "Nora").values(roles=["billing_agent"])
        )
    assert "joining changed" in nora.see(page)
    assert nora.post(page, on="/distributor/", **typed).status_code == 403
