"""Forms whose words are said in the language of the request: what stands in a form's class is English, and
`bin/words` gathers it from there."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import wtforms
from wtforms.fields import choices as wtforms_choices

from core.errors import Refusal
from core.languages import _

FURTHEST = 10**15


class SelectChoice(wtforms_choices.SelectChoice):  # pyright: ignore[reportAttributeAccessIssue] the stubs are older
    """A value to choose, and its word."""


def choices(pairs: Iterable[tuple[str, str]]) -> list[Any]:
    """Values with their words, as a field to choose from takes them."""
    return [SelectChoice(value, word) for value, word in pairs]


class Form(wtforms.Form):
    """What every form here is. What a view puts into it later (choices of today, the sentence of a refusal)
    is said by the view."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self:
            field.label.text = _(field.label.text)
            field.description = _(field.description)
            if isinstance(field, wtforms.SelectField) and field.choices:
                chosen = map(SelectChoice.from_input, field.choices)
                field.choices = [replace(one, label=_(one.label)) for one in chosen]
            if _only_blanks(field):
                field.raw_data = field.data = None  # what is needed and has blanks alone is missing

    def process(self, *args: Any, **kwargs: Any) -> None:
        """Numbers that no machine counts to are none: validators would stumble over them."""
        super().process(*args, **kwargs)
        for field in self:
            if isinstance(field, wtforms.IntegerField) and abs(field.data or 0) > FURTHEST:
                field.data = None
                field.process_errors = [_("The number is too large.")]

    def tell(self, refusal: Refusal) -> str:
        """A refusal at the field that it is about, and what is said above the form; the refusal itself, where
        it is about none."""
        if refusal.field not in self:
            return str(refusal)
        self[refusal.field].errors = [str(refusal)]
        return _("Please look at the marked fields.")

    def validate(self, extra_validators: Any = None) -> bool:
        """The sentences of the validators are said too."""
        fine = super().validate(extra_validators)
        for field in self:
            field.errors = [_(sentence) for sentence in field.errors]
        return fine


def _only_blanks(field: Any) -> bool:
    needed = isinstance(field, wtforms.StringField) and field.flags.required
    return bool(
        needed
        and not isinstance(field, wtforms.PasswordField)
        and isinstance(field.data, str)
        and field.data
        and not field.data.strip()
    )
