"""The form of the rules."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from shuke.apps.identity.schemas import KindPolicy, PolicyChange, PolicyView
from shuke.web.forms import StyledForm
from shuke.web.labels import label_of


class RulesForm(StyledForm):
    """One row per kind that may link, two thresholds, and whether it runs by night."""

    review_from = forms.DecimalField(
        label=_("Suggest from"),
        min_value=50,
        max_value=100,
        decimal_places=1,
        help_text=_("Pairs at least this likely (in percent) come into the queue."),
    )
    link_from = forms.DecimalField(
        label=_("Merge by itself from"),
        min_value=50,
        max_value=100,
        decimal_places=1,
        help_text=_("Pairs at least this likely are merged when a search is applied."),
    )
    is_nightly = forms.BooleanField(
        label=_("Search by rules and apply what is sure every night"), required=False
    )

    def __init__(self, *args: Any, policy: PolicyView, **kwargs: Any) -> None:
        self.policy = policy
        kwargs["initial"] = {
            "review_from": policy.review_from / 10,
            "link_from": policy.link_from / 10,
            "is_nightly": policy.is_nightly,
        }
        super().__init__(*args, **kwargs)
        for kind in self._kinds:
            name = label_of("identifier_kind", kind.kind)
            links = forms.BooleanField(label=name, required=False, initial=kind.links)
            limit = forms.IntegerField(label=name, min_value=2, max_value=20, initial=kind.limit)
            limit.widget.attrs["aria-label"] = _("Most members that may share it")
            for field_name, field in ((f"links_{kind.kind}", links), (f"limit_{kind.kind}", limit)):
                self.fields[field_name] = field
                self._style(field.widget)

    @property
    def _kinds(self) -> list[KindPolicy]:
        return [kind for kind in self.policy.kinds if kind.may_ever_link]

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The fields of each kind."""
        return [{"links": self[f"links_{k.kind}"], "limit": self[f"limit_{k.kind}"]} for k in self._kinds]

    @property
    def never(self) -> list[str]:
        """Kinds that can never link people."""
        return [kind.kind for kind in self.policy.kinds if not kind.may_ever_link]

    def change(self) -> PolicyChange:
        """What was entered, once the form is valid."""
        given = self.cleaned_data
        kinds = [
            KindPolicy(kind=k.kind, links=given[f"links_{k.kind}"], limit=given[f"limit_{k.kind}"])
            for k in self._kinds
        ]
        return PolicyChange(
            kinds=kinds,
            review_from=round(given["review_from"] * 10),
            link_from=round(given["link_from"] * 10),
            is_nightly=given["is_nightly"],
        )
