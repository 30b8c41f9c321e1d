"""A condition tree in plain words, in the reader's language."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from shuke.apps.audiences.queries import labels
from shuke.apps.audiences.rules import Condition
from shuke.apps.audiences.rules import conditions as c
from shuke.apps.audiences.rules.values import TRAITS
from shuke.apps.audiences.schemas import DescriptionLine
from shuke.platform.money import money_text

#: ``name_of("store", "s1")`` is what people call the store.
NameOf = Callable[[str, str], str]


def described(tree: Condition, *, name_of: NameOf, currency: str) -> list[DescriptionLine]:
    """The tree line by line, children indented below their group."""
    return list(_Words(name_of, currency).lines(tree, 0))


def summary(lines: list[DescriptionLine], *, limit: int = 160) -> str:
    """The first lines as one, for lists."""
    kept = [line.text for line in lines if line.level > 0] or [line.text for line in lines]
    text = "".join(part + (" " if part.endswith((":", "：")) else " · ") for part in kept).rstrip(" ·")
    return text if len(text) <= limit else text[: limit - 1] + "…"


class _Words:
    def __init__(self, name_of: NameOf, currency: str) -> None:
        self.name_of = name_of
        self.currency = currency

    def lines(self, node: Condition, level: int) -> Iterator[DescriptionLine]:
        if isinstance(node, c.All | c.Any):
            yield DescriptionLine(level=level, text=self._group(node))
            for child in node.children:
                yield from self.lines(child, level + 1)
        elif isinstance(node, c.Not) and isinstance(node.child, c.All | c.Any | c.Not):
            yield DescriptionLine(level=level, text=_("This does not hold:"))
            yield from self.lines(node.child, level + 1)
        elif isinstance(node, c.Not):
            yield DescriptionLine(level=level, text=_("Not: {text}").format(text=self._leaf(node.child)))
        else:
            yield DescriptionLine(level=level, text=self._leaf(node))

    def _leaf(self, node: Condition) -> str:
        write: Callable[[Any], str] = getattr(self, f"_{node.type}")
        return write(node)

    def _group(self, node: c.All | c.Any) -> str:
        if not node.children:
            return _("Every member") if isinstance(node, c.All) else _("Nobody")
        return _("All of these hold:") if isinstance(node, c.All) else _("At least one of these holds:")

    def _list(self, kind: str, values: tuple[str, ...]) -> str:
        names = [self.name_of(kind, value) for value in values[:5]]
        more = len(values) - len(names)
        if more:
            names.append(_("{count} more").format(count=more))
        return _(", ").join(names)

    def _money(self, amount_minor: int) -> str:
        return money_text(amount_minor, self.currency, locale=_locale())

    def _trait(self, node: c.Trait) -> str:
        kind = TRAITS.get(node.field, "text")
        known = labels.trait_values(node.field)

        def show(value: Any) -> str:
            if kind == "minor" and isinstance(value, int):
                return self._money(value)
            if node.field == "favourite_store":
                return self.name_of("store", str(value))
            return labels.label(known, str(value))

        return _comparison(labels.label(labels.TRAITS, node.field), node, show=show, is_date=kind == "date")

    def _attribute(self, node: c.Attribute) -> str:
        subject = labels.label(labels.ATTRIBUTES, node.name)
        return _comparison(subject, node, show=str, is_date=False)

    def _goods(self, wanted: c.PurchaseFilter) -> str:
        goods = wanted.goods
        parts = [
            self._list(kind, values)
            for kind, values in (
                ("product", goods.product_ids),
                ("category", goods.categories),
                ("department", goods.departments),
                ("brand", goods.brands),
            )
            if values
        ]
        text = " + ".join(parts) or _("anything")
        if wanted.store_ids:
            text = _("{goods} at {stores}").format(goods=text, stores=self._list("store", wanted.store_ids))
        if wanted.sales_channels:
            channels = self._list("sales_channel", wanted.sales_channels)
            text = _("{goods} through {channels}").format(goods=text, channels=channels)
        return text

    def _purchase(self, node: c.Purchase) -> str:
        patterns = {
            "count": _("Bought {what} {number} times {window}"),
            "sum": _("Spent {number} on {what} {window}"),
            "first": _("Bought {what} for the first time {window}"),
            "last": _("Bought {what} for the last time {window}"),
        }
        text = patterns[node.measure]
        if node.measure == "count" and _is_at_least_once(node.comparison):
            text = _("Bought {what} {window}") if node.did else _("Did not buy {what} {window}")
            return text.format(what=self._goods(node), window=_window(node.window))
        show = self._money if node.measure == "sum" else str
        filled = text.format(
            what=self._goods(node), number=_number(node.comparison, show), window=_window(node.window)
        )
        return filled if node.did else _("Not: {text}").format(text=filled)

    def _event(self, node: c.Event) -> str:
        what = self._list("event", node.names)
        window = _window(node.window)
        if node.measure == "count" and _is_at_least_once(node.comparison):
            text = _("Did {what} {window}") if node.did else _("Did not do {what} {window}")
            return text.format(what=what, window=window)
        patterns = {
            "count": _("Did {what} {number} times {window}"),
            "first": _("Did {what} for the first time {window}"),
            "last": _("Did {what} for the last time {window}"),
        }
        filled = patterns[node.measure].format(what=what, number=_number(node.comparison, str), window=window)
        return filled if node.did else _("Not: {text}").format(text=filled)

    def _what_message(self, node: c.Message | c.MessageStep) -> str:
        campaigns = self._list("campaign", node.campaign_ids) or _("any campaign")
        event = labels.label(labels.MESSAGE_EVENTS, node.event)
        text = _("{event} a message of {campaigns}").format(event=event, campaigns=campaigns)
        if node.channels:
            text = _("{text} on {channels}").format(text=text, channels=self._list("channel", node.channels))
        return text

    def _message(self, node: c.Message) -> str:
        text = _("{text} {window}").format(text=self._what_message(node), window=_window(node.window))
        return text if node.did else _("Not: {text}").format(text=text)

    def _step(self, step: c.Step) -> str:
        if isinstance(step, c.PurchaseStep):
            return _("Bought {what}").format(what=self._goods(step))
        if isinstance(step, c.EventStep):
            return _("Did {what}").format(what=self._list("event", step.names))
        return self._what_message(step)

    def _sequence(self, node: c.Sequence) -> str:
        text = _("First “{first}”, then within {days} days “{then}” ({window})")
        return text.format(
            first=self._step(node.first),
            then=self._step(node.then),
            days=node.within_days,
            window=_window(node.window),
        )

    def _audience(self, node: c.InAudience) -> str:
        return _("Belongs to the audience {name}").format(name=self.name_of("audience", node.audience_id))

    def _tier(self, node: c.InTier) -> str:
        text = _("Is in the tier {tiers}") if node.did else _("Is not in the tier {tiers}")
        return text.format(tiers=self._list("tier", node.tiers))

    def _layers(self, scheme: str, layers: tuple[str, ...]) -> str:
        return self._list(f"layer:{scheme}", layers)

    def _layer(self, node: c.InLayer) -> str:
        text = (
            _("{scheme}: is in the layer {layers}")
            if node.did
            else _("{scheme}: is not in the layer {layers}")
        )
        return text.format(
            scheme=self.name_of("scheme", node.scheme), layers=self._layers(node.scheme, node.layers)
        )

    def _moved(self, node: c.Moved) -> str:
        return _("{scheme}: moved from {before} to {after} within {days} days").format(
            scheme=self.name_of("scheme", node.scheme),
            before=self._layers(node.scheme, node.from_layers),
            after=self._layers(node.scheme, node.to_layers),
            days=node.days,
        )

    def _due(self, node: c.Due) -> str:
        what = self._list("category", node.categories) or _("anything")
        if node.state == "overdue":
            return _("Is overdue with {what}").format(what=what)
        return _("Needs {what} within {days} days").format(what=what, days=node.within_days)

    def _consent(self, node: c.Consent) -> str:
        return _("Consent to {purpose} on {channel}: {state}").format(
            purpose=labels.label(labels.PURPOSES, node.purpose),
            channel=labels.label(labels.CHANNELS, node.channel),
            state=labels.label(labels.STATES, node.state),
        )

    def _reachable(self, node: c.Reachable) -> str:
        channel = labels.label(labels.CHANNELS, node.channel)
        return _("Can be reached on {channel}").format(channel=channel)

    def _anniversary(self, node: c.Anniversary) -> str:
        what = labels.label(labels.ATTRIBUTES, node.attribute)
        if node.within_days == 0:
            return _("{what} is today").format(what=what)
        return _("{what} is within the next {days} days").format(what=what, days=node.within_days)

    def _share(self, node: c.Share) -> str:
        percent = f"{Decimal(node.basis_points) / 100:f}"
        return _("A random {percent} % (draw “{salt}”)").format(percent=percent, salt=node.salt)

    def _members(self, node: c.Members) -> str:
        return _("One of {count} listed members").format(count=len(node.member_ids))


def _locale() -> str:
    return {"zh-hans": "zh_Hans"}.get(get_language() or "en", "en")


def _is_at_least_once(comparison: c.Comparison) -> bool:
    return comparison.operator == "ge" and comparison.value == 1


def _number(comparison: c.Comparison, show: Callable[[int], str]) -> str:
    if comparison.operator == "between" and comparison.high is not None:
        return _("{low} to {high}").format(low=show(comparison.value), high=show(comparison.high))
    operator = labels.label(labels.NUMBER_OPERATORS, comparison.operator)
    return _("{operator} {value}").format(operator=operator, value=show(comparison.value))


def _window(window: c.Window) -> str:
    if isinstance(window, c.LastDays):
        return _("in the last {days} days").format(days=window.days)
    if isinstance(window, c.Between):
        return _("from {start} to {end}").format(start=window.start, end=window.end)
    return _("at any time")


def _comparison(
    subject: str, node: c.Trait | c.Attribute, *, show: Callable[[Any], str], is_date: bool
) -> str:
    if node.operator == "is_known":
        return _("{subject} is known").format(subject=subject)
    if node.operator == "between":
        text = _("{subject} is between {low} and {high}")
        return text.format(subject=subject, low=show(node.value), high=show(node.high))
    if node.operator == "last_days":
        return _("{subject} lies in the last {days} days").format(subject=subject, days=node.value)
    operators = labels.DATE_OPERATORS if is_date else labels.OPERATORS
    values = node.values[:5] if node.operator == "in" else (node.value,)
    value = _(", ").join(show(item) for item in values if item is not None)
    operator = labels.label(operators, node.operator)
    return _("{subject} {operator} {value}").format(subject=subject, operator=operator, value=value)
