"""What a programme says about its partners' customers: who creates them, how far away they may be, admin
rights, agreements with the relation (M32-M34), and what its partners' console goes without (P3)."""

from dataclasses import asdict

from flask import request
from werkzeug.wrappers import Response
from wtforms import BooleanField, StringField
from wtforms.validators import Length

from core import db
from core.errors import Missing, Refusal
from core.languages import _
from partners import joinings, programmes, relation_rules
from partners.joinings import CHANNELS
from partners.relation_rules import Relations
from storefront import pages, timelines
from storefront.distributor import console, programme_pages
from storefront.forms import Form
from storefront.visitors import has_role, require_role

pages.saying(relations_saved="Saved. It counts from the next act on; what customers have granted stays.")


class RelationsForm(Form):
    """The rules, each with what it does."""

    provider_creates = BooleanField(
        "You create the customers",
        description="Its partners cannot: they ask you, and the customer stands on their list once you have"
        " created it. For indirect resellers.",
    )
    asks_rights = BooleanField(
        "Partners may ask for admin rights",
        description="With a customer's consent a partner opens its services and gives seats for it. The"
        " customer can remove the rights at any time.",
    )
    agreement_first = BooleanField(
        "Agreements come with the relation",
        description="Whoever enters the relation for a customer accepts your customer agreements in the same"
        " step. Off: they are asked for before the first order.",
    )
    same_area = BooleanField(
        "Only within the same country or region",
        description="Partners take on customers of their own country, or of the region below, and of no"
        " other.",
    )
    region = StringField(
        "Countries that count as one region",
        [Length(max=800)],
        description="Two letters each, such as NL BE LU. Empty: each country is one by itself.",
    )
    no_dashboard = BooleanField(
        "Without a dashboard",
        description="The console of its partners begins with their customers. It counts for whoever is in no"
        " other programme.",
    )
    no_agents = BooleanField(
        "Without pages for machines and seats",
        description="Its partners look after nobody's agents: customers' dashboards are not there for them.",
    )

    def rules(self) -> Relations:
        """What it says."""
        return Relations(
            self.provider_creates.data,
            self.asks_rights.data,
            self.agreement_first.data,
            self.same_area.data,
            tuple((self.region.data or "").replace(",", " ").split()),
            self.no_dashboard.data,
            self.no_agents.data,
        )


@console.get("/programmes/<code>/relations")
def programme_relations(code: str) -> Response:
    """The page."""
    return show_relations(code)


def show_relations(
    code: str, status: int = 200, *, form: RelationsForm | None = None, problem: str | None = None
) -> Response:
    """The page, with what was typed where it was refused."""
    with db.transaction():
        found = programmes.find(code)
        rules = relation_rules.of_programme(found.id)
        channel = joinings.of(found.id).channel
        name, timeline = found.name, timelines.of([found.id])
    return pages.render(
        "distributor/programme_relations.html",
        status,
        title=_("%(programme)s: customers", programme=name),
        programme={"code": code, "name": name},
        tabs=programme_pages.tabs(code),
        form=form or RelationsForm(data=asdict(rules) | {"region": " ".join(rules.region)}),
        channel=CHANNELS[channel],
        problem=problem,
        timeline=timeline,
        may_change=has_role("admin"),
    )


@console.post("/programmes/<code>/relations")
def save_programme_relations(code: str) -> Response:
    """From the next act on."""
    require_role("admin")
    form = RelationsForm(request.form)
    if not form.validate():
        return show_relations(code, 422, form=form)
    try:
        with db.transaction():
            relation_rules.keep(programmes.find(code), form.rules())
    except Missing:
        raise
    except Refusal as refusal:
        return show_relations(code, refusal.status, form=form, problem=str(refusal))
    return pages.see("distributor.programme_relations", "relations-saved", code=code)
