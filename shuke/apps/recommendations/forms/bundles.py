"""What the retailer wants of every bundle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from shuke.apps.recommendations.schemas import BundleSettings


class BundleSettingsForm(forms.Form):
    """``departments``: those of the range; one that is left out and gone from the range stays left out."""

    left_out_departments = forms.MultipleChoiceField(
        label=_("Departments that are never recommended"),
        help_text=_("Fuel, coupons, deposits, bags: what stands on receipts and is no offer."),
        required=False,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"}),
    )
    minimum_count = forms.IntegerField(
        label=_("Least number of baskets"),
        help_text=_("A product in fewer baskets is not recommended by what members buy."),
        min_value=1,
        max_value=1000,
        widget=forms.NumberInput(attrs={"class": "form-control"}),
    )

    def __init__(self, *arguments: Any, departments: Sequence[str], **options: Any) -> None:
        super().__init__(*arguments, **options)
        field = self.fields["left_out_departments"]
        field.choices = [(name, name) for name in departments]  # type: ignore[attr-defined]

    def settings(self) -> BundleSettings:
        """What was chosen."""
        return BundleSettings(**self.cleaned_data)
