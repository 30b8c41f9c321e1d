"""Forms of the checkout's pages."""

import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from shuke.platform.money import to_minor
from shuke.web.forms import StyledForm

#: Lines that the page offers for trying.
ROWS = 5


class RateForm(StyledForm):
    """From a day on, so many points are so much money."""

    points_type = forms.ChoiceField(label=_("Kind of points"))
    starts_on = forms.DateField(
        label=_("Valid from"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    points = forms.IntegerField(label=_("So many points"), min_value=1, max_value=10**9, initial=100)
    amount = forms.DecimalField(label=_("pay"), min_value=0, max_digits=12)
    minimum_points = forms.IntegerField(
        label=_("Fewest points at once"), min_value=0, max_value=10**9, initial=1
    )
    maximum_percent = forms.IntegerField(
        label=_("Largest part of the goods, %"), min_value=0, max_value=100, initial=100
    )

    def __init__(self, *args: Any, types: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["points_type"]
        if isinstance(field, forms.ChoiceField):
            field.choices = types

    def rate(self, currency: str) -> dict[str, Any]:
        """The arguments of the operation."""
        values = dict(self.cleaned_data)
        values["minor"] = to_minor(values.pop("amount"), currency)
        return values


class TryForm(StyledForm):
    """A basket to try: whose, what, and what they want to use."""

    member = forms.CharField(
        label=_("Member"),
        max_length=120,
        required=False,
        help_text=_("Card, phone, name or member id; empty for somebody unknown."),
    )
    codes = forms.CharField(
        label=_("Voucher codes"), max_length=400, required=False, help_text=_("Several with spaces between.")
    )
    points = forms.IntegerField(label=_("Points to pay with"), min_value=0, max_value=10**9, required=False)
    all_points = forms.BooleanField(label=_("as many as may be"), required=False)
    shipping = forms.DecimalField(label=_("Shipping"), min_value=0, max_digits=12, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for row in range(ROWS):
            for name, field in _row_fields().items():
                self.fields[f"{name}_{row}"] = field
                self._style(field.widget)
                if name != "fixed":
                    # In a row of fields the label stands in the field.
                    field.widget.attrs |= {"placeholder": field.label, "aria-label": field.label}

    def rows(self) -> list[dict[str, forms.BoundField]]:
        """The fields of each line."""
        return [{name: self[f"{name}_{row}"] for name in _row_fields()} for row in range(ROWS)]

    def settings(self) -> list[forms.BoundField]:
        """The fields that are not of lines."""
        return [self[name] for name in ("member", "codes", "points", "all_points", "shipping")]

    def voucher_codes(self) -> list[str]:
        """The codes that were typed, at most as many as a basket takes."""
        return [code[:64] for code in re.split(r"[\s,，、]+", self.cleaned_data["codes"]) if code][:12]

    def lines(self) -> list[dict[str, Any]]:
        """Lines with a product or a price: number, product, pieces, price of a piece, what offers took off."""
        found = []
        for row in range(ROWS):
            values = {name: self.cleaned_data[f"{name}_{row}"] for name in _row_fields()}
            if values["product"] or values["price"] is not None:
                found.append({"line_no": row + 1, **values})
        return found


def _row_fields() -> dict[str, forms.Field]:
    return {
        "product": forms.CharField(
            label=_("Product"),
            max_length=120,
            required=False,
            widget=forms.TextInput(attrs={"list": "products", "autocomplete": "off", "class": "grow"}),
        ),
        "pieces": forms.IntegerField(label=_("Pieces"), min_value=1, max_value=10_000, required=False),
        "price": forms.DecimalField(label=_("Price of a piece"), min_value=0, max_digits=12, required=False),
        "offer": forms.DecimalField(label=_("Offers took off"), min_value=0, max_digits=12, required=False),
        "fixed": forms.BooleanField(label=_("No discounts"), required=False),
    }
