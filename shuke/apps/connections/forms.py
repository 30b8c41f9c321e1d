"""Reading the forms of imports."""

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from shuke.apps.connections.queries import accounts
from shuke.sources.files.kinds import KINDS
from shuke.web.labels import choices_of, label_of

NEW = "__new__"


class UploadForm(forms.Form):
    """A file, what it holds and where it comes from."""

    file = forms.FileField(label=_("File"))
    kind = forms.ChoiceField(label=_("What the file holds"))
    account = forms.ChoiceField(label=_("Channel account"))
    new_account = forms.CharField(label=_("Name of the new account"), max_length=80, required=False)
    sales_channel = forms.ChoiceField(label=_("Sales channel of the new account"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = [(row.id, row.name) for row in accounts()]
        self._choose("kind", [(name, label_of("import_kind", name)) for name in KINDS])
        self._choose("account", [*known, (NEW, _("A new account …"))])
        self._choose("sales_channel", choices_of("sales_channel"))
        self.has_accounts = bool(known)

    def _choose(self, name: str, choices: list[Any]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - narrows the type
        field.choices = choices

    def clean(self) -> dict[str, Any]:
        """A new account needs a name."""
        values = super().clean() or {}
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
