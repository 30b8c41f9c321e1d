"""Forms of points finance."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from shuke.apps.loyalty.queries.finance import ROLES, account_names
from shuke.platform.money import to_minor
from shuke.web.forms import StyledForm


class CostForm(StyledForm):
    """From which month on how much money so many points are."""

    valid_from = forms.DateField(
        label=_("From the month of"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    points = forms.IntegerField(label=_("So many points"), min_value=1, max_value=10**9, initial=100)
    amount = forms.DecimalField(label=_("are worth"), min_value=0, max_digits=15)

    def cost(self, currency: str) -> dict[str, Any]:
        """The arguments of the operation."""
        values = self.cleaned_data
        return {
            "valid_from": values["valid_from"],
            "points": values["points"],
            "minor": to_minor(values["amount"], currency),
        }


class AccountsForm(StyledForm):
    """The retailer's own names of the accounts of the journal; an empty one takes the usual name."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        labels = {
            "liability": _("What members may still claim"),
            "deferral": _("What issuing defers"),
            "revenue": _("What redeeming releases"),
            "breakage": _("What expiry releases"),
            "adjustment": _("Points by hand"),
            "revaluation": _("Another cost of a point"),
        }
        names = account_names()
        for role in ROLES:
            field = forms.CharField(label=labels[role], max_length=120, required=False, initial=names[role])
            self.fields[role] = field
            self._style(field.widget)


class WhatIfForm(StyledForm):
    """Another cost, another life of points, or both."""

    points = forms.IntegerField(label=_("So many points"), min_value=1, max_value=10**9, required=False)
    amount = forms.DecimalField(label=_("would be worth"), min_value=0, max_digits=15, required=False)
    months = forms.IntegerField(
        label=_("Points would live (months)"), min_value=1, max_value=120, required=False
    )
    notice_days = forms.IntegerField(
        label=_("Days of notice"),
        min_value=0,
        max_value=730,
        required=False,
        help_text=_("No point ends before the notice is over."),
    )

    def question(self, currency: str) -> dict[str, Any]:
        """The arguments of the query."""
        values = self.cleaned_data
        amount = values["amount"]
        return {
            "minor": None if amount is None else to_minor(amount, currency),
            "points": values["points"] or 1,
            "months": values["months"],
            "notice_days": values["notice_days"] or 0,
        }


class AsOfForm(StyledForm):
    """Which kind of points, at the end of which day."""

    type = forms.CharField(max_length=20, required=False)
    day = forms.DateField(required=False)

    def chosen_day(self) -> date | None:
        """The day, if one was given that can be."""
        return self.cleaned_data.get("day") if self.is_valid() else None
