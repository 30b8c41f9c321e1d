"""From a condition tree to one Ibis query over one snapshot.

Every leaf becomes a column beside the members (a sheet): a trait, a count, a flag.  The tree is then
one boolean expression over the sheet's columns in which nothing is ever unknown: a comparison with
a missing value is false.  Equal leaves share a column.  Only what DuckDB and Spark agree on is used.
"""

from __future__ import annotations

import json
import operator
from collections.abc import Callable
from functools import reduce
from typing import Any as AnyValue

import ibis
from ibis.expr import types as ir

from shuke.apps.audiences.rules import conditions as c
from shuke.apps.audiences.rules.behaviour import Behaviour
from shuke.apps.audiences.rules.due import due_members
from shuke.apps.audiences.rules.facts import ADDRESS_KINDS, AudienceFacts
from shuke.apps.audiences.rules.parsing import Fault, FaultyConditionsError, as_data
from shuke.apps.audiences.rules.references import expanded_size
from shuke.apps.audiences.rules.shares import PRIME, multipliers, threshold
from shuke.apps.audiences.rules.values import TRAITS, operands
from shuke.apps.audiences.rules.windows import bounds, days_of_year
from shuke.science.layers import layers_on, moved
from shuke.science.persons import (
    current_attributes,
    current_consents,
    current_identity,
    newest_per_key,
    speaking_members,
)
from shuke.science.texts import number

#: Given the sheet, whether the condition holds for each of its members; never missing.
Predicate = Callable[[ir.Table], ir.BooleanValue]

FALSE = ibis.literal(value=False)


def compile_conditions(tree: c.Condition, facts: AudienceFacts) -> ir.Table:
    """The members for whom the tree holds: one column ``member_id``, each once, in no order.

    Everybody is a member who owns an identifier in the identity map.  Raises
    ``FaultyConditionsError`` for unknown traits, values of the wrong type, unknown audiences and
    circles of audiences.
    """
    expanded_size(tree, facts.audiences)
    sheet = _Sheet(facts)
    holds = sheet.predicate(tree)
    members = sheet.joined()
    return members.filter(holds(members)).select("member_id")


class _Sheet:
    """Collects the columns that a tree needs, then joins them to the members once."""

    def __init__(self, facts: AudienceFacts) -> None:
        self.facts = facts
        self.behaviour = Behaviour(facts)
        self._columns: dict[str, tuple[str, ir.Table]] = {}
        self._traits: dict[str, str] = {}

    def joined(self) -> ir.Table:
        """Members with their draw, the used traits and one column per leaf."""
        identity = current_identity(self.facts.identity_map)
        members = identity.group_by("member_id").agg(draw=identity.draw.min())
        parts = [table for _, table in self._columns.values()]
        if self._traits:
            newest = _newest_traits(self.facts)
            parts.append(newest.select("member_id", **{name: field for field, name in self._traits.items()}))
        return reduce(
            lambda left, right: left.left_join(right, "member_id").drop("member_id_right"), parts, members
        )

    def trait(self, field: str) -> str:
        """Name of the column of a trait."""
        return self._traits.setdefault(field, f"trait_{field}")

    def column(self, key: AnyValue, table: Callable[[], ir.Table]) -> str:
        """Name of the column ``value`` of the table (``member_id, value``); equal keys share it."""
        text = json.dumps(key, sort_keys=True, default=str)
        if text not in self._columns:
            name = f"leaf_{len(self._columns)}"
            self._columns[text] = (name, table().select("member_id", **{name: "value"}))
        return self._columns[text][0]

    def flag(self, key: AnyValue, members: Callable[[], ir.Table], *, expected: bool = True) -> Predicate:
        """Whether the member is among ``members``, or, if not ``expected``, is not."""
        name = self.column(key, lambda: members().select("member_id").distinct().mutate(value=True))
        return lambda t: t[name].notnull() if expected else t[name].isnull()

    def predicate(self, node: c.Condition) -> Predicate:
        """The condition as an expression over the sheet."""
        return _COMPILERS[type(node)](node, self)


def _newest_traits(facts: AudienceFacts) -> ir.Table:
    known = facts.traits.filter(facts.traits.as_of <= ibis.literal(facts.today))
    return known.filter(known.as_of == known.as_of.max().as_scalar())


def _all(node: c.All, sheet: _Sheet) -> Predicate:
    parts = [sheet.predicate(child) for child in node.children]
    return lambda t: reduce(operator.and_, (part(t) for part in parts), ibis.literal(value=True))


def _any(node: c.Any, sheet: _Sheet) -> Predicate:
    parts = [sheet.predicate(child) for child in node.children]
    return lambda t: reduce(operator.or_, (part(t) for part in parts), ibis.literal(value=False))


def _not(node: c.Not, sheet: _Sheet) -> Predicate:
    inner = sheet.predicate(node.child)
    return lambda t: ~inner(t)


def _trait(node: c.Trait, sheet: _Sheet) -> Predicate:
    if node.field not in TRAITS:
        raise FaultyConditionsError(Fault("unknown_trait", (), "field", {"value": node.field}))
    values = operands(node, kind=TRAITS[node.field])
    name = sheet.trait(node.field)
    return lambda t: compared(t[name], node.operator, values, today=sheet.facts.today)


def _attribute(node: c.Attribute, sheet: _Sheet) -> Predicate:
    values = operands(node, kind="attribute")
    name = sheet.column({"attribute": node.name}, lambda: _attribute_values(node.name, sheet.facts))
    is_number = any(isinstance(value, float) for value in values)
    return lambda t: compared(
        number(t[name]) if is_number else t[name], node.operator, values, today=sheet.facts.today
    )


def _attribute_values(attribute: str, facts: AudienceFacts) -> ir.Table:
    told = facts.member_attributes.filter(facts.member_attributes.attribute == attribute)
    return current_attributes(told, facts.identity_map).select("member_id", "value")


def compared(
    column: ir.Value, operation: c.Operator, values: tuple[AnyValue, ...], *, today: AnyValue = None
) -> ir.BooleanValue:
    """The comparison; false where the column's value is missing, and false for a text that is no number."""
    if operation == "is_known":
        return column.notnull()
    if operation == "in":
        result = column.isin(values)
    elif operation == "between":
        result = (column >= values[0]) & (column <= values[1])
    elif operation == "last_days":
        start, end = bounds(c.LastDays(days=values[0]), today=today)
        result = (column >= ibis.literal(start)) & (column <= ibis.literal(end))
    else:
        result = _PAIRS[operation](column, values[0])
    return result.fill_null(FALSE)


_PAIRS: dict[str, Callable[[AnyValue, AnyValue], ir.BooleanValue]] = {
    "eq": lambda column, value: column == value,
    "ne": lambda column, value: column != value,
    "lt": lambda column, value: column < value,
    "le": lambda column, value: column <= value,
    "gt": lambda column, value: column > value,
    "ge": lambda column, value: column >= value,
    "contains": lambda column, value: column.contains(value),
    "starts_with": lambda column, value: column.startswith(value),
}


def _number_predicate(name: str, comparison: c.Comparison, *, did: bool) -> Predicate:
    """A count or sum against the comparison; who has none has 0."""
    high = () if comparison.high is None else (comparison.high,)
    values = (comparison.value, *high)

    def holds(t: ir.Table) -> ir.BooleanValue:
        result = compared(t[name].fill_null(0), comparison.operator, values)
        return result if did else ~result

    return holds


def _date_predicate(name: str, window: c.Window, sheet: _Sheet, *, did: bool) -> Predicate:
    """A first or last day within the window; who has none is not in it."""
    start, end = bounds(window, today=sheet.facts.today)

    def holds(t: ir.Table) -> ir.BooleanValue:
        result = t[name] <= ibis.literal(end)
        if start is not None:
            result &= t[name] >= ibis.literal(start)
        result = result.fill_null(FALSE)
        return result if did else ~result

    return holds


def _measured(facts: ir.Table, measure: str) -> ir.Table:
    by_member = facts.group_by("member_id")
    if measure == "first":
        return by_member.agg(value=facts.local_date.min())
    if measure == "last":
        return by_member.agg(value=facts.local_date.max())
    return by_member.agg(value=facts.count())


def _purchase(node: c.Purchase, sheet: _Sheet) -> Predicate:
    window = c.Ever() if node.measure in ("first", "last") else node.window

    def table() -> ir.Table:
        if node.measure == "sum":
            return sheet.behaviour.spent(node, window)
        return _measured(sheet.behaviour.purchases(node, window), node.measure)

    name = sheet.column(_key(node, "did", "comparison", window=window), table)
    if node.measure in ("first", "last"):
        return _date_predicate(name, node.window, sheet, did=node.did)
    return _number_predicate(name, node.comparison, did=node.did)


def _event(node: c.Event, sheet: _Sheet) -> Predicate:
    window = c.Ever() if node.measure in ("first", "last") else node.window
    name = sheet.column(
        _key(node, "did", "comparison", window=window),
        lambda: _measured(sheet.behaviour.events(node.names, window), node.measure),
    )
    if node.measure in ("first", "last"):
        return _date_predicate(name, node.window, sheet, did=node.did)
    return _number_predicate(name, node.comparison, did=node.did)


def _key(node: c.Condition, *left_out: str, window: c.Window) -> dict[str, AnyValue]:
    """What decides a leaf's column: the node without what only compares it."""
    data = {key: value for key, value in as_data(node).items() if key not in left_out}
    return data | {"window": window.model_dump(mode="json")}


def _message(node: c.Message, sheet: _Sheet) -> Predicate:
    def members() -> ir.Table:
        return sheet.behaviour.messages(
            node.event, node.window, campaign_ids=node.campaign_ids, channels=node.channels
        )

    return sheet.flag(_key(node, "did", window=node.window), members, expected=node.did)


def _sequence(node: c.Sequence, sheet: _Sheet) -> Predicate:
    return sheet.flag(as_data(node), lambda: sheet.behaviour.followed(node))


def _audience(node: c.InAudience, sheet: _Sheet) -> Predicate:
    if node.audience_id not in sheet.facts.audiences:
        raise FaultyConditionsError(Fault("unknown_audience", (), "audience_id", {"value": node.audience_id}))
    return sheet.predicate(sheet.facts.audiences[node.audience_id])


def _tier(node: c.InTier, sheet: _Sheet) -> Predicate:
    def members() -> ir.Table:
        told = sheet.facts.tier_memberships
        begun = told.filter(told.from_date <= ibis.literal(sheet.facts.today))
        newest = newest_per_key(begun, ("program_id", "member_id"), newest_by=("number", "recorded_at"))
        return newest.filter((newest.program_id + ":" + newest.tier).isin(node.tiers))

    return sheet.flag({"tier": sorted(node.tiers)}, members, expected=node.did)


def _layer(node: c.InLayer, sheet: _Sheet) -> Predicate:
    def members() -> ir.Table:
        newest = layers_on(sheet.facts.member_layers, scheme=node.scheme, as_of=sheet.facts.today)
        return newest.filter(newest.layer.isin(node.layers))

    return sheet.flag({"layer": [node.scheme, sorted(node.layers)]}, members, expected=node.did)


def _moved(node: c.Moved, sheet: _Sheet) -> Predicate:
    def members() -> ir.Table:
        return moved(
            sheet.facts.member_layers,
            scheme=node.scheme,
            as_of=sheet.facts.today,
            days=node.days,
            from_layers=node.from_layers,
            to_layers=node.to_layers,
        )

    return sheet.flag(as_data(node), members)


def _due(node: c.Due, sheet: _Sheet) -> Predicate:
    return sheet.flag(as_data(node), lambda: due_members(node, sheet.facts))


def _consent(node: c.Consent, sheet: _Sheet) -> Predicate:
    name = sheet.column(
        {"consent": [node.channel, node.purpose]}, lambda: _states(node.channel, node.purpose, sheet.facts)
    )
    return lambda t: t[name].fill_null("unknown") == node.state


def _states(channel: str, purpose: str, facts: AudienceFacts) -> ir.Table:
    asked = facts.consents.filter(facts.consents.channel == channel, facts.consents.purpose == purpose)
    return current_consents(asked).select("member_id", value="state")


def _reachable(node: c.Reachable, sheet: _Sheet) -> Predicate:
    facts = sheet.facts
    consent = _consent(c.Consent(channel=node.channel, purpose=node.purpose), sheet)
    stopped = sheet.flag(
        {"suppressed": node.channel},
        lambda: facts.suppressions.filter(facts.suppressions.channel == node.channel),
        expected=False,
    )
    kinds = ADDRESS_KINDS.get(node.channel)
    if kinds is None:
        return lambda t: consent(t) & stopped(t)
    identity = current_identity(facts.identity_map)
    address = sheet.flag({"address": kinds}, lambda: identity.filter(identity.kind.isin(kinds)))
    return lambda t: consent(t) & stopped(t) & address(t)


def _anniversary(node: c.Anniversary, sheet: _Sheet) -> Predicate:
    days = days_of_year(sheet.facts.today, within_days=node.within_days)
    name = sheet.column({"attribute": node.attribute}, lambda: _attribute_values(node.attribute, sheet.facts))
    return lambda t: compared(t[name], "in", days)


def _share(node: c.Share, _: _Sheet) -> Predicate:
    a, b = multipliers(node.salt)
    limit = threshold(node.basis_points)
    return lambda t: ((t.draw * a + b) % PRIME < limit).fill_null(FALSE)


def _members(node: c.Members, sheet: _Sheet) -> Predicate:
    def listed() -> ir.Table:
        ids = [{"member_id": member_id} for member_id in dict.fromkeys(node.member_ids)]
        named = ibis.memtable(ids, schema={"member_id": "string"})
        return speaking_members(named, sheet.facts.identity_map)

    return sheet.flag(as_data(node), listed)


_COMPILERS: dict[type[c.Node], Callable[[AnyValue, _Sheet], Predicate]] = {
    c.All: _all,
    c.Any: _any,
    c.Not: _not,
    c.Trait: _trait,
    c.Attribute: _attribute,
    c.Purchase: _purchase,
    c.Event: _event,
    c.Message: _message,
    c.Sequence: _sequence,
    c.InAudience: _audience,
    c.InTier: _tier,
    c.InLayer: _layer,
    c.Moved: _moved,
    c.Due: _due,
    c.Consent: _consent,
    c.Reachable: _reachable,
    c.Anniversary: _anniversary,
    c.Share: _share,
    c.Members: _members,
}
