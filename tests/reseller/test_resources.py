"""What a programme gives its partners and what they may ask for: the library with the badge, and requests
with a form, answered in a queue. Brightfield is a partner, Harbour is not."""

import io
import re
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, update

from core import db, parties, trail
from core.parties import Membership
from core.states import IllegalMove
from core.tenancy import Side
from partners import account_managers, enrolments, requests, resources
from partners.enrolments import EnrolmentState
from partners.requests import (
    AskedAlready,
    BadKind,
    NoReply,
    NotOffered,
    NotRenewable,
    ProgrammeRequest,
    RequestState,
    Unanswered,
)
from partners.resources import Audience, Described, FileRefused, LinkOrFile, NoTitle, Sort
from tests.mail.conftest import PostOffice
from tests.partners import programme_stage
from tests.races import at_once, raised
from tests.reseller.conftest import Person
from tests.visits import Visit, make_app
from tests.world import World, staff

PDF = b"%PDF-1.4 a badge"
AT = "/distributor/programmes/gold/resources"
QUESTIONS = ["Who takes part?", "When?"]


@pytest.fixture(autouse=True)
def partner(world: World) -> None:
    """Brightfield has signed."""
    programme_stage.open_programme(world)
    programme_stage.apply(world, email="bea@people.example")
    version = programme_stage.approve(world, "bea@people.example")
    programme_stage.sign(world, programme_stage.token(world, "bea@people.example"), version)


@pytest.fixture
def nora(world: World) -> Visit:
    """Nora at her console."""
    return Visit(make_app()).sign_in("nora")


def kind(world: World, label: str = "Certification", *, yearly: bool = False) -> UUID:
    with world.acting():
        made = requests.keep_kind(
            programme_stage.the_programme(), label, "With labs.", QUESTIONS, yearly=yearly
        )
        return made.id


def ask(world: World, kind_id: UUID, reseller: str = "brightfield", **changed: str) -> str:
    said = dict.fromkeys(QUESTIONS, "The two of us.") | changed
    with world.acting(reseller):
        made = requests.hand_in(
            world.resellers[reseller], kind_id, said, name="Bea", email="bea@people.example"
        )
        return made.code


def state_of(world: World, code: str) -> RequestState:
    with world.acting():
        return requests.find(code).state


def end_partnership(world: World) -> None:
    with world.acting():
        for one in enrolments.of_reseller(world.resellers["brightfield"]):
            enrolments.states.move(one, EnrolmentState.ENDED)


@pytest.mark.behaviour("H7", "H11")
def test_the_library_with_the_badge_is_for_active_partners(
    world: World, nora: Visit, bea: Person, hugo: Person
) -> None:
    badge = {
        "resource-title": "Partner badge",
        "resource-sort": "badge",
        "resource-audience": "partners",
        "resource-file": (io.BytesIO(PDF), "badge.pdf"),
    }
    assert nora.post(AT, badge, content_type="multipart/form-data").status_code == 303
    film = {
        "resource-title": "A film",
        "resource-sort": "video",
        "resource-audience": "resellers",
        "resource-url": "https://films.example/1",
    }
    assert nora.post(AT, film).status_code == 303
    page = bea.sees("/reseller/resources", "Partner badge", "https://films.example/1")
    with world.acting():
        found = {one.title: one.id for one in resources.of_programme(programme_stage.the_programme().id)}
    at = f"/reseller/resources/{found['Partner badge']}/file"
    assert at in page
    answer = bea.get(at)
    assert (answer.status_code, answer.data, answer.mimetype) == (200, PDF, "application/pdf")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="partner-badge.pdf"'
    assert at not in bea.sees("/reseller/resources?sort=video", "A film")
    assert at not in hugo.sees("/reseller/resources", "A film")
    assert hugo.get(at).status_code == 404
    by_title = bea.get("/reseller/resources.csv?order=title").text
    assert by_title.index("A film") < by_title.index("Partner badge")
    assert "Partner badge" not in bea.get("/reseller/resources.csv?q=film").text
    assert "A film" not in bea.get("/reseller/resources.csv?sort=badge").text
    assert nora.post(f"{AT}/{found['A film']}/hide").status_code == 303
    assert "A film" not in bea.sees("/reseller/resources")
    end_partnership(world)
    assert bea.get(at).status_code == 404
    assert at not in bea.sees("/reseller/resources")


def test_only_files_of_a_known_type_and_size_are_taken(world: World) -> None:
    with world.acting():
        programme = programme_stage.the_programme()
        for content in (b"<html>", b"MZ\x90", PDF + b"x" * resources.MOST_BYTES):
            with pytest.raises(FileRefused):
                resources.add(programme, Described("File"), name="badge.pdf", content=content)
        for url, name in (
            ("", ""),
            ("https://a.example", "b.pdf"),
            ("http://a.example", ""),
            ("javascript:x", ""),
        ):
            with pytest.raises(LinkOrFile):
                resources.add(programme, Described("File", url=url), name=name, content=PDF if name else b"")
        with pytest.raises(NoTitle):
            resources.add(programme, Described(" "), name="b.pdf", content=PDF)
        kept = resources.add(
            programme, Described("Ä / Ö", sort=Sort.BADGE, audience=Audience.PARTNERS), name="x", content=PDF
        )
        [file] = db.session().scalars(select(resources.ResourceFile))
        assert (kept.file_id, file.name, file.type) == (file.id, "file.pdf", "application/pdf")


@pytest.mark.behaviour("H12", "H13", "H16")
def test_a_request_is_handed_in_answered_and_told_by_mail(
    world: World, nora: Visit, bea: Person, hugo: Person, post: PostOffice
) -> None:
    """The kinds are data: a certification, a demo portal and a joint event are three of them."""
    for label in ("Certification", "Demo portal", "Joint event"):
        form = {"kind-label": label, "kind-questions": "Who takes part?\nWhen?\n"}
        assert nora.post("/distributor/programmes/gold/request-kinds", form).status_code == 303
    bea.sees("/reseller/requests", "Certification", "Demo portal", "Joint event")
    with world.acting():
        known = {one.label: one.id for one in requests.kinds_of(programme_stage.the_programme().id)}
    at = f"/reseller/requests/new/{known['Certification']}"
    assert hugo.get(at).status_code == 404
    assert hugo.post(at, **{"answer-0": "We.", "answer-1": "Now."}).status_code == 404
    bea.sees(at, "Who takes part?")
    half = bea.post(at, **{"answer-0": "The two of us.", "answer-1": " "})
    assert half.status_code == 422
    assert "The two of us." in half.text
    answers = {"answer-0": "The two of us.", "answer-1": "In May."}
    mine = bea.places(at, **answers).split("?")[0]
    again = bea.post(at, **answers)
    assert (again.status_code, "waits for an answer already" in again.text) == (409, True)
    world.work()
    review = next(
        link for link in post.only("Brightfield asks: Certification")["links"] if "/requests/" in link
    ).removeprefix("http://shop.test")
    assert "In May." in nora.get(review).text
    assert nora.post(f"{review}/decline", {"reply": " "}).status_code == 422
    assert nora.post(f"{review}/grant", {"reply": "Welcome aboard."}).status_code == 303
    assert nora.post(f"{review}/decline", {"reply": "No."}).status_code == 409
    world.work()
    assert "Welcome aboard." in post.only("Granted: Certification")["text"]
    bea.sees(mine, "Welcome aboard.")
    assert hugo.get(mine).status_code == 404
    with world.acting("brightfield"):
        [found] = db.session().scalars(select(ProgrammeRequest))
        assert [line.what for line in trail.of(found.id)] == ["handed in", "submitted -> granted"]


def test_the_distributors_menu_counts_what_waits_beside_its_own_section(world: World, nora: Visit) -> None:
    ask(world, kind(world, "Certification"))
    page = nora.get("/distributor/").text
    sections = dict(
        re.findall(r'class="side-nav__link" href="/distributor/([^"]*)".*?</svg>(.*?)</a>', page, re.S)
    )
    assert {at for at, words in sections.items() if 'class="count' in words} == {"requests"}


@pytest.mark.behaviour("H40")
def test_a_demo_portal_expires_each_year_unless_it_is_renewed(
    world: World, bea: Person, post: PostOffice
) -> None:
    renewed = ask(world, kind(world, "Demo portal", yearly=True))
    left = ask(world, kind(world, "Lab portal", yearly=True))
    for code in (renewed, left):
        with world.acting():
            requests.grant(requests.find(code), reply="", by="Nora")
    world.goes_on(days=364)
    bea.places(f"/reseller/requests/{renewed}/renew")
    world.goes_on(days=2)
    with world.acting():
        requests.end_those_over()
    assert (state_of(world, renewed), state_of(world, left)) == (RequestState.GRANTED, RequestState.EXPIRED)
    assert bea.post(f"/reseller/requests/{left}/renew").status_code == 422
    world.work()
    assert post.mails("Over: Lab portal")
    assert not post.mails("Over: Demo portal")
    world.goes_on(days=365)
    with world.acting():
        requests.end_those_over()
    assert state_of(world, renewed) is RequestState.EXPIRED


def test_what_a_request_may_not_do(world: World) -> None:
    certification = kind(world)
    with pytest.raises(NotOffered):
        ask(world, certification, "harbour")
    with pytest.raises(Unanswered):
        ask(world, certification, **{"When?": " "})
    code = ask(world, certification)
    with pytest.raises(AskedAlready):
        ask(world, certification)
    with world.acting():
        found = requests.find(code)
        with pytest.raises(NoReply):
            requests.decline(found, reply="", by="Nora")
        with pytest.raises(NotRenewable):
            requests.renew(found)
        with pytest.raises(BadKind):
            requests.keep_kind(programme_stage.the_programme(), "Nothing", "", [" "], yearly=False)
    with world.acting("brightfield"):
        requests.withdraw(requests.find(code))
    with world.acting(), pytest.raises(IllegalMove):
        requests.grant(requests.find(code), reply="", by="Nora")
    end_partnership(world)
    with pytest.raises(NotOffered):
        ask(world, certification)


def test_the_partners_manager_answers_and_other_staff_do_not(world: World) -> None:
    code = ask(world, kind(world))
    with world.acting():
        member = staff(world, "mila", side=Side.DISTRIBUTOR)
        db.session().execute(
            update(Membership).where(Membership.id == member.membership_id).values(roles=["partner_manager"])
        )
    mila = Visit(make_app()).sign_in("mila")
    at = f"/distributor/requests/{code}"
    assert "Grant" not in mila.get(at).text
    assert mila.post(f"{at}/grant").status_code == 403
    with world.acting():
        account_managers.assign(parties.reseller(world.resellers["brightfield"]), member.membership_id)
    assert mila.post(f"{at}/grant").status_code == 303


# --- Until when it is answered ------------------------------------------------------------------------------


def days(*numbers: int) -> dict[str, str]:
    return {f"day_{day}": "y" for day in numbers}


@pytest.mark.behaviour("H14")
def test_support_hours_are_shown_and_a_request_is_answered_within_them(
    world: World, nora: Visit, bea: Person
) -> None:
    at, said = (
        "/distributor/programmes/gold/hours",
        {"begins": "00:00", "ends": "24:00", "answer_hours": "24"},
    )
    assert "No support hours" in nora.get(at).text
    wrong = nora.post(at, {**said, **days(0), "zone": "Nowhere/At all"})
    assert (wrong.status_code, "Nowhere/At all" in wrong.text) == (422, True)
    assert "Choose at least one day" in nora.post(at, {**said, "zone": "Europe/Berlin"}).text
    assert nora.post(at, {**said, **days(0, 1, 2, 3, 4), "zone": "Europe/Berlin"}).status_code == 303
    help_page = bea.get("/reseller/help").text
    assert "Monday to Friday" in help_page
    assert "answered within 24 of these hours" in help_page
    code = ask(world, kind(world))
    with world.acting():
        one = requests.find(code)
        assert one.answer_by is not None
        assert one.answer_by >= one.handed_in_at + timedelta(hours=24)
    assert "You get one by:" in bea.get(f"/reseller/requests/{code}").text
    assert "Late" not in nora.get("/distributor/requests").text
    with world.acting():
        requests.find(code).answer_by = one.handed_in_at - timedelta(hours=1)
    assert "Late" in nora.get("/distributor/requests").text
    assert "is over" in nora.get(f"/distributor/requests/{code}").text
    assert nora.post(f"/distributor/requests/{code}/grant", {"reply": ""}).status_code == 303
    assert "Late" not in nora.get("/distributor/requests").text


def test_of_two_clicks_at_once_one_asks_and_the_other_is_told(world: World) -> None:
    wanted = kind(world)
    [refused] = raised(at_once(*[lambda: ask(world, wanted)] * 2))
    assert isinstance(refused, AskedAlready)
