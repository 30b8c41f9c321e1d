"""Reading the forms of imports."""

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from shuke.apps.connections.queries import accounts
from shuke.apps.connections.schemas import ConnectionView, Pace, SystemField, SystemView
from shuke.sources.files.kinds import KINDS
from shuke.web.forms import StyledForm
from shuke.web.labels import choices_of, label_of

NEW = "__new__"


class UploadForm(forms.Form):
    """A file, what it holds and where it comes from."""

    file = forms.FileField(label=_("File"))
    details = forms.FileField(label=_("Second file (details)"), required=False)
    kind = forms.ChoiceField(label=_("What the file holds"), required=False)
    account = forms.ChoiceField(label=_("Channel account"), required=False)
    new_account = forms.CharField(label=_("Name of the new account"), max_length=80, required=False)
    sales_channel = forms.ChoiceField(label=_("Sales channel of the new account"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = [(row.id, row.name) for row in accounts()]
        kinds = [(name, label_of("import_kind", name)) for name in KINDS]
        self._choose("kind", [("", _("Found out by its headers")), *kinds])
        self._choose("account", [("", _("Found out by the platform")), *known, (NEW, _("A new account …"))])
        self._choose("sales_channel", choices_of("sales_channel"))
        self.has_accounts = bool(known)

    def _choose(self, name: str, choices: list[Any]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - narrows the type
        field.choices = choices

    def clean(self) -> dict[str, Any]:
        """A new account needs a name; who writes one means a new account."""
        values = super().clean() or {}
        if not values.get("account") and (values.get("new_account") or "").strip():
            values["account"] = NEW
        if values.get("account") == NEW and not (values.get("new_account") or "").strip():
            self.add_error("new_account", _("Give the new account a name."))
        return values


def mapping_settings(data: QueryDict, field_names: list[str]) -> dict[str, Any]:
    """The settings that the mapping editor sent."""
    settings: dict[str, Any] = {
        "columns": {
            name: data.get(f"column:{name}", "") for name in field_names if data.get(f"column:{name}")
        },
        "fills": {
            name: {"rule": data.get(f"fill:{name}"), "value": data.get(f"fill_value:{name}", "")[:200]}
            for name in field_names
            if data.get(f"fill:{name}")
        },
    }
    for name in (
        "time_zone", "currency", "amount_unit", "decimal_mark", "date_order", "fractions", "encoding", "separator",
    ):  # fmt: skip
        value = data.get(name, "").strip(" ") if name != "separator" else data.get(name, "")
        if value:
            settings[name] = "\t" if value == "tab" else value[:60]
    attributes = [header for header in data.getlist("attribute") if header]
    if attributes:
        settings["attributes"] = {header: header for header in attributes}
    return settings


class ConnectionForm(StyledForm):
    """The settings and secrets of a kind of system, how often it is asked, and for a new one its account."""

    def __init__(
        self, *args: Any, system: SystemView, view: ConnectionView | None = None, **kwargs: Any
    ) -> None:
        self.system, self.view = system, view
        super().__init__(*args, **kwargs)
        if view is None:
            self._ask_account()
        for field in system.fields:
            self.fields[_key(field)] = self._field(field)
        self._ask_pace(view.pace if view else Pace())
        for made in self.fields.values():
            self._style(made.widget)

    def _ask_account(self) -> None:
        known = [(row.id, row.name) for row in accounts()]
        self.fields["account"] = forms.ChoiceField(
            label=_("Channel account"),
            choices=[*known, (NEW, _("A new account …"))],
            initial=NEW,
            help_text=_("Orders and customers of the shop belong to it."),
        )
        self.fields["new_account"] = forms.CharField(
            label=_("Name of the new account"), max_length=80, required=False, initial=self.system.label
        )
        self.fields["sales_channel"] = forms.ChoiceField(
            label=_("Sales channel of the new account"),
            choices=choices_of("sales_channel"),
            initial="web",
            required=False,
        )

    def _field(self, field: SystemField) -> forms.Field:
        is_set = self.view is not None and field.name in self.view.secrets
        attrs: dict[str, Any] = {"autocomplete": "off", "spellcheck": "false"}
        widget: forms.Widget = forms.TextInput(attrs=attrs)
        if field.is_secret:
            # A key that was typed just now outlives a trial; one that is kept is never shown again.
            widget = forms.PasswordInput(
                render_value=self.view is None, attrs=attrs | {"autocomplete": "new-password"}
            )
        help_text = _("Kept; fill in only to change it.") if is_set else field.help
        before = (
            self.view.settings.get(field.name, "") if self.view and not field.is_secret else field.default
        )
        return forms.CharField(
            label=field.label,
            required=field.is_required and not is_set,
            max_length=2_000,
            initial=before,
            help_text=help_text,
            widget=widget,
        )

    def _ask_pace(self, pace: Pace) -> None:
        number = forms.NumberInput
        self.fields["every_minutes"] = forms.IntegerField(
            label=_("Synchronise every … minutes"),
            min_value=1,
            max_value=10_080,
            initial=pace.every_minutes,
            widget=number(),
        )
        self.fields["requests_per_second"] = forms.FloatField(
            label=_("At most … requests a second"),
            min_value=0,
            max_value=1000,
            required=False,
            initial=pace.requests_per_second,
            help_text=_("Empty: what suits the system. 0: no limit."),
            widget=number(attrs={"step": "any"}),
        )
        self.fields["rescan_days"] = forms.IntegerField(
            label=_("Look again at orders of the last … days"),
            min_value=0,
            max_value=3650,
            initial=pace.rescan_days,
            help_text=_("Once a day, for changes that the system does not tell, such as refunds."),
            widget=number(),
        )
        self.fields["listing_days"] = forms.IntegerField(
            label=_("Look for deleted records every … days"),
            min_value=0,
            max_value=365,
            initial=pace.listing_days,
            help_text=_("0: never."),
            widget=number(),
        )

    def clean(self) -> dict[str, Any]:
        """A new account needs a name."""
        values = super().clean() or {}
        if values.get("account") == NEW and not (values.get("new_account") or "").strip():
            self.add_error("new_account", _("Give the new account a name."))
        return values

    def given(self, *, is_secret: bool) -> dict[str, str]:
        """The settings or the secrets that were filled in."""
        fields = [field for field in self.system.fields if field.is_secret == is_secret]
        return {field.name: self.cleaned_data.get(_key(field)) or "" for field in fields}

    def pace(self) -> dict[str, Any]:
        """The numbers of the schedule."""
        names = ("every_minutes", "requests_per_second", "rescan_days", "listing_days")
        return {name: self.cleaned_data.get(name) for name in names}


def _key(field: SystemField) -> str:
    return f"{'secret' if field.is_secret else 'setting'}_{field.name}"
