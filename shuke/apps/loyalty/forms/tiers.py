"""The ladder as a form: amounts as people write them, codes made from names."""

import re
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from shuke.apps.loyalty.queries.types import points_types
from shuke.apps.loyalty.schemas.tiers import (
    TierCounterView,
    TierTermsView,
    TierVersionView,
    TierView,
    TierWindowView,
)
from shuke.platform.money import exponent, to_major
from shuke.web.forms import NamedForm, StyledForm, names_initial
from shuke.web.labels import choices_of

COUNTERS = (("spend", _("Money spent")), ("orders", _("Orders")), ("events", _("Behaviour by name")))
MAX_ROWS = 12
SPARE_ROWS = 2
#: Larger numbers are typing errors.
LARGEST = 10**12


def counter_choices() -> list[tuple[str, Any]]:
    """What can be counted: money, orders, each kind of points as it was earned, behaviour."""
    kinds = [(f"points:{k.code}", _("Earned: %(name)s") % {"name": k.name}) for k in points_types()]
    return [*COUNTERS[:2], *kinds, COUNTERS[2]]


class DateInput(forms.DateInput):
    """The browser's own calendar."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class LadderForm(NamedForm):
    """The rules of a draft, without its tiers, and what the programme is called."""

    counter = forms.ChoiceField(
        label=_("What is counted"),
        choices=lazy(counter_choices, list)(),
        help_text=_("Always what was spent or earned in the window; using points never costs a tier."),
    )
    events = forms.CharField(
        label=_("Names of the behaviour"),
        max_length=400,
        required=False,
        help_text=_("Only for behaviour: several with commas, such as Checked In, Product Reviewed."),
    )
    window = forms.ChoiceField(
        label=_("In which time"), choices=lazy(lambda: choices_of("tier_window"), list)()
    )
    days = forms.IntegerField(
        label=_("Days of a rolling window"), min_value=1, max_value=3660, initial=365, required=False
    )
    up = forms.ChoiceField(label=_("Up"), choices=lazy(lambda: choices_of("tier_up"), list)())
    down = forms.ChoiceField(label=_("Down"), choices=lazy(lambda: choices_of("tier_down"), list)())
    grace_days = forms.IntegerField(
        label=_("Days of grace"),
        min_value=0,
        max_value=366,
        initial=30,
        help_text=_("So long the tier goes on after its end; whoever makes up for it keeps the tier."),
    )
    valid_from = forms.DateField(
        label=_("Counts from"),
        required=False,
        widget=DateInput(),
        help_text=_("The first rules may begin in the past: then the history is placed, day by day."),
    )
    note = forms.CharField(label=_("Note"), max_length=200, required=False)

    def __init__(self, *args: Any, is_first: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name_en"].label = _("Name of the programme in English")
        self.fields["name_zh"].label = _("Name of the programme in Chinese")
        if not is_first:
            del self.fields["valid_from"]


class TierRowForm(StyledForm):
    """One tier; an empty row is left out."""

    code = forms.CharField(max_length=24, required=False, widget=forms.HiddenInput())
    name_en = forms.CharField(label=_("Tier in English"), max_length=40, required=False)
    name_zh = forms.CharField(label=_("Tier in Chinese"), max_length=40, required=False)
    reach = forms.DecimalField(
        label=_("To reach it"), min_value=0, max_value=LARGEST, decimal_places=3, required=False
    )
    keep = forms.DecimalField(
        label=_("To keep it"), min_value=0, max_value=LARGEST, decimal_places=3, required=False
    )


TierRows = forms.formset_factory(TierRowForm, extra=SPARE_ROWS, max_num=MAX_ROWS, absolute_max=MAX_ROWS)


def code_of(name: str, *, taken: set[str]) -> str:
    """A code made from a name in Latin letters; else a number.  Codes stay when names change."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:20] if name.isascii() else ""
    candidates = [plain] if plain else []
    candidates += [f"{plain or 'tier'}-{number}" for number in range(1, 2 * MAX_ROWS)]
    return next(code for code in candidates if code not in taken)


def initial_of(version: TierVersionView, *, currency: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What the two forms begin with."""
    terms = version.terms
    counter = f"points:{terms.counter.points_type}" if terms.counter.kind == "points" else terms.counter.kind
    base = {
        "counter": counter,
        "events": ", ".join(terms.counter.events),
        "window": terms.window.kind,
        "days": terms.window.days,
        "up": terms.up,
        "down": terms.down,
        "grace_days": terms.grace_days,
        "valid_from": version.valid_from,
        "note": version.note,
    }
    is_money = terms.counter.kind == "spend"

    def shown(number: int) -> Decimal:
        return to_major(number, currency) if is_money else Decimal(number)

    rows = [
        {
            "code": tier.code,
            **names_initial(tier.names, tier.name),
            "reach": shown(tier.reach),
            "keep": shown(tier.keep) if tier.keep != tier.reach else None,
        }
        for tier in terms.tiers
    ]
    return base, rows


def terms_from(base: dict[str, Any], rows: list[dict[str, Any]], *, currency: str) -> TierTermsView:
    """The rules that were entered: rows without any name and without a number are left out."""
    kind, _colon, points_type = base["counter"].partition(":")
    scale = Decimal(10) ** (exponent(currency) if kind == "spend" else 0)
    tiers: list[TierView] = []
    taken = {row["code"] for row in rows if row.get("code")}
    for row in rows:
        entered = {"en": row.get("name_en", ""), "zh-hans": row.get("name_zh", "")}
        names = {language: name for language, name in entered.items() if name}
        if not names and row.get("reach") is None:
            continue
        name = entered["en"] or entered["zh-hans"]
        code = row.get("code") or code_of(name, taken=taken)
        taken.add(code)
        reach = int((row.get("reach") or Decimal(0)) * scale)
        keep = reach if row.get("keep") is None else int(row["keep"] * scale)
        tiers.append(TierView.model_construct(code=code, name=name, names=names, reach=reach, keep=keep))
    return TierTermsView(
        tiers=tiers,
        counter=TierCounterView(
            kind=kind,
            points_type=points_type,
            events=[name.strip() for name in base["events"].split(",") if name.strip()],
        ),
        window=TierWindowView(kind=base["window"], days=base.get("days") or 365),
        up=base["up"],
        down=base["down"],
        grace_days=base["grace_days"],
    )


class InvitationForm(StyledForm):
    """A tier for some time."""

    tier = forms.ChoiceField(label=_("Tier"))
    first_date = forms.DateField(label=pgettext_lazy("day", "From"), widget=DateInput())
    last_date = forms.DateField(label=_("Through"), widget=DateInput())
    reason = forms.CharField(label=_("Reason"), max_length=200)

    def __init__(self, *args: Any, tiers: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["tier"].choices = tiers  # type: ignore[attr-defined]


class PublishForm(StyledForm):
    """The day from which the tried rules hold."""

    valid_from = forms.DateField(label=_("Valid from"), widget=DateInput())
