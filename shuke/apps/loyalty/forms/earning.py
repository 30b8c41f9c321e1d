"""Forms of earning: rules for purchases and events, points types, a basket to try, publishing."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from shuke.apps.loyalty.rules.earning import GROUND
from shuke.apps.loyalty.schemas.earning import EventRuleView, PurchaseRule
from shuke.platform.money import to_major, to_minor
from shuke.web.forms import NamedForm, StyledForm
from shuke.web.labels import choices_of

WEEKDAYS = (
    ("1", _("Monday")),
    ("2", _("Tuesday")),
    ("3", _("Wednesday")),
    ("4", _("Thursday")),
    ("5", _("Friday")),
    ("6", _("Saturday")),
    ("7", _("Sunday")),
)
#: Lists that are typed in, one entry a line.
LISTS = ("departments", "categories", "brands", "products", "stores")
Choices = Sequence[tuple[str, Any]]


def _day(label: Any) -> forms.DateField:
    return forms.DateField(
        label=label, required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )


def _limit(label: Any) -> forms.IntegerField:
    return forms.IntegerField(label=label, required=False, min_value=1, max_value=10**9)


def _list(label: Any) -> forms.CharField:
    return forms.CharField(label=label, required=False, widget=forms.Textarea(attrs={"rows": 2}))


class _RuleForm(StyledForm):
    name = forms.CharField(label=_("Name in English"), max_length=60, required=False)
    name_zh = forms.CharField(label=_("Name in Chinese"), max_length=60, required=False)
    code = forms.SlugField(
        label=_("Code"), max_length=40, help_text=_("Stays the same for ever, such as “ground”.")
    )
    points_type = forms.ChoiceField(label=_("Gives"))
    tiers = forms.MultipleChoiceField(
        label=_("Only these tiers"), required=False, widget=forms.CheckboxSelectMultiple
    )
    first_day = _day(pgettext_lazy("day", "From"))
    last_day = _day(_("Through"))

    def __init__(self, *args: Any, types: Choices, tiers: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["points_type"].choices = types  # type: ignore[attr-defined]
        self.fields["tiers"].choices = tiers  # type: ignore[attr-defined]
        if not tiers:
            del self.fields["tiers"]

    def clean(self) -> dict[str, Any]:
        """Ask for one name; where the English one is missing the Chinese one stands."""
        values = super().clean() or {}
        if not values.get("name") and not values.get("name_zh"):
            self.add_error("name", _("Say what it is called, in one language at least."))
        values["name"] = values.get("name") or values.get("name_zh", "")
        return values

    def _common(self) -> dict[str, Any]:
        values = self.cleaned_data
        return {name: values[name] for name in ("name", "name_zh", "points_type")} | {
            "code": values["code"].lower()
        }


class PurchaseRuleForm(_RuleForm):
    """What purchases earn."""

    rate = forms.ChoiceField(
        label=_("Kind of rule"),
        choices=(("per", _("Points per amount")), ("times", _("A multiple of the basic rate"))),
    )
    points = forms.IntegerField(label=_("So many points"), min_value=1, max_value=10**6, required=False)
    per_amount = forms.DecimalField(label=_("per amount of"), min_value=0, max_digits=12, required=False)
    times = forms.RegexField(
        label=_("Times the basic rate"),
        regex=r"^\d{1,4}(/[1-9]\d{0,3}|\.\d{1,3})?$",
        required=False,
        help_text=_("Such as 2, 1.5 or 3/2: so many times the basic rate in all."),
    )
    group = forms.SlugField(
        label=pgettext_lazy("earning rules", "Group"),
        max_length=40,
        initial=GROUND,
        help_text=_(
            "Rules of a group compete and the best one counts; groups add up. The basic rate is “ground”."
        ),
    )
    rounding = forms.ChoiceField(
        label=_("Rounding"),
        choices=(("floor", pgettext_lazy("rounding", "Down")), ("half_up", _("To the nearest, halves up"))),
    )
    leaves_out_discounted = forms.BooleanField(label=_("Goods on offer earn nothing"), required=False)
    leaves_out_vouchers = forms.BooleanField(
        label=_("What vouchers pay earns nothing"), required=False, initial=True
    )
    cap = _limit(_("At most in a purchase"))
    day_cap = _limit(_("At most in a day"))
    month_cap = _limit(_("At most in a month"))
    minimum = forms.DecimalField(label=_("Purchases of at least"), min_value=0, max_digits=12, required=False)
    weekdays = forms.MultipleChoiceField(
        label=_("Only on"), required=False, choices=WEEKDAYS, widget=forms.CheckboxSelectMultiple
    )
    departments = _list(_("Departments, one a line"))
    categories = _list(_("Categories, one a line"))
    brands = _list(_("Brands, one a line"))
    products = _list(_("Product numbers, one a line"))
    stores = _list(_("Stores, one a line"))
    sales_channels = forms.MultipleChoiceField(
        label=_("Only these sales channels"), required=False, widget=forms.CheckboxSelectMultiple
    )

    field_order = ("name", "name_zh", "code", "points_type", "rate", "points", "per_amount", "times", "group")
    #: What stands in which part of the form.
    rate_fields = (
        "name",
        "name_zh",
        "code",
        "points_type",
        "rate",
        "points",
        "per_amount",
        "times",
        "group",
        "rounding",
    )
    limit_fields = ("cap", "day_cap", "month_cap", "leaves_out_discounted", "leaves_out_vouchers")
    where_fields = ("minimum", "first_day", "last_day", "weekdays", "tiers", "sales_channels", *LISTS)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # A channel of the retailer's own, set through the API, stays on offer.
        known = dict(choices_of("sales_channel"))
        own = {code: code for code in self.initial.get("sales_channels") or () if code not in known}
        self.fields["sales_channels"].choices = list((known | own).items())  # type: ignore[attr-defined]

    def parts(self) -> list[tuple[Any, list[Any]]]:
        """The fields in three parts, each with its title."""
        titles = (
            (_("How much"), self.rate_fields),
            (_("Limits"), self.limit_fields),
            (pgettext_lazy("earning rule", "Where"), self.where_fields),
        )
        return [(title, [self[name] for name in names if name in self.fields]) for title, names in titles]

    def rule(self, currency: str) -> PurchaseRule:
        """The rule as it is stored."""
        values = self.cleaned_data
        multiplies = values["rate"] == "times"
        where: dict[str, Any] = {name: _lines(values[name]) for name in LISTS}
        where |= {
            "tiers": values.get("tiers", []),
            "sales_channels": values["sales_channels"],
            "weekdays": [int(day) for day in values["weekdays"]],
            "first_day": values["first_day"],
            "last_day": values["last_day"],
            "minimum_minor": to_minor(values["minimum"] or Decimal(0), currency),
        }
        return PurchaseRule.model_validate(
            self._common()
            | {
                "group": values["group"].lower(),
                "points": 0 if multiplies else values["points"] or 0,
                "per_minor": 0 if multiplies else to_minor(values["per_amount"] or Decimal(0), currency),
                "times": (values["times"] or "0") if multiplies else None,
                "rounding": values["rounding"],
                "leaves_out_discounted": values["leaves_out_discounted"],
                "leaves_out_vouchers": values["leaves_out_vouchers"],
                **{name: values[name] for name in ("cap", "day_cap", "month_cap")},
                "where": where,
            }
        )


def shown_purchase_rule(rule: PurchaseRule, currency: str) -> dict[str, Any]:
    """A rule as its form shows it."""
    found: dict[str, Any] = rule.model_dump()
    where = found.pop("where")
    minimum = where.pop("minimum_minor")
    found |= {name: "\n".join(where[name]) for name in LISTS}
    found |= {"sales_channels": where["sales_channels"], "tiers": where["tiers"]}
    found |= {"weekdays": [str(day) for day in where["weekdays"]]}
    found |= {"first_day": where["first_day"], "last_day": where["last_day"]}
    return found | {
        "rate": "times" if rule.times else "per",
        "points": rule.points or None,
        "per_amount": to_major(rule.per_minor, currency) if rule.per_minor else None,
        "minimum": to_major(minimum, currency) if minimum else None,
    }


class EventRuleForm(_RuleForm):
    """What something else earns."""

    event = forms.CharField(
        label=_("Event"),
        max_length=100,
        help_text=_("The name under which apps and shops tell of it; choose a usual one or type yours."),
        widget=forms.TextInput(attrs={"list": "events"}),
    )
    points = forms.IntegerField(label=_("So many points"), min_value=1, max_value=10**9)
    day_limit = _limit(_("Times a day, at most"))
    month_limit = _limit(_("Times a month, at most"))
    ever_limit = _limit(_("Times ever, at most"))
    life_days = forms.IntegerField(
        label=_("These points live (days)"),
        required=False,
        min_value=1,
        max_value=36_500,
        help_text=_("Empty: as long as others of their kind."),
    )

    field_order = ("name", "name_zh", "code", "event", "points", "points_type")

    def parts(self) -> list[tuple[Any, list[Any]]]:
        """The fields in two parts, each with its title."""
        limits = ("day_limit", "month_limit", "ever_limit", "life_days", "first_day", "last_day", "tiers")
        first = [self[name] for name in self.field_order]
        return [(_("How much"), first), (_("Limits"), [self[n] for n in limits if n in self.fields])]

    def rule(self) -> EventRuleView:
        """The rule as it is stored."""
        values = self.cleaned_data
        names = (
            "event",
            "points",
            "day_limit",
            "month_limit",
            "ever_limit",
            "life_days",
            "first_day",
            "last_day",
        )
        return EventRuleView.model_validate(
            self._common() | {name: values[name] for name in names} | {"tiers": values.get("tiers", [])}
        )


class PointsNamesForm(NamedForm):
    """What a kind of points is called."""

    longest_name = 40


class PointsTypeForm(PointsNamesForm):
    """A kind of points."""

    code = forms.SlugField(
        label=_("Code"),
        max_length=20,
        help_text=_(
            "Tills and shops name the points by it; it stays for ever. Latin letters, such as “points”."
        ),
    )
    is_spendable = forms.BooleanField(
        label=_("Can be spent"),
        required=False,
        initial=True,
        help_text=_("Growth value is not: it only measures."),
    )
    policy = forms.ChoiceField(
        label=_("They end"),
        choices=(
            ("never", pgettext_lazy("points end", "never")),
            ("rolling", _("so many months after they were earned")),
            ("end_of_month", _("at the end of that month")),
            ("end_of_quarter", _("at the end of that quarter")),
            ("end_of_year", _("at the end of that year")),
            ("fixed", _("on 31 December of the year they were earned in")),
            ("inactivity", _("so many months after the member last earned or spent any")),
        ),
    )
    months = forms.IntegerField(label=_("Months"), min_value=0, max_value=120, initial=12)
    activation_days = forms.IntegerField(
        label=_("Can be used after (days)"), min_value=0, max_value=366, initial=0
    )
    return_policy = forms.ChoiceField(
        label=_("If a return would take points that are spent"),
        choices=(
            ("debt", _("the member owes them")),
            ("clamp", _("they are forgiven")),
            ("refuse", _("the till refuses the return")),
        ),
    )


class ExampleForm(StyledForm):
    """A basket to try the rules on."""

    tier = forms.ChoiceField(label=_("Member"), required=False)
    on = forms.DateField(label=_("Day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    sales_channel = forms.ChoiceField(label=_("Sales channel"), initial="store")
    amount_1 = forms.DecimalField(label=_("Amount"), min_value=0, max_digits=10, initial=80)
    department_1 = forms.ChoiceField(label=_("Department"), required=False)
    amount_2 = forms.DecimalField(label=_("Amount"), min_value=0, max_digits=10, required=False)
    department_2 = forms.ChoiceField(label=_("Department"), required=False)

    def __init__(self, *args: Any, tiers: Choices, departments: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["tier"].choices = [("", _("Without a tier")), *tiers]  # type: ignore[attr-defined]
        self.fields["sales_channel"].choices = choices_of("sales_channel")  # type: ignore[attr-defined]
        for number in (1, 2):
            self.fields[f"department_{number}"].choices = [  # type: ignore[attr-defined]
                ("", _("Any department")),
                *((name, name) for name in departments),
            ]

    def amounts(self, currency: str) -> list[tuple[int, str]]:
        """Amount and department of each line that has one."""
        values = self.cleaned_data
        return [
            (to_minor(values[f"amount_{n}"], currency), values[f"department_{n}"])
            for n in (1, 2)
            if values[f"amount_{n}"]
        ]


class PublishRulesForm(StyledForm):
    """From which day on the draft holds; empty is at once."""

    starts_on = _day(_("Holds from"))


def _lines(text: str) -> list[str]:
    return list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))


__all__ = [
    "EventRuleForm",
    "ExampleForm",
    "PointsTypeForm",
    "PublishRulesForm",
    "PurchaseRuleForm",
    "shown_purchase_rule",
]
