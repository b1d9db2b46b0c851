"""Refunds, credit notes and cancellations on the pages of all three sides: what each says is true, and what
Nora, Bea and Anna may do there."""

import io
import re

import pytest
from pypdf import PdfReader
from sqlalchemy import select, update

from billing import refund_outcomes, refund_policies, refunds
from billing.credit_notes import CreditNote
from billing.refund_policies import Party, WhenRefused
from billing.refunds import Refund, RefundState
from billing.stripe_refunds import RefundReport
from checkout import orders
from core import db
from provisioning import resolutions
from provisioning.deliveries import ConnectorSettings, Delivery, DeliveryState
from tests.visits import Visit
from tests.world import World, open_portal


@pytest.fixture
def anna(world: World, nora: Visit) -> Visit:
    """Anna of Acme at Brightfield's shop."""
    open_portal(world)
    return Visit(nora.app, "/brightfield").sign_in("anna")


@pytest.fixture
def bea(world: World, anna: Visit) -> Visit:
    """Bea of Brightfield at her console."""
    return Visit(anna.app, "/brightfield").sign_in("bea")


def paid(world: World, *, paused: bool = False) -> str:
    """Ten licences of Acme's, paid by card; on its way, or delivered."""
    with world.acting():
        db.session().execute(update(ConnectorSettings).values(paused=paused))
    code = world.buys("acme", "patch-y", 10)
    world.pay(code)
    world.work()
    return code


def delivery_of(world: World, code: str) -> Delivery:
    order = world.order(code)
    with world.acting():
        mine = select(Delivery).where(Delivery.order_id == order.id, Delivery.action == "provision")
        return db.session().scalars(mine).one()


def refuse(world: World, code: str) -> None:
    with world.acting():
        resolutions.refuse(delivery_of_now(code).id, why="This tenant may not hold it.")
    world.work()


def delivery_of_now(code: str) -> Delivery:
    mine = select(Delivery).where(Delivery.order_id == orders.find(code).id)
    return db.session().scalars(mine).one()


def goes_through(world: World) -> None:
    """The gateway has given it back."""
    with world.acting():
        refund = db.session().scalars(select(Refund)).one()
        refund_outcomes.settle(RefundReport("re_1", refund.key, refund.amount_minor, "EUR", "succeeded"))


def words(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


@pytest.mark.promise("QP10")
def test_a_refused_line_says_everywhere_what_goes_back(
    world: World, nora: Visit, anna: Visit, bea: Visit
) -> None:
    code = paid(world, paused=True)
    refuse(world, code)
    seen = words(anna.get(f"/orders/{code}").text)
    assert "did not take this order" in seen
    assert "This tenant may not hold it." not in seen  # whose words a reason is: docs/decisions/0008
    assert "€249.50 go back to your card. It can take some days" in seen
    goes_through(world)
    seen = words(anna.get(f"/orders/{code}").text)
    assert "Refused and refunded" in seen
    assert "€249.50 to your card on" in seen
    for hers in (nora.get(f"/distributor/orders/{code}").text, bea.get(f"/reseller/orders/{code}").text):
        assert "€212.10" in words(hers)
        assert "€37.40" in words(hers)
        assert "-CN-2026-000001" in hers
    assert "Nothing needs you" in nora.get("/distributor/work").text
    assert "€212.10" not in anna.get(f"/orders/{code}").text


@pytest.mark.promise("QM8")
def test_a_credit_note_is_beside_its_invoice_for_each_who_may_see_it(
    world: World, nora: Visit, anna: Visit, bea: Visit
) -> None:
    refuse(world, paid(world, paused=True))
    with world.acting():
        note = db.session().scalars(select(CreditNote)).one()
    assert note.label in anna.get("/invoices").text
    assert note.label in anna.get(f"/invoices/{note.invoice_id}").text
    assert note.label in bea.get("/reseller/money", show="credit-notes").text
    for page in (
        anna.get(f"/credit-notes/{note.id}"),
        bea.get(f"/reseller/money/credit-notes/{note.id}"),
        nora.get(f"/distributor/credit-notes/{note.id}"),
    ):
        assert page.status_code == 200
        assert note.invoice_label in page.text
        assert "€249.50" in page.text
        assert "€212.10" not in page.text
    for file in (
        anna.get(f"/credit-notes/{note.id}/credit-note.pdf"),
        bea.get(f"/reseller/money/credit-notes/{note.id}/credit-note.pdf"),
        nora.get(f"/distributor/credit-notes/{note.id}/credit-note.pdf"),
    ):
        assert f"credit-note-{note.label}.pdf" in file.headers["Content-Disposition"]
        drawn = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(file.data)).pages)
        said = "".join(drawn.split())
        for word in ("Credit note", note.label, note.invoice_label, "Refused by the vendor", "€249.50"):
            assert word.replace(" ", "") in said, word
    assert note.label in bea.get("/reseller/money.csv", show="credit-notes").text


def test_the_queue_offers_the_exact_money_where_the_distributor_wants_to_be_asked(
    world: World, nora: Visit, anna: Visit
) -> None:
    with world.acting():
        refund_policies.decide(when_refused=WhenRefused.ASK, fee_when_refused=Party.DISTRIBUTOR)
    code = paid(world, paused=True)
    refuse(world, code)
    page = words(nora.get("/distributor/work").text)
    assert "Refund this line: €249.50" in page
    assert "Of it we give up (wholesale, net) €212.10" in page
    assert "The reseller gives up (margin) €37.40" in page
    assert "borne by the distributor €3.99" in page
    assert "Agreed otherwise: close this item" in page
    assert "with us. We refund it or agree with you" in words(anna.get(f"/orders/{code}").text)
    at = f"/distributor/deliveries/{delivery_of(world, code).id}/give-back"
    assert nora.post(at, {"back": "work"}).location.endswith("/distributor/work?said=given-back")
    assert nora.post(at).status_code == 303
    with world.acting():
        assert len(db.session().scalars(select(Refund)).all()) == 1
    assert "Nothing needs you" in nora.get("/distributor/work").text


def test_the_policy_is_decided_on_the_page(world: World, nora: Visit) -> None:
    chosen = {"when_refused": "ask", "fee_when_refused": "reseller"}
    assert nora.post("/distributor/refunds/policy", chosen).status_code == 303
    with world.acting():
        policy = refund_policies.current()
        assert (policy.when_refused, policy.fee_when_refused) == (WhenRefused.ASK, Party.RESELLER)
    assert nora.post("/distributor/refunds/policy", {"when_refused": "never"}).status_code == 422


def test_a_part_is_given_back_by_hand_after_its_exact_money_was_shown(
    world: World, nora: Visit, anna: Visit
) -> None:
    code = paid(world)
    line = orders_line(world, code)
    at = f"/distributor/order-lines/{line}/refund"
    asked = {"amount": "10.00", "borne": "as_sold", "why": "It came late."}
    shown = nora.get(at, **asked)
    assert "Of it we give up (wholesale, net) €8.50" in words(shown.text)
    assert "Give back €10.00" in shown.text
    key = re.search(r'name="key" value="([^"]+)"', shown.text)
    assert key
    for _ in range(2):  # a double click
        assert nora.post(at, asked | {"key": key[1]}).status_code == 303
    with world.acting():
        assert db.session().scalars(select(Refund.amount_minor)).all() == [10_00]
    assert "Left to give back €239.50" in words(nora.get(at).text)
    assert "€10.00 go back to your card" in words(anna.get(f"/orders/{code}").text)
    too_much = nora.get(at, **asked | {"amount": "239.51"})
    assert (too_much.status_code, "Only €239.50" in too_much.text) == (422, True)
    whole = nora.get(at, **asked | {"amount": "249.50"})
    assert whole.status_code == 422
    assert nora.get(at, **asked | {"amount": "a lot"}).status_code == 422


def orders_line(world: World, code: str) -> str:
    order = world.order(code)
    with world.acting():
        return str(orders.lines(order.id)[0].id)


@pytest.mark.promise("QP9")
@pytest.mark.parametrize("who", ["anna", "bea", "nora"])
def test_each_side_may_cancel_what_is_on_its_way(
    world: World, nora: Visit, anna: Visit, bea: Visit, who: str
) -> None:
    code = paid(world, paused=True)
    visit = {"anna": anna, "bea": bea, "nora": nora}[who]
    console = {"anna": "", "bea": "/reseller", "nora": "/distributor"}[who]
    delivery = delivery_of(world, code)
    assert f"{console}/deliveries/{delivery.id}/cancel" in visit.get(f"{console}/orders/{code}").text
    assert visit.post(f"{console}/deliveries/{delivery.id}/cancel").status_code == 303
    world.work()
    assert delivery_of(world, code).state is DeliveryState.CANCELLED
    seen = words(anna.get(f"/orders/{code}").text)
    assert "Cancelled" in seen
    assert "€249.50 go back to your card" in seen
    again = visit.post(f"{console}/deliveries/{delivery.id}/cancel")
    assert again.status_code in (303, 422)
    with world.acting():
        assert len(db.session().scalars(select(Refund)).all()) == 1
    assert "Cancelled by" in words(nora.get(f"/distributor/orders/{code}").text)


def test_a_failed_refund_waits_for_a_person_and_the_buyer_is_told_the_truth(
    world: World, nora: Visit, anna: Visit
) -> None:
    code = paid(world, paused=True)
    refuse(world, code)
    with world.acting():
        refund = db.session().scalars(select(Refund)).one()
        refund_outcomes.failed(refund.id, "The card was closed.")
    assert "Refund delayed" in words(anna.get(f"/orders/{code}").text)
    assert "€249.50 did not reach the buyer. The card was closed." in words(
        nora.get("/distributor/work").text
    )
    assert "A refund failed" in nora.get(f"/distributor/orders/{code}").text
    assert "The card" not in anna.get(f"/orders/{code}").text
    at = f"/distributor/refunds/{refund.id}"
    assert nora.post(f"{at}/paid", {"why": " "}).status_code == 422
    assert nora.post(f"{at}/paid", {f"paid-{refund.id.hex[-8:]}-why": "Bank transfer"}).status_code == 303
    with world.acting():
        assert refunds.find(refund.id).state is RefundState.PAID_OTHERWISE
    assert "paid by another way than the card" in words(anna.get(f"/orders/{code}").text)
    assert nora.post(f"{at}/retry").status_code == 422
    assert code in nora.get("/distributor/refunds", show="done").text
