"""Reading the forms of sources and tracking plans."""

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from shuke.apps.collector.schemas import PropertyRule
from shuke.apps.connections.queries import accounts
from shuke.web.forms import StyledForm
from shuke.web.labels import choices_of

NEW = "__new__"
MAX_ROWS = 110
RATE_HINT = _("Requests above it are answered with “later”, and the libraries wait. Empty: no limit.")


class SourceForm(StyledForm):
    """Who is going to send."""

    name = forms.CharField(label=_("Name"), max_length=80, help_text=_("For instance: Web shop, App, Tills."))
    kind = forms.ChoiceField(label=_("What sends"))
    account = forms.ChoiceField(
        label=_("Channel account"),
        help_text=_(
            "Whose customer numbers the user ids are: the same number in the same account is one person."
        ),
    )
    events_per_second = forms.IntegerField(
        label=_("Events per second at most"),
        min_value=1,
        max_value=1_000_000,
        required=False,
        help_text=RATE_HINT,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = [(row.id, row.name) for row in accounts()]
        self._choose("kind", choices_of("source_kind"))
        self._choose("account", [*known, (NEW, _("A new account of the same name"))])

    def _choose(self, name: str, choices: list[Any]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - narrows the type
        field.choices = choices


class SourceSettingsForm(StyledForm):
    """What can be changed of a source."""

    name = forms.CharField(label=_("Name"), max_length=80)
    events_per_second = forms.IntegerField(
        label=_("Events per second at most"),
        min_value=1,
        max_value=1_000_000,
        required=False,
        help_text=RATE_HINT,
    )
    is_active = forms.BooleanField(
        label=_("Takes events"),
        required=False,
        help_text=_("Switched off, its keys are refused within seconds; what came stays."),
    )


class ExpectedEventForm(StyledForm):
    """The head of an expected event; its properties are rows of their own."""

    name = forms.CharField(
        label=_("Event"),
        max_length=120,
        help_text=_("Exactly as it is sent: Product Added is not product added."),
    )
    note = forms.CharField(
        label=_("When it is sent"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )


def property_rules(data: QueryDict) -> list[PropertyRule]:
    """The rows of the plan's form that have a name.  Raises ``pydantic.ValidationError`` for a type that is none."""
    names, types = data.getlist("property")[:MAX_ROWS], data.getlist("type")[:MAX_ROWS]
    required = set(data.getlist("required")[:MAX_ROWS])
    rows = zip(range(len(names)), names, types, strict=False)
    return [
        PropertyRule.model_validate(
            {"name": name.strip(), "type": kind, "is_required": str(number) in required}
        )
        for number, name, kind in rows
        if name.strip()
    ]
