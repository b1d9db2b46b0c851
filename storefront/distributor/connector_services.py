"""What a connector's vendor offers: asked by hand or every night, its answer a preview that a person takes
over, and what the vendor says about its products beside their prices."""

from operator import attrgetter
from typing import Any
from uuid import UUID

from flask import request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response
from wtforms import BooleanField, SelectField, StringField
from wtforms.validators import InputRequired, Length

from catalog import price_imports, service_sources
from catalog.price_imports import ImportState, PriceImport
from catalog.price_lists import PriceList
from catalog.service_sources import ServiceSource
from catalog.vendor_relations import VendorRelation
from core import db
from core.errors import Missing, Refusal
from core.languages import _
from provisioning import connections, service_definitions
from provisioning.connectors import base
from storefront import lists, pages
from storefront.distributor import console
from storefront.distributor.price_imports import RELATIONS, STATES, TONES
from storefront.distributor.tax_rates import basis_points
from storefront.forms import Form, SelectChoice
from storefront.lists import Column, List
from storefront.moments import moment
from storefront.visitors import has_role, require_role, visitor

ROLE = "storefront_manager"
pages.saying(
    services_asked="The vendor is being asked. What it lists is shown here before anything changes.",
)


class AskForm(Form):
    """What the vendor's prices are for."""

    price_list = SelectField(
        "Price list", coerce=str, description="Whose wholesale prices are set; its currency is the vendor's."
    )
    share = StringField(
        "Wholesale share",
        [InputRequired("Say which share of the list price resellers pay.")],
        description="Percent of the list price that resellers on the list pay.",
        default="85",
    )
    category = StringField(
        "Category of new products",
        [InputRequired("Name a category."), Length(max=80)],
        default="Cloud",
        description="Where shops show what the vendor puts into no category.",
    )
    nightly = BooleanField(
        "Ask again every night",
        description="Nothing changes by itself: what is different waits for you on the work queue.",
    )


@console.get("/connectors/<key>/services")
def connector_services(key: str) -> Response:
    """What was asked, what came of it, and the form."""
    return show(key)


def show(key: str, form: Any = None, status: int = 200, *, problem: str | None = None) -> Response:
    """The page, with a refused form as it was sent."""
    connector = connections.find(key)
    if not base.can_define(connector):
        raise Missing("page")
    with db.transaction() as session:
        source = service_sources.everyone().get(key)
        form = with_choices(form or filled(source))
        relations = lists.page(relation_list(f"connector:{key}"), select(VendorRelation))
        imports = session.scalars(
            select(PriceImport)
            .where(PriceImport.source == f"connector:{key}")
            .order_by(PriceImport.created_at.desc(), PriceImport.id.desc())
            .limit(5)
        ).all()
        values = {
            "key": key,
            "label": _(connector.label),
            "asking": bool(source and source.asking),
            "answered": moment(source.answered_at) if source and source.answered_at else None,
            "words": source.words if source else "",
            "imports": [
                {
                    "code": one.code,
                    "url": url_for("distributor.import_page", code=one.code),
                    "state": STATES[one.state],
                    "tone": TONES[one.state],
                    "by": one.created_by,
                    "read": moment(one.created_at),
                    "waits": one.state is ImportState.PREVIEWED,
                    "differs": price_imports.differs(one),
                }
                for one in imports
            ],
        }
    return pages.render(
        "distributor/connector_services.html",
        status,
        title=_("What the vendor offers"),
        one=values,
        form=form,
        relations=relations,
        may_ask=has_role(ROLE),
        problem=problem,
    )


def filled(source: ServiceSource | None) -> AskForm:
    """The form as it was sent last."""
    if source is None:
        return AskForm()
    return AskForm(
        price_list=str(source.price_list_id),
        share=f"{source.share_points / 100:g}",
        category=source.category,
        nightly=source.nightly,
    )


def with_choices(form: AskForm) -> AskForm:
    """In a transaction."""
    found = db.session().scalars(select(PriceList).order_by(PriceList.name))
    form.price_list.choices = [SelectChoice(str(one.id), f"{one.name} ({one.currency})") for one in found]
    return form


def relation_list(source: str) -> List:
    """What the vendor says about two of its things."""
    return List(
        _("Relations"),
        "distributor.connector_services",
        [
            Column("from", _("From"), attrgetter("from_code"), VendorRelation.from_code),
            Column("relation", _("Relation"), attrgetter("relation")),
            Column("to", _("To"), attrgetter("to_code"), VendorRelation.to_code),
        ],
        VendorRelation.id,
        lambda found: [
            {"from": row.from_code, "relation": RELATIONS[row.relation], "to": row.to_code}
            for (row,) in found
        ],
        "from",
        search=lambda query: (
            VendorRelation.from_code.icontains(query, autoescape=True)
            | VendorRelation.to_code.icontains(query, autoescape=True)
        ),
        always=VendorRelation.source == source,
    )


@console.post("/connectors/<key>/services")
def get_services(key: str) -> Response:
    """A worker asks the vendor."""
    require_role(ROLE)
    with db.transaction():
        form = with_choices(AskForm(request.form))
    fine, share = form.validate(), basis_points(form.share.data or "")
    if form.share.data and not share:
        form.share.errors = [_("A number of percent above 0 and at most 100, such as 85.")]
    if not fine or not share:
        return show(key, form, 422)
    try:
        with db.transaction() as session:
            service_definitions.ask(
                key,
                price_list=session.scalars(
                    select(PriceList).where(PriceList.id == UUID(form.price_list.data))
                ).one(),
                share_points=share,
                category=form.category.data or "",
                nightly=form.nightly.data,
                by=visitor().name,
            )
    except Missing:
        raise
    except Refusal as refusal:
        return show(key, form, refusal.status, problem=str(refusal))
    return pages.see("distributor.connector_services", "services-asked", key=key)
