"""The form of a slot: single fields as Django knows them, lists as rows that the page adds and takes away."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from pydantic import ValidationError

from shuke.apps.recommendations.operations.slot_faults import sentence
from shuke.apps.recommendations.rules.setup import faults_of
from shuke.apps.recommendations.rules.strategies import ABOUT_STRATEGIES, THOMPSON
from shuke.apps.recommendations.schemas import ArmInput, SlotInput, SlotRules
from shuke.web.forms import StyledForm

#: Fields of the rules that are one number or one tick.
RULES = (
    "popular_by",
    "cap",
    "diversity_percent",
    "new_places",
    "explore_percent",
    "margin_percent",
    "rest_percent",
    "only_in_stock",
)
LISTS = ("departments", "barred_products", "barred_kinds", "pinned_products")
ABOUT_CHOICES = (
    ("member", _("a member: app, website, mail")),
    ("product", _("a product: the page of a product")),
    ("basket", _("a basket: till, cart")),
    ("segment", _("a segment: everybody of a segment sees the same")),
)
POPULAR_CHOICES = (
    ("all", _("everywhere alike")),
    ("store", _("apart for each store")),
    ("segment", _("apart for each segment")),
)
#: What an empty page begins with.
NEW = SlotInput.model_construct(
    code="",
    name="",
    about="member",
    places=10,
    arms=[ArmInput(name="repeat-ranker", strategy="repeat-ranker")],
    bandit=[],
    fallbacks=["popularity"],
    rules=SlotRules(),
)
STRATEGIES = frozenset(chain(*ABOUT_STRATEGIES.values(), [THOMPSON]))
_NUMBER = re.compile(r"-\d+$")
_BOOST = re.compile(r"boost-(\d{1,4})-name")


def _number(label: Any, low: int, high: int, help_text: Any = "") -> forms.IntegerField:
    return forms.IntegerField(label=label, min_value=low, max_value=high, help_text=help_text)


class SlotForm(StyledForm):
    """A slot as it is set up; ``slot`` fills it in."""

    name = forms.CharField(label=_("Name"), max_length=120)
    code = forms.RegexField(
        label=_("Code"),
        regex=r"^[a-z0-9][a-z0-9_-]{1,39}$",
        help_text=_("Shops and tills ask by it; it stays for ever. Small letters, digits, - and _."),
        error_messages={"invalid": _("Use 2 to 40 small Latin letters, digits, - and _.")},
    )
    about = forms.ChoiceField(label=_("Recommends for"), choices=ABOUT_CHOICES)
    places = _number(_("Places"), 1, 50, _("How many products an answer has."))
    cap = _number(
        _("Of one kind at most"),
        1,
        50,
        _("So that no list is ten yoghurts. More only where nothing else is left."),
    )
    diversity_percent = _number(
        _("Variety, percent"),
        0,
        50,
        _("0 sorts by score alone. At 6, kinds stay apart and the list loses less than 1 % of its quality."),
    )
    new_places = _number(
        _("Places for what they never bought"),
        0,
        50,
        _("Kept for new products even where habits score higher."),
    )
    explore_percent = _number(
        _("Chance in the last place, percent"),
        0,
        50,
        _(
            "How often the last place is drawn by lot, so that products nobody saw yet get a chance to be learned of."
        ),
    )
    margin_percent = _number(
        _("Weight of the margin, percent"),
        0,
        15,
        _("Moves a score by at most 15 %, up for a high margin and down for a low one. 0 leaves it out."),
    )
    rest_percent = _number(
        _("Rest after a purchase, percent of its cycle"),
        0,
        100,
        _("Who buys detergent every 60 days does not see it for the first 30 days at 50."),
    )
    popular_by = forms.ChoiceField(
        label=_("Products are tried out"),
        choices=POPULAR_CHOICES,
        required=False,
        help_text=_(
            "By the strategy that tries out popular and new products on those of whom nothing is known. Apart needs "
            "many lists in each: below some hundreds a day, leave it everywhere."
        ),
    )
    only_in_stock = forms.BooleanField(
        label=_("Only what is in stock"), required=False, help_text=_("Where stock is known to Shuke.")
    )

    def __init__(self, data: QueryDict | None = None, *, slot: SlotInput | None = None) -> None:
        super().__init__(data, initial=_shown(slot or NEW))
        self.slot_input: SlotInput | None = (slot or NEW) if data is None else None
        self.faults: dict[str, list[str]] = {}

    def lists(self) -> dict[str, Any]:
        """The rows of the page: as they were sent, else as the slot has them."""
        if self.is_bound:
            given = _lists_given(self.data)
        else:
            given = (self.slot_input or NEW).model_dump(include={"arms", "bandit", "fallbacks", "rules"})
        return {**{name: given[name] for name in ("arms", "bandit", "fallbacks")}, **given["rules"]}

    def clean(self) -> dict[str, Any]:
        """All of the lists, and what the set-up says as a whole."""
        values: dict[str, Any] = super().clean() or {}
        if self.errors:
            return values
        given = _given(values, self.data)
        try:
            self.slot_input = SlotInput.model_validate(given)
        except ValidationError as error:
            for fault in error.errors():
                self._fault(_field_of(fault["loc"]), str(_("There is something here that cannot be read.")))
            return values
        for found in faults_of(self.slot_input):
            self._fault(found.field, sentence(found))
        return values

    def _fault(self, field: str, text: str) -> None:
        """At the field where it has one, else at the part of the page that shows the list."""
        if field in self.fields:
            self.add_error(field, text)
        else:
            self.add_error(None, text)
            self.faults.setdefault(field, []).append(text)


def _shown(slot: SlotInput) -> dict[str, Any]:
    rules = slot.rules.model_dump()
    return {
        "name": slot.name,
        "code": slot.code,
        "about": slot.about,
        "places": slot.places,
        **{name: rules[name] for name in RULES},
    }


def _given(values: dict[str, Any], data: Any) -> dict[str, Any]:
    """The set-up as plain data."""
    lists = _lists_given(data)
    lists["rules"] |= {name: values[name] for name in RULES}
    # A page that does not ask leaves it everywhere.
    lists["rules"]["popular_by"] = values["popular_by"] or "all"
    return {**{name: values[name] for name in ("name", "code", "about", "places")}, **lists}


def _lists_given(data: Any) -> dict[str, Any]:
    rules: dict[str, Any] = {name: _listed(data, name) for name in LISTS}
    rules["minimum_ages"] = dict(zip(data.getlist("age_kinds"), data.getlist("age_years"), strict=False))
    rules["boosts"] = list(_boosts(data))
    return {
        "arms": list(_arms(data)),
        "bandit": _listed(data, "bandit"),
        "fallbacks": _listed(data, "fallbacks"),
        "rules": rules,
    }


def _arms(data: Any) -> Iterator[dict[str, Any]]:
    """An arm that has no name of its own gets that of its strategy; the second of a strategy gets a number."""
    strategies, weights = data.getlist("arm_strategy"), data.getlist("arm_weight")
    given = [*data.getlist("arm_name"), *[""] * len(strategies)]
    names = [_own_name(name, strategy) for name, strategy in zip(given, strategies, strict=False)]
    taken = {name for name in names if name}
    for place, strategy in enumerate(strategies):
        name = names[place]
        if not name:
            free = (strategy, *(f"{strategy[:36]}-{number}" for number in range(2, 20)))
            name = next(each for each in free if each not in taken)
            taken.add(name)
        weight = weights[place] if place < len(weights) else "1"
        yield {"name": name, "strategy": strategy, "weight": weight or "0"}


def _own_name(name: str, strategy: str) -> str:
    """The name unless it is that of another strategy, which stood in the arm before."""
    of = _NUMBER.sub("", name)
    return "" if of in STRATEGIES and of != strategy else name


def _boosts(data: Any) -> Iterator[dict[str, Any]]:
    keys = sorted(int(found[1]) for name in data if (found := _BOOST.fullmatch(name)))
    for key in keys:
        goods = {what: _listed(data, f"boost-{key}-{what}") for what in ("products", "kinds")}
        name = data.get(f"boost-{key}-name", "").strip()
        yield {"name": name or f"{key}", "percent": data.get(f"boost-{key}-percent") or "0", **goods}


def _listed(data: Any, name: str) -> list[str]:
    return list(dict.fromkeys(value for value in data.getlist(name) if value))


def _field_of(location: tuple[Any, ...]) -> str:
    names = [str(part) for part in location]
    return names[1] if names[0] == "rules" and len(names) > 1 else names[0]
