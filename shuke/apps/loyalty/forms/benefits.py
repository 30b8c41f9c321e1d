"""Forms of benefits: one row of the terms, a paid membership, a use, a sale."""

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from django import forms
from django.utils.functional import lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from shuke.apps.loyalty.queries.types import points_types
from shuke.apps.loyalty.rules.benefits import COUNTED
from shuke.platform.money import exponent, to_major, to_minor
from shuke.web.forms import StyledForm
from shuke.web.labels import choices_of

Columns = Sequence[tuple[str, str]]
_SHARE = re.compile(r"^\s*(\d{1,6}(?:[.,]\d{1,4})?)\s*(%)?\s*(?:/\s*(\d{1,6}))?\s*(%)?\s*$")


def _types() -> list[tuple[str, str]]:
    return [(kind.code, kind.name) for kind in points_types() if kind.is_spendable]


class BenefitForm(StyledForm):
    """A row of the terms: what it is, and for every column how much of it."""

    name_en = forms.CharField(label=gettext_lazy("Name in English"), max_length=80, required=False)
    name_zh = forms.CharField(label=gettext_lazy("Name in Chinese"), max_length=80, required=False)
    code = forms.SlugField(
        label=pgettext_lazy("benefit", "Code"),
        max_length=40,
        help_text=gettext_lazy("Tills ask for the benefit by it; it stays the same."),
    )
    text_en = forms.CharField(
        label=gettext_lazy("What members read, in English"), max_length=200, required=False
    )
    text_zh = forms.CharField(
        label=gettext_lazy("What members read, in Chinese"), max_length=200, required=False
    )
    period = forms.ChoiceField(
        label=gettext_lazy("Counted per"),
        required=False,
        choices=lazy(lambda: choices_of("benefit_period"), list),
    )
    window = forms.ChoiceField(
        label=gettext_lazy("Given"), required=False, choices=lazy(lambda: choices_of("birthday_window"), list)
    )
    points_type = forms.ChoiceField(
        label=gettext_lazy("Points of"), required=False, choices=lazy(_types, list)
    )

    def __init__(self, *args: Any, kind: str, columns: Columns, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind, self.columns, self.currency = kind, columns, currency
        if kind != "birthday":
            del self.fields["window"], self.fields["points_type"]
        if kind in {"birthday", "adviser", "priority"}:
            del self.fields["period"]
        for number, (_column, _label) in enumerate(columns):
            self._add(f"value_{number}", forms.CharField(max_length=80, required=False))
            if kind in {"discount", "points", "shipping"}:
                field = forms.IntegerField(min_value=0, max_value=1_000_000, required=False)
                self._add(f"count_{number}", field)

    def _add(self, name: str, field: forms.Field) -> None:
        self._style(field.widget)
        self.fields[name] = field

    def rows(self) -> list[dict[str, Any]]:
        """For each column its label and fields."""
        return [
            {
                "label": label,
                "value": self[f"value_{number}"],
                "count": self[f"count_{number}"] if f"count_{number}" in self.fields else None,
            }
            for number, (_column, label) in enumerate(self.columns)
        ]

    def plain(self) -> list[Any]:
        """The fields that are not of a column."""
        return [self[name] for name in self.fields if not re.match(r"(value|count)_\d+$", name)]

    def clean(self) -> dict[str, Any]:
        """Read each column's value as its kind is written."""
        data = super().clean() or {}
        if not data.get("name_en") and not data.get("name_zh"):
            self.add_error("name_en", _("Say what it is called, in one language at least."))
        data["cells"] = {}
        for number, (column, _label) in enumerate(self.columns):
            text = str(data.get(f"value_{number}") or "").strip()
            if text:
                try:
                    cell = read_cell(self.kind, text, currency=self.currency, row=data)
                except ValueError as error:
                    self.add_error(f"value_{number}", str(error))
                    continue
                if (count := data.get(f"count_{number}")) is not None:
                    cell["count"] = count
                data["cells"][column] = cell
        return data

    def row(self) -> dict[str, Any]:
        """The row of the terms, after validation."""
        data = self.cleaned_data
        return {
            "code": data["code"],
            "kind": self.kind,
            "period": data.get("period", ""),
            "names": {"en": data["name_en"], "zh-hans": data["name_zh"]},
            "texts": {"en": data["text_en"], "zh-hans": data["text_zh"]},
            "cells": data["cells"],
        }


def read_cell(kind: str, text: str, *, currency: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """A cell from what a person typed.  Raises ``ValueError`` with a sentence for them."""
    if kind in {"discount", "points"}:
        share = _share(text, is_percent=kind == "discount")
        return {"numerator": share.numerator, "denominator": share.denominator}
    if kind == "shipping":
        try:
            return {"from_minor": to_minor(text.replace(",", "."), currency)}
        except ValueError as error:
            raise ValueError(_("Write an amount, such as 99; 0 is always free.")) from error
    if kind in COUNTED:
        if not text.isdecimal():
            raise ValueError(_("Write a number of times."))
        return {"count": int(text)}
    if kind == "birthday":
        gift: dict[str, Any] = (
            {"points": int(text), "points_type": row.get("points_type", "")}
            if text.isdecimal()
            else {"voucher": text}
        )
        return gift | {"window": row.get("window") or "day"}
    return {"text": text} if kind == "adviser" else {}


def _share(text: str, *, is_percent: bool) -> Fraction:
    match = _SHARE.match(text)
    if not match:
        raise ValueError(_("Write 5 or 5 % or 1/20.") if is_percent else _("Write 1.5 or 3/2."))
    number, sign, below, late_sign = match.groups()
    share = Fraction(number.replace(",", "."))
    if below:
        if int(below) == 0:
            raise ValueError(_("Write 5 or 5 % or 1/20.") if is_percent else _("Write 1.5 or 3/2."))
        return share / int(below)
    return share / 100 if is_percent or sign or late_sign else share


def shown_cell(kind: str, cell: Mapping[str, Any], *, currency: str) -> str:
    """A cell as a person would type it."""
    share = Fraction(cell.get("numerator", 0), cell.get("denominator", 1))
    if kind == "discount":
        per_cent = share * 100
        return f"{float(per_cent):g}" if 10_000 % per_cent.denominator == 0 else str(share)
    if kind == "points":
        return f"{float(share):g}" if 10_000 % share.denominator == 0 else str(share)
    if kind == "shipping":
        return f"{to_major(cell.get('from_minor', 0), currency):.{exponent(currency)}f}"
    if kind in COUNTED:
        return str(cell.get("count", ""))
    if kind == "birthday":
        return str(cell.get("points") or cell.get("voucher", ""))
    return str(cell.get("text") or "+") if kind == "adviser" else "+"


class PublishBenefitsForm(StyledForm):
    """From which day on the draft holds."""

    starts_on = forms.DateField(
        label=gettext_lazy("Holds from"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )


class PlanForm(StyledForm):
    """A paid membership on sale."""

    name_en = forms.CharField(label=gettext_lazy("Name in English"), max_length=80, required=False)
    name_zh = forms.CharField(label=gettext_lazy("Name in Chinese"), max_length=80, required=False)
    code = forms.SlugField(label=pgettext_lazy("benefit", "Code"), max_length=40)
    price = forms.DecimalField(label=gettext_lazy("Price"), min_value=0, max_digits=12, decimal_places=3)
    months = forms.IntegerField(label=gettext_lazy("Months"), min_value=1, max_value=120, initial=12)
    tier = forms.ChoiceField(
        label=gettext_lazy("Tier it grants"),
        required=False,
        help_text=gettext_lazy("Through the last day of the membership, whatever the member spends."),
    )
    refund_full_days = forms.IntegerField(
        label=gettext_lazy("Days in which all of it comes back"),
        min_value=0,
        max_value=365,
        initial=14,
        help_text=gettext_lazy("If nothing was used. 0: never."),
    )
    refund_after = forms.ChoiceField(
        label=gettext_lazy("Afterwards"), choices=lazy(lambda: choices_of("plan_refund"), list)
    )
    is_on_sale = forms.BooleanField(label=gettext_lazy("On sale"), required=False, initial=True)

    def __init__(self, *args: Any, tiers: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["tier"].choices = [("", _("None")), *tiers]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """A name in one language at least."""
        data = super().clean() or {}
        if not data.get("name_en") and not data.get("name_zh"):
            self.add_error("name_en", _("Say what it is called, in one language at least."))
        return data


class UseForm(forms.Form):
    """A use that somebody records."""

    code = forms.CharField(max_length=40)
    quantity = forms.IntegerField(min_value=1, max_value=1000)
    note = forms.CharField(max_length=200, required=False)
    key = forms.CharField(max_length=120)


class SaleForm(forms.Form):
    """What is done with a member's paid membership."""

    plan = forms.CharField(max_length=40)
    act = forms.ChoiceField(choices=[(act, act) for act in ("buy", "renew", "cancel", "refund")])
    reference = forms.CharField(max_length=120, required=False)
    key = forms.CharField(max_length=120)
