"""The theme studio: a theme, its settings, a logo, and the real shop beside it with what is not saved yet.
Tokens only: no HTML, CSS or script of a reseller ever reaches a page. It opens with the
storefront (I33)."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import request, url_for
from sqlalchemy import select
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response
from wtforms import BooleanField, Field, RadioField, SelectField, StringField
from wtforms.validators import InputRequired, Length

from core import db, trail
from core.errors import Missing
from core.languages import _
from partners import storefronts
from partners.storefronts import Image, Storefront, StorefrontState
from storefront import pages
from storefront.forms import Form, choices
from storefront.reseller import console, menu
from storefront.reseller.forms import Logo
from storefront.visitors import has_role, require_role
from whitelabel_themes import contrast, images
from whitelabel_themes.contrast import TEXT
from whitelabel_themes.images import BadImage
from whitelabel_themes.loader import Theme, themes
from whitelabel_themes.schema import BadSetting, Setting, Settings

PAPER = "#ffffff"
pages.saying(
    branding_saved="Saved. Your portal shows it already.",
    logo_saved="The logo is saved. Your portal shows it already.",
    logo_removed="The logo is removed; your portal shows your name instead.",
)


class ColourField(StringField):
    """A colour as hex. The button that takes the nearest readable colour sends the same name once more: the
    last one counts."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        """The value of the pressed button, else what was typed."""
        if valuelist:
            self.data = str(valuelist[-1]).strip()


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a colour can be read as text on white (WCAG 2.2, 1.4.3), and the nearest that can."""

    passes: bool
    text: str
    nearest: str | None


# --- The page -----------------------------------------------------------------------------------------------


@console.get("/branding")
def branding_page() -> Response:
    """The studio, or how to get a storefront."""
    own = menu.own_storefront()
    if own is None or own.state is not StorefrontState.OPEN:
        return pages.render("reseller/branding_closed.html", title=_("Branding"), storefront=own)
    theme = themes().get(own.theme) or themes()["aurora"]
    return studio(own, theme, studio_form(theme)(data=saved(own, theme)))


@console.post("/branding")
def save_branding() -> Response:
    """Saves; or, with any other button, shows what was chosen without saving it."""
    require_role("storefront_manager")
    own = required()
    theme = themes().get(request.form.get("theme", own.theme)) or themes()[own.theme]
    form = studio_form(theme)(fitting(theme, request.form))
    if request.form.get("act") != "save":
        return studio(own, theme, form)
    settings = checked(theme, form)
    if settings is None or unreadable(theme, form) and not form["keep"].data:
        return studio(own, theme, form, status=422)
    with db.transaction():
        storefront = storefronts.find(own.id)
        if not storefronts.the_scope_may_style(storefront):
            raise Missing("storefront")
        storefront.name, storefront.theme, storefront.settings = (
            form["shop_name"].data,
            theme.name,
            dict(settings),
        )
        storefronts.touch_looks(storefront)
        trail.write(
            storefront,
            "restyled",
            theme=theme.name,
            kept_low_contrast=bool(form["keep"].data and unreadable(theme, form)),
        )
    return pages.see("reseller.branding_page", "branding-saved")


def required() -> Storefront:
    """The reseller's open storefront; Missing before it has one."""
    own = menu.own_storefront()
    if own is None or own.state is not StorefrontState.OPEN:  # I33
        raise Missing("storefront")
    return own


def studio(
    own: Storefront, theme: Theme, form: Form, *, status: int = 200, logo_problem: str | None = None
) -> Response:
    """The page with a form as it is filled and the preview of just that."""
    return pages.render(
        "reseller/branding.html",
        status,
        title=_("Branding"),
        may_change=has_role("storefront_manager"),
        form=form,
        theme=theme,
        theme_notes={each.name: _(each.character) for each in themes().values()},
        colours=[form[s.key] for s in theme.settings if s.type == "colour"],
        words=[form[s.key] for s in theme.settings if s.type == "text"],
        choices=[form[s.key] for s in theme.settings if s.type in ("choice", "font")],
        switches=[form[s.key] for s in theme.settings if s.type == "switch"],
        verdicts=verdicts_of(theme, form),
        oob=False,
        unreadable=bool(unreadable(theme, form)),
        preview_url=url_for("reseller.preview", **chosen(theme, form)),
        logo=Logo(),
        logo_url=logo_url(own),
        logo_problem=logo_problem,
        portal_url=menu.portal_url(own, absolute=True),
    )


def logo_url(own: Storefront) -> str | None:
    """The logo at the portal's own address."""
    return f"{menu.portal_url(own)}images/{own.logo}.png" if own.logo else None


# --- The form: made from what the theme declares ------------------------------------------------------------


def studio_form(theme: Theme) -> type[Form]:
    """One field per setting of the theme, and the shop's name. A logo is not typed but uploaded."""
    made: dict[str, Any] = {
        setting.key: field_of(setting) for setting in theme.settings if setting.type != "image"
    }
    made["theme"] = RadioField(
        "Theme",
        choices=choices((each.name, each.title) for each in themes().values()),
        default=theme.name,
    )
    made["shop_name"] = StringField(
        "Name of your shop", [InputRequired("Your shop needs a name."), Length(max=80)]
    )
    made["keep"] = BooleanField(
        "Keep this colour",
        description="Texts and links take the nearest shade that can be read; large areas keep yours.",
    )
    return type("Studio", (Form,), made)


def field_of(setting: Setting) -> Any:
    """The field for a setting."""
    common: dict[str, Any] = {"label": setting.label, "description": setting.hint, "default": setting.default}
    match setting.type:
        case "colour":
            return ColourField(**common)
        case "choice" | "font":
            return SelectField(**common, choices=choices(setting.choices))
        case "switch":
            return BooleanField(**common)
        case _:
            return StringField(**common, render_kw={"maxlength": setting.limit})


def saved(own: Storefront, theme: Theme) -> dict[str, Any]:
    """What the shop has now."""
    return {**theme.validate(known(theme, own.settings)), "shop_name": own.name, "theme": theme.name}


def known(theme: Theme, values: Mapping[str, Any]) -> dict[str, Any]:
    """Only what this theme declares: two themes share most of their settings, not all."""
    keys = {setting.key for setting in theme.settings}
    return {key: value for key, value in values.items() if key in keys}


def checked(theme: Theme, form: Form) -> Settings | None:
    """The settings as the theme stores them; None when a field was refused, with the sentence at the
    field."""
    good = form.validate()
    values = {key: field.data for key, field in form._fields.items() if key in known(theme, form._fields)}
    for key, value in values.items():
        try:
            setting_of(theme, key).parse(value)
        except BadSetting as error:
            form[key].errors, good = [error.message], False
    return theme.validate(values) if good else None


def fitting(theme: Theme, given: MultiDict[str, str]) -> MultiDict[str, str]:
    """What was sent, for the theme that was chosen. Where the form was drawn for another theme, its corners,
    spacing and switches are not this one's character: they begin as the theme has them; colours and words
    stay."""
    if given.get("drawn", theme.name) == theme.name:
        return given
    style = {s.key: s.default for s in theme.settings if s.type in ("choice", "font", "switch")}
    kept = [(key, value) for key, value in given.items(multi=True) if key not in style]
    own = [(key, "on" if value is True else str(value)) for key, value in style.items() if value is not False]
    return MultiDict([*kept, *own])


def setting_of(theme: Theme, key: str) -> Setting:
    """A setting by its key."""
    return next(setting for setting in theme.settings if setting.key == key)


def unreadable(theme: Theme, form: Form) -> list[Field]:
    """Colours that fail as text on white."""
    return [
        form[s.key]
        for s in theme.settings
        if s.type == "colour" and (found := verdict(form[s.key].data)) and not found.passes
    ]


def verdicts_of(theme: Theme, form: Form) -> dict[str, Verdict | None]:
    """setting -> verdict, for every colour of the theme."""
    return {
        setting.key: verdict(form[setting.key].data) for setting in theme.settings if setting.type == "colour"
    }


def verdict(colour: str | None) -> Verdict | None:
    """None for what is no colour: the field's own error says that."""
    try:
        parsed = contrast.parse_colour(colour or "")
    except ValueError:
        return None
    found = contrast.check(parsed, PAPER)
    words = _("%(ratio)s : 1 on white", ratio=f"{found.ratio:.1f}")
    if found.passes:
        return Verdict(True, _("%(words)s, easy to read", words=words), None)
    return Verdict(
        False,
        _("%(words)s; text needs %(least)s : 1", words=words, least=TEXT),
        contrast.nearest_passing(parsed, PAPER, TEXT),
    )


def chosen(theme: Theme, form: Form) -> dict[str, Any]:
    """What the preview's address carries: whatever can be drawn of what was typed."""
    values: dict[str, Any] = {"theme": theme.name, "shop_name": form["shop_name"].data or ""}
    for setting in theme.settings:
        if setting.key in form._fields:
            try:
                value = setting.parse(form[setting.key].data)
            except BadSetting:
                continue
            values[setting.key] = value if isinstance(value, str) else ("on" if value else "off")
    return values


# --- The logo -----------------------------------------------------------------------------------------------


@console.post("/branding/logo")
def save_logo() -> Response:
    """Takes a picture apart and draws it anew; the file itself is never kept."""
    require_role("storefront_manager")
    own = required()
    if request.form.get("act") == "remove":
        return set_logo(own, None, "logo-removed")
    upload = request.files.get("logo")
    try:
        picture = images.reencode(upload.read() if upload else b"", max_px=640, max_bytes=200 * 1024)
    except BadImage as bad:
        theme = themes()[own.theme]
        return studio(
            own, theme, studio_form(theme)(data=saved(own, theme)), status=422, logo_problem=bad.message
        )
    return set_logo(own, picture, "logo-saved")


def set_logo(own: Storefront, picture: bytes | None, said: str) -> Response:
    """Stores the picture under its content's name and shows it from the next request on."""
    with db.transaction() as session:
        storefront = storefronts.find(own.id)
        name = hashlib.sha256(picture).hexdigest()[:32] if picture else None
        if picture and name and session.scalar(select(Image.id).where(Image.name == name)) is None:
            db.add(Image(reseller_id=storefront.reseller_id, name=name, content=picture))
        storefront.logo = name
        storefronts.touch_looks(storefront)
        trail.write(storefront, "logo changed" if name else "logo removed")
    return pages.see("reseller.branding_page", said)
