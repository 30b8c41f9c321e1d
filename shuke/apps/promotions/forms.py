"""Forms of vouchers."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from shuke.apps.promotions.queries import points_names
from shuke.apps.promotions.schemas import VoucherDefinitionView
from shuke.platform.money import exponent, to_major, to_minor
from shuke.platform.retailer.schemas import RetailerView
from shuke.web.forms import NamedForm, StyledForm, names_initial
from shuke.web.labels import choices_of

DATE = {"type": "date"}
#: Fields of money, as people type them.
MONEY = ("amount", "cap", "minimum", "budget")
#: Fields of lists: one value a line or between commas.
LISTS = (
    "products",
    "departments",
    "categories",
    "brands",
    "excluded_products",
    "stores",
    "channels",
    "tiers",
)
FAULTS: Mapping[str, Any] = {
    "out_of_range": _("This number is out of range."),
    "missing": _("This is missing."),
    "unknown": _("There is no such choice."),
    "before_first_day": _("The last day lies before the first."),
    "endless": _("Say how long: a last day, days after the claim, or a limit of uses or money."),
    "unreadable": _("These terms cannot be read."),
    "unbacked": _("Members pay for it: limit the claims so that each voucher paid for can also be used."),
}
#: Which field of the form tells of a fault of the terms.
_FIELDS = {
    "amount_minor": "amount",
    "percent_hundredths": "percent",
    "cap_minor": "cap",
    "minimum_minor": "minimum",
    "budget_minor": "budget",
    "times": "gift_times",
    "uses": "limit_uses",
    "uses_per_member": "limit_uses_per_member",
    "claims": "limit_claims",
    "claims_per_member": "limit_claims_per_member",
}


def _money(label: Any, **more: Any) -> forms.DecimalField:
    return forms.DecimalField(label=label, required=False, min_value=0, max_digits=13, **more)


def _number(label: Any, *, most: int = 10**9, **more: Any) -> forms.IntegerField:
    return forms.IntegerField(
        label=label, required=False, min_value=more.pop("least", 1), max_value=most, **more
    )


def _list(label: Any, **more: Any) -> forms.CharField:
    widget = forms.TextInput(attrs={"placeholder": more.pop("placeholder", "")})
    return forms.CharField(label=label, required=False, max_length=20_000, widget=widget, **more)


def _day(label: Any) -> forms.DateField:
    return forms.DateField(label=label, required=False, widget=forms.DateInput(attrs=DATE, format="%Y-%m-%d"))


class TermsForm(NamedForm):
    """What a voucher promises, as people write it."""

    longest_name = 120
    kind = forms.ChoiceField(label=_("What it takes off"), widget=forms.RadioSelect)
    amount = _money(_("Amount"), help_text=_("Of shipping: the most it takes off; empty takes all."))
    percent = forms.DecimalField(
        label=_("Percent"), required=False, min_value=0, max_value=100, decimal_places=2, max_digits=5
    )
    cap = _money(_("At most"), help_text=_("Empty: without a cap."))
    gift_product_id = forms.CharField(label=_("Product given"), required=False, max_length=200)
    minimum = _money(_("From a purchase of"), help_text=_("Counts the goods that the voucher is for."))
    products = _list(_("Products"))
    departments = _list(_("Departments"))
    categories = _list(_("Categories"))
    brands = _list(_("Brands"))
    excluded_products = _list(_("But not these products"))
    stores = _list(_("Stores"))
    channels = forms.MultipleChoiceField(
        label=_("Sales channels"), required=False, widget=forms.CheckboxSelectMultiple
    )
    tiers = _list(_("Tiers"))
    weekdays = forms.TypedMultipleChoiceField(
        label=_("Weekdays"), required=False, coerce=int, widget=forms.CheckboxSelectMultiple
    )
    first_day = _day(_("First day"))
    last_day = _day(_("Last day"))
    days_after_claim = _number(_("Days after the claim"), least=0, most=3_660)
    stack_class = forms.ChoiceField(
        label=_("Goes together with vouchers of other classes"),
        help_text=_("One of each class counts, in this order, each on what those before it left."),
    )
    is_claimable = forms.BooleanField(label=_("Members may claim it themselves"), required=False)
    price_points_type = forms.ChoiceField(
        label=_("Paid for with"),
        required=False,
        help_text=_("With a price nobody claims it for nothing; points are exchanged for it."),
    )
    price_points = _number(_("Points for one voucher"))
    price_first_day = _day(_("Exchanged from"))
    price_last_day = _day(_("Exchanged through"))
    price_back_days = _number(
        _("Days to take it back"),
        least=0,
        most=365,
        help_text=_("While it is unused, after the day of the exchange. Empty: only staff takes it back."),
    )
    limit_uses = _number(_("Uses in all"))
    limit_uses_per_member = _number(_("Uses of one member"))
    limit_claims = _number(_("Claims in all"))
    limit_claims_per_member = _number(_("Claims of one member"))
    budget = _money(_("Budget"), help_text=_("What all of them may take off together."))
    gift_is_allowed = forms.BooleanField(label=_("May be passed on to a friend"), required=False)
    gift_times = _number(_("How many times in a row"), most=100, initial=1)
    gift_new_within_days = _number(_("Only to members who joined in the last … days"), least=0, most=3_660)
    on_return = forms.ChoiceField(
        label=_("When a part comes back and the rest is below the minimum"),
        choices=[
            ("keep", _("keep what was taken off")),
            ("recompute", _("take the difference from the refund")),
        ],
    )
    give_back = forms.ChoiceField(
        label=_("When all comes back"),
        choices=[
            ("if_valid", _("give the voucher back if its time is not over")),
            ("renew", _("give it back, or a new one with the days that were left")),
            ("no", _("keep it used")),
        ],
    )

    def __init__(self, *args: Any, shop: RetailerView, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.shop = shop
        choices = {
            "kind": choices_of("voucher_kind"),
            "channels": choices_of("sales_channel"),
            "weekdays": choices_of("weekday"),
            "stack_class": [("", _("as usual for its kind")), *choices_of("voucher_class")],
            "price_points_type": [("", _("nothing: it is free")), *points_names().items()],
        }
        for name, options in choices.items():
            self.fields[name].choices = options  # type: ignore[attr-defined]
        self.fields["stack_class"].required = False
        for name in MONEY:
            self.fields[name].widget.attrs["step"] = str(Decimal(1).scaleb(-exponent(shop.currency)))
        for name in LISTS:
            if name != "channels":
                self.fields[name].widget.attrs["placeholder"] = str(_("all; several with commas"))

    def terms(self) -> dict[str, Any]:
        """The terms as plain data, for ``operations`` to check."""
        data = self.cleaned_data
        days = {name: _iso(data.get(name)) for name in ("first_day", "last_day")}
        lists = {name: _values(data.get(name)) for name in LISTS}
        found: dict[str, Any] = {
            "kind": data.get("kind", "amount"),
            "amount_minor": self._minor("amount") or 0,
            "percent_hundredths": int((data.get("percent") or Decimal(0)) * 100),
            "cap_minor": self._minor("cap"),
            "gift_product_id": data.get("gift_product_id", ""),
            "days_after_claim": data.get("days_after_claim"),
            "is_claimable": bool(data.get("is_claimable")),
            "on_return": data.get("on_return", "keep"),
            "give_back": data.get("give_back", "if_valid"),
            "conditions": {
                "minimum_minor": self._minor("minimum") or 0,
                "weekdays": data.get("weekdays") or [],
                **lists,
                **days,
            },
            "limits": {
                "uses": data.get("limit_uses"),
                "uses_per_member": data.get("limit_uses_per_member"),
                "claims": data.get("limit_claims"),
                "claims_per_member": data.get("limit_claims_per_member"),
                "budget_minor": self._minor("budget"),
            },
            "gifting": {
                "is_allowed": bool(data.get("gift_is_allowed")),
                "times": data.get("gift_times") or 1,
                "new_within_days": data.get("gift_new_within_days"),
            },
        }
        if data.get("stack_class"):
            found["stack_class"] = data["stack_class"]
        return {**found, "price": self._price()}

    def _price(self) -> dict[str, Any] | None:
        data = self.cleaned_data
        if not data.get("price_points_type") and not data.get("price_points"):
            return None
        return {
            "points_type": data.get("price_points_type", ""),
            "points": data.get("price_points"),
            "first_day": _iso(data.get("price_first_day")),
            "last_day": _iso(data.get("price_last_day")),
            "back_days": data.get("price_back_days"),
        }

    def _minor(self, name: str) -> int | None:
        value = self.cleaned_data.get(name)
        return None if value is None else to_minor(value, self.shop.currency)

    def add_faults(self, faults: Mapping[str, str]) -> None:
        """Mark the fields that the terms' faults are about."""
        for name, code in faults.items():
            field = _FIELDS.get(name, name)
            self.add_error(field if field in self.fields else None, FAULTS.get(code, FAULTS["unreadable"]))


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _values(value: Any) -> list[str]:
    if isinstance(value, str):
        parts = value.replace("，", ",").replace("、", ",").replace("\n", ",").split(",")
        return [part.strip() for part in parts if part.strip()]
    return list(value or [])


def terms_values(view: VoucherDefinitionView, *, currency: str) -> dict[str, Any]:
    """What the form shows of terms: the reverse of ``TermsForm.terms``."""
    terms = view.draft or view.terms
    asked, limits, gifting = terms["conditions"], terms["limits"], terms["gifting"]

    def money(value: int | None) -> Decimal | None:
        return None if value is None else to_major(value, currency)

    return {
        **names_initial(view.names, view.name),
        **{key: terms[key] for key in ("kind", "gift_product_id", "days_after_claim", "stack_class")},
        **{key: terms[key] for key in ("is_claimable", "on_return", "give_back")},
        "amount": money(terms["amount_minor"] or None),
        "percent": Decimal(terms["percent_hundredths"]) / 100 or None,
        "cap": money(terms["cap_minor"]),
        "minimum": money(asked["minimum_minor"] or None),
        **{key: ", ".join(asked[key]) for key in LISTS if key != "channels"},
        "channels": asked["channels"],
        "weekdays": asked["weekdays"],
        "first_day": asked["first_day"],
        "last_day": asked["last_day"],
        **{f"limit_{key}": value for key, value in limits.items() if key != "budget_minor"},
        "budget": money(limits["budget_minor"]),
        "gift_is_allowed": gifting["is_allowed"],
        "gift_times": gifting["times"],
        "gift_new_within_days": gifting["new_within_days"],
        **{f"price_{key}": value for key, value in (terms.get("price") or {}).items()},
    }


def first_values() -> dict[str, Any]:
    """What a new form says: 20 off from 100, for 30 days."""
    return {
        "kind": "amount",
        "amount": 20,
        "minimum": 100,
        "days_after_claim": 30,
        "gift_times": 1,
        "give_back": "if_valid",
    }


class CodesForm(StyledForm):
    """Ordering unique codes."""

    count = forms.IntegerField(label=_("How many"), min_value=1, max_value=5_000_000, initial=1000)
    label = forms.CharField(label=_("What for"), required=False, max_length=160)


class WordForm(StyledForm):
    """A shared code."""

    word = forms.CharField(label=pgettext_lazy("voucher", "Code"), min_length=4, max_length=40)
    label = forms.CharField(label=_("What for"), required=False, max_length=160)


class CheckForm(StyledForm):
    """Looking up a code; posted, since addresses are remembered in many places."""

    code = forms.CharField(
        label=pgettext_lazy("voucher", "Code"),
        max_length=64,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True}),
    )
