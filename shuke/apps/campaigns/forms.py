"""Forms of campaigns."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from shuke.apps.campaigns.schemas import CampaignInput, CampaignView, ContentInput
from shuke.platform.money import exponent, to_major, to_minor
from shuke.platform.retailer.schemas import RetailerView
from shuke.web.forms import StyledForm
from shuke.web.labels import choices_of

DATE = {"type": "date"}


class PlanForm(StyledForm):
    """Step one: what, for whom, when, at what cost."""

    name = forms.CharField(label=_("Name"), max_length=120)
    goal = forms.ChoiceField(label=_("Goal"))
    audience_id = forms.ChoiceField(label=_("Audience"), required=False)
    channel = forms.ChoiceField(
        label=_("Channel"),
        choices=[("email", _("Email")), ("console", _("Console outbox (to be looked at only)"))],
    )
    starts_on = forms.DateField(label=_("First day"), widget=forms.DateInput(attrs=DATE, format="%Y-%m-%d"))
    ends_on = forms.DateField(
        label=_("Last day"),
        widget=forms.DateInput(attrs=DATE, format="%Y-%m-%d"),
        help_text=_("Orders up to the end of this day count."),
    )
    budget = forms.DecimalField(label=_("Budget"), min_value=0, max_digits=15)
    cost_per_thousand = forms.DecimalField(label=_("Cost of 1,000 messages"), min_value=0, max_digits=12)
    control_percent = forms.IntegerField(
        label=_("Control group, percent"),
        min_value=0,
        max_value=90,
        help_text=_("These members get nothing, so that the effect can be measured."),
    )
    is_lasting_control = forms.BooleanField(
        label=_("Use the lasting control group"),
        required=False,
        help_text=_("The same members stay untouched by every campaign; otherwise this one draws its own."),
    )
    wished_lift_percent = forms.IntegerField(
        label=_("Revenue lift you hope for, percent"), min_value=1, max_value=1000
    )
    notes = forms.CharField(
        label=_("Idea and notes"), required=False, max_length=20_000, widget=forms.Textarea(attrs={"rows": 4})
    )

    def __init__(
        self, *args: Any, audiences: list[tuple[str, str]], shop: RetailerView, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.shop = shop
        self.fields["goal"].choices = choices_of("campaign_goal")  # type: ignore[attr-defined]
        self.fields["audience_id"].choices = [("", _("Choose …")), *audiences]  # type: ignore[attr-defined]
        for name in ("budget", "cost_per_thousand"):
            self.fields[name].widget.attrs["step"] = str(Decimal(1).scaleb(-exponent(shop.currency)))

    def clean(self) -> dict[str, Any]:
        """The last day is not before the first."""
        data = super().clean() or {}
        if data.get("starts_on") and data.get("ends_on") and data["ends_on"] < data["starts_on"]:
            self.add_error("ends_on", _("The last day lies before the first."))
        return data

    def plan(self) -> CampaignInput:
        """What was decided."""
        data = dict(self.cleaned_data)
        currency = self.shop.currency
        return CampaignInput(
            budget_minor=to_minor(data.pop("budget"), currency),
            cost_per_thousand_minor=to_minor(data.pop("cost_per_thousand"), currency),
            **data,
        )


def plan_values(view: CampaignView | None, *, shop: RetailerView, today: date) -> dict[str, Any]:
    """What the form starts with."""
    if view is None:
        return {
            "starts_on": today,
            "ends_on": today + timedelta(days=13),
            "budget": 0,
            "cost_per_thousand": 0,
            "control_percent": shop.control_percent,
            "is_lasting_control": True,
            "wished_lift_percent": 10,
        }
    return view.model_dump() | {
        "budget": to_major(view.budget_minor, view.currency),
        "cost_per_thousand": to_major(view.cost_per_thousand_minor, view.currency),
    }


class ContentForm(StyledForm):
    """Step two: what members read, in one version and language."""

    variant = forms.RegexField(r"^[a-z0-9][a-z0-9_-]{0,19}$", widget=forms.HiddenInput)
    language = forms.ChoiceField(choices=[("en", "English"), ("zh-hans", "中文")], widget=forms.HiddenInput)
    subject = forms.CharField(label=_("Subject line"), max_length=500, required=False)
    html = forms.CharField(
        label=_("Message in HTML"),
        max_length=100_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 14, "spellcheck": "false", "class": "code-area"}),
    )
    text = forms.CharField(
        label=_("Text part"),
        max_length=100_000,
        required=False,
        help_text=_("Left empty, it is made from the HTML."),
        widget=forms.Textarea(attrs={"rows": 5}),
    )

    def content(self, channel: str) -> ContentInput:
        """What was written."""
        return ContentInput(channel=channel, **self.cleaned_data)
