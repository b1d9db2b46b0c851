"""Fields for the style page that look like bound form fields and draw themselves, so that this package
needs no form library."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace as Values
from typing import Any

from markupsafe import Markup


@dataclass
class SampleField:
    """What the macros use of a bound WTForms field."""

    name: str
    caption: str
    type: str = "StringField"
    data: Any = ""
    description: str = ""
    errors: tuple[str, ...] = ()
    required: bool = True
    options: tuple[tuple[str, str], ...] = ()
    id: str = field(init=False)
    label: Values = field(init=False)
    flags: Values = field(init=False)

    def __post_init__(self) -> None:
        self.id = self.name
        self.label = Values(text=self.caption)
        self.flags = Values(required=self.required)

    def __call__(self, **attributes: Any) -> Markup:
        written = Markup("").join(
            _attribute(name, value) for name, value in self._attributes(attributes).items()
        )
        if self.type == "SelectField":
            return Markup("<select{}>{}</select>").format(written, self._option_tags())
        if self.type == "TextAreaField":
            return Markup("<textarea{}>{}</textarea>").format(written, self.data)
        return Markup("<input{}>").format(written)

    def __iter__(self) -> Iterator["SampleField"]:
        for number, (value, caption) in enumerate(self.options):
            option = SampleField(self.name, caption, type="_Option", data=value)
            option.id = f"{self.name}-{number}"
            option.required = value == self.data
            yield option

    def _attributes(self, given: dict[str, Any]) -> dict[str, Any]:
        kinds = {"BooleanField": "checkbox", "FileField": "file", "_Option": "radio"}
        own: dict[str, Any] = {"id": self.id, "name": self.name, "required": self.flags.required}
        if self.type not in ("SelectField", "TextAreaField"):
            own |= {
                "type": kinds.get(self.type, "text"),
                "value": "" if self.type == "FileField" else str(self.data),
            }
        if self.type in ("BooleanField", "_Option"):
            own |= {
                "checked": self.data is True or (self.type == "_Option" and self.required),
                "required": False,
            }
        return own | given

    def _option_tags(self) -> Markup:
        return Markup("").join(
            Markup('<option value="{}">{}</option>').format(*option) for option in self.options
        )


class SampleForm:
    """What error_summary uses of a form: its errors, and its fields one after another."""

    def __init__(self, wrong: list[SampleField]) -> None:
        self.errors = {entry.name: entry.errors for entry in wrong}
        self._wrong = wrong

    def __iter__(self) -> Iterator[SampleField]:
        return iter(self._wrong)


def fields() -> Values:
    return Values(
        reason=SampleField("reason", "Reason", description="Kept with the order.", required=False),
        company=SampleField("company", "Company", data="Ferrow & Sons"),
        email=SampleField(
            "email", "E-mail", data="ana@ferrow", errors=("Write the whole address, with a dot after the @.",)
        ),
        country=SampleField(
            "country", "Country", type="SelectField", options=(("ie", "Ireland"), ("pt", "Portugal"))
        ),
        alias=SampleField("alias", "Address of your shop", data="brightfield"),
        quantity=SampleField("seats", "Seats", data="10", description="At least 1, at most 300."),
        price=SampleField("price", "Your price", data="12.90"),
        payment=SampleField(
            "payment",
            "How do you pay?",
            type="RadioField",
            data="card",
            options=(("card", "Card"), ("terms", "On account")),
        ),
        renew=SampleField(
            "renew", "Renew by itself", type="BooleanField", data=True, description="Next on 22 Nov 2027."
        ),
        agree=SampleField(
            "agree",
            "I accept the customer agreement",
            type="BooleanField",
            errors=("Please accept it to go on.",),
        ),
        logo=SampleField("logo", "Logo", type="FileField", required=False),
        brand=SampleField("brand", "Brand colour", data="#f97316"),
        note=SampleField(
            "note", "Note", type="TextAreaField", required=False, description="Shown to your team only."
        ),
    )


def _attribute(name: str, value: Any) -> Markup:
    if value is False or value is None:
        return Markup("")
    written = name.rstrip("_").replace("_", "-")
    return Markup(" {}").format(written) if value is True else Markup(' {}="{}"').format(written, value)
