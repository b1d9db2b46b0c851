"""For the route sweep: programmes with applicants, partners, deals, newsletters, requests."""

from core import parties
from partners import (
    deal_rules,
    documents,
    enrolments,
    joinings,
    leavings,
    newsletters,
    programmes,
    reauthorisation_rules,
    reauthorisations,
    requests,
    resources,
    support_types,
    tiers,
)
from partners.documents import Brought
from partners.joinings import Paperwork, Rules
from tests.partners import deal_stage, programme_stage, tier_stage
from tests.tenancy import imports_stage
from tests.world import World


def apply_to_programme(world: World) -> dict[str, str]:
    """Lena waits for Northwind's answer; her link leads to its shop alone."""
    programme_stage.open_programme(world)
    with world.acting():
        joinings.keep(programme_stage.the_programme(), Rules(documents=Paperwork.OPTIONAL))
    programme_stage.apply(world)
    programme_stage.apply(world, email="otto@other.example", company="Other")
    programme_stage.approve(world, "otto@other.example")
    programme_stage.open_programme(world, "copper")
    with world.acting():
        application = programme_stage.the_application()
        code = application.code
        extract = Brought("extract.pdf", "application/pdf", b"%PDF-1.7 %%EOF")
        documents.add(application.id, joinings.of(application.programme_id), [extract])
        [document] = documents.of(application.id)
        approved = programme_stage.the_application("otto@other.example").code
    return {
        "application_document": str(document.id),
        "approved_application": approved,
        "programme": "gold",
        "application": code,
        "application_token": programme_stage.token(world),
        "applied_import": imports_stage.a_price_sheet(world, applied=True),
        "sheet_file": imports_stage.a_sheet_file(world),
        "price_import": imports_stage.a_price_sheet(world),
    }


def register_deals(world: World) -> dict[str, str]:
    """Brightfield, a partner of the gold programme, has a deal that waits and one that is approved."""
    with world.acting():
        deal_rules.keep(
            programme_stage.the_programme(), deal_rules.Rules(takes_deals=True, extension_days=30)
        )
    deal_stage.enrol(world, "brightfield")
    approved = deal_stage.approved(world, company="Quail Optics", website="quail.example", tax_id="")
    return {"deal": deal_stage.register(world), "approved_deal": approved}


def be_a_partner(world: World) -> dict[str, str]:
    """Brightfield is a partner whose yearly check is open, and leaves another programme."""
    tier_stage.open_tiers(world, "patching")
    tier_stage.open_tiers(world, "leaving")
    stays, leaves = (tier_stage.enrol(world, code=code) for code in ("patching", "leaving"))
    tier_stage.win(world, 1, code="patching")
    with world.acting():
        programme = programmes.find("patching")
        reauthorisation_rules.set_rules(programme, ["membership"], opens_days=30, grace_days=30)
        reauthorisations.open_for(enrolments.find(stays))
        gold = tiers.of_programme(programme.id)[1]
    with world.acting("brightfield"):
        leavings.give(enrolments.find(leaves), by="Bea", confirmed=True)
    return {"partnership": str(stays), "leaving": str(leaves), "tiered": "patching", "tier": str(gold.id)}


def write_to_partners(world: World) -> dict[str, str]:
    """Northwind has sent an issue to the partners of the patching programme, Brightfield among them."""
    with world.acting():
        issue = newsletters.send(
            programmes.find("patching"), subject="Harbour opens", text="Read this.", by="Nora"
        )
        return {"newsletter": issue.code}


def support(world: World) -> dict[str, str]:
    """Brightfield is a partner of the programme, qualified, and supports Acme itself; another type may be
    chosen too."""
    with world.acting():
        programme = programme_stage.the_programme()
        mine, theirs = (
            support_types.keep_type(
                programme, support_types.Described(label, "Who answers.", co_managed=own)
            ).id
            for label, own in (("Partner supported", True), ("Vendor supported", False))
        )
        standings = enrolments.of_reseller(world.resellers["brightfield"])
        [enrolment] = [one for one in standings if one.programme_id == programme.id]
    with world.acting("brightfield"):
        support_types.choose(parties.customer(world.customers["acme"]), mine)
    return {"support": str(theirs), "enrolment": str(enrolment.id)} | give_and_take(world)


def give_and_take(world: World) -> dict[str, str]:
    """The programme has a badge; Brightfield has asked for one thing and may ask for another."""
    with world.acting():
        programme = programme_stage.the_programme()
        badge = resources.add(
            programme, resources.Described("Badge"), name="b.pdf", content=b"%PDF-1.4 a badge"
        )
        kinds = [
            requests.keep_kind(programme, label, "", ["How many?"], yearly=False)
            for label in ("Certification", "Demo portal")
        ]
    with world.acting("brightfield"):
        asked = requests.hand_in(
            world.resellers["brightfield"],
            kinds[0].id,
            {"How many?": "Two."},
            name="Bea",
            email="bea@people.example",
        )
    return {"resource": str(badge.id), "free_kind": str(kinds[1].id), "request": asked.code}
