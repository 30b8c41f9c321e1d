"""Forms of points by hand."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from shuke.apps.loyalty.schemas import PointsTypeView
from shuke.web.forms import StyledForm
from shuke.web.labels import choices_of


class AdjustmentForm(StyledForm):
    """Points to give or take, and why.  ``key`` makes a form that is sent twice book once."""

    key = forms.CharField(max_length=40, widget=forms.HiddenInput)
    points = forms.IntegerField(
        label=_("Points"),
        min_value=-(10**12),
        max_value=10**12,
        help_text=_("With a minus to take points away."),
    )
    reason = forms.ChoiceField(label=_("Reason"))
    note = forms.CharField(
        label=_("Note"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("For colleagues; deleted when the member is forgotten."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].choices = choices_of("adjustment_reason")  # type: ignore[attr-defined]


class LimitsForm(StyledForm):
    """How many points of each type one person may book alone; an empty field for any number."""

    def __init__(self, *args: Any, kinds: list[PointsTypeView], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for kind in kinds:
            field = forms.IntegerField(
                label=kind.name,
                min_value=0,
                max_value=10**12,
                required=False,
                initial=kind.adjustment_limit,
                help_text=_("Empty: one person may book any number."),
            )
            self.fields[kind.code] = field
            self._style(field.widget)
