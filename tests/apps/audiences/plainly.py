"""The meaning of conditions in plain Python over plain rows: slow, obvious, written from the document.

Shares no code with the compiler but the parsed nodes.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

from shuke.apps.audiences.rules import Condition
from tests.apps.audiences.worlds import TODAY, Rows, World, filled


class Plainly:
    """Evaluates a tree for one member after another."""

    def __init__(self, world: World, audiences: Mapping[str, Condition]) -> None:
        self.rows = {
            name: rows if name == "suppressions" else [filled(name, row) for row in rows]
            for name, rows in world.items()
        }
        self.audiences = audiences
        newest: dict[str, dict[str, Any]] = {}
        for row in sorted(self.rows["identity_map"], key=lambda r: (r["valid_from"], r["member_id"])):
            newest[row["person_key"]] = row
        self.identity = newest

    def members(self, tree: Condition) -> set[str]:
        everyone = {row["member_id"] for row in self.identity.values()}
        return {member for member in everyone if self.holds(tree, member)}

    def holds(self, node: Any, member: str) -> bool:
        kind: Callable[[Any, str], bool] = getattr(self, f"_{node.type}")
        return kind(node, member)

    def _all(self, node: Any, member: str) -> bool:
        return all(self.holds(child, member) for child in node.children)

    def _any(self, node: Any, member: str) -> bool:
        return any(self.holds(child, member) for child in node.children)

    def _not(self, node: Any, member: str) -> bool:
        return not self.holds(node.child, member)

    def _audience(self, node: Any, member: str) -> bool:
        return self.holds(self.audiences[node.audience_id], member)

    def _members(self, node: Any, member: str) -> bool:
        return member in node.member_ids

    def _trait(self, node: Any, member: str) -> bool:
        past = [row for row in self.rows["traits"] if row["as_of"] <= TODAY]
        newest = max((row["as_of"] for row in past), default=None)
        found = [row for row in past if row["as_of"] == newest and row["member_id"] == member]
        return _compares(found[0].get(node.field) if found else None, node)

    def _attribute(self, node: Any, member: str) -> bool:
        value = self._attribute_of(node.name, member)
        wants_number = node.operator != "is_known" and any(
            isinstance(x, int | float) for x in (node.value, *node.values)
        )
        if wants_number and value is not None:
            try:
                value = float(value)
            except ValueError:
                value = None
        return _compares(value, node)

    def _attribute_of(self, name: str, member: str) -> Any:
        mine = [
            row
            for row in self.rows["member_attributes"]
            if row["attribute"] == name and self._owner(row) == member
        ]
        return max(mine, key=lambda r: (r["observed_at"], r["value"]))["value"] if mine else None

    def _anniversary(self, node: Any, member: str) -> bool:
        value = self._attribute_of(node.attribute, member)
        for offset in range(node.within_days + 1):
            day = TODAY + timedelta(days=offset)
            is_leap = day.year % 4 == 0 and (day.year % 100 != 0 or day.year % 400 == 0)
            if value == f"{day:%m-%d}" or (value == "02-29" and f"{day:%m-%d}" == "02-28" and not is_leap):
                return True
        return False

    def _consent(self, node: Any, member: str) -> bool:
        mine = [
            row
            for row in self.rows["consents"]
            if (row["member_id"], row["channel"], row["purpose"]) == (member, node.channel, node.purpose)
        ]
        state = max(mine, key=lambda r: r["decided_at"])["state"] if mine else "unknown"
        return bool(state == getattr(node, "state", "granted"))

    def _tier(self, node: Any, member: str) -> bool:
        newest: dict[str, dict[str, Any]] = {}
        for row in sorted(self.rows["tier_memberships"], key=lambda r: r["number"]):
            if row["member_id"] == member and row["from_date"] <= TODAY:
                newest[row["program_id"]] = row
        is_in = any(f"{program}:{row['tier']}" in node.tiers for program, row in newest.items())
        return is_in if node.did else not is_in

    def _days_of(self, scheme: str) -> list[date]:
        """The scheme's days up to today, newest first."""
        rows = self.rows["member_layers"]
        return sorted(
            {row["as_of"] for row in rows if row["scheme"] == scheme and row["as_of"] <= TODAY}, reverse=True
        )

    def _layer_of(self, scheme: str, day: date, member: str) -> str | None:
        for row in self.rows["member_layers"]:
            if (row["scheme"], row["as_of"], row["member_id"]) == (scheme, day, member):
                return str(row["layer"])
        return None

    def _layer(self, node: Any, member: str) -> bool:
        days = self._days_of(node.scheme)
        is_in = bool(days) and self._layer_of(node.scheme, days[0], member) in node.layers
        return is_in if node.did else not is_in

    def _moved(self, node: Any, member: str) -> bool:
        days = self._days_of(node.scheme)
        earlier = [day for day in days if (days[0] - day).days >= node.days]
        if not earlier:
            return False
        was, now = (self._layer_of(node.scheme, day, member) for day in (earlier[0], days[0]))
        return was in node.from_layers and now in node.to_layers

    def _due(self, node: Any, member: str) -> bool:
        days = [row["as_of"] for row in self.rows["due_dates"] if row["as_of"] <= TODAY]
        for row in self.rows["due_dates"]:
            if row["member_id"] != member or row["as_of"] != max(days, default=None):
                continue
            if node.categories and row["category"] not in node.categories:
                continue
            if node.state == "overdue" and row["latest"] < TODAY:
                return True
            if node.state == "due" and 0 <= (row["due_date"] - TODAY).days < node.within_days:
                return True
        return False

    def _reachable(self, node: Any, member: str) -> bool:
        kind = {"email": "email", "sms": "phone"}.get(node.channel)
        has_address = kind is None or any(
            row["member_id"] == member and row["kind"] == kind for row in self.identity.values()
        )
        stopped = {"member_id": member, "channel": node.channel} in self.rows["suppressions"]
        return self._consent(node, member) and has_address and not stopped

    def _share(self, node: Any, member: str) -> bool:
        prime = 2**31 - 1
        digest = hashlib.sha256(f"share:{node.salt}".encode()).digest()
        a = int.from_bytes(digest[:8], "big") % (prime - 1) + 1
        b = int.from_bytes(digest[8:16], "big") % prime
        draw = min(row["draw"] for row in self.identity.values() if row["member_id"] == member)
        return (a * draw + b) % prime < math.floor(node.basis_points * prime / 10_000)

    def _owner(self, row: dict[str, Any]) -> str | None:
        owner = self.identity.get(row["person_key"])
        return owner["member_id"] if owner else None

    def _orders(self, wanted: Any, member: str) -> Rows:
        """Counted orders with a wanted product, each with ``money``: the order's or the wanted lines'."""
        return [
            {**order, "money": self._money(order, lines, wanted.goods)}
            for order in self.rows["orders"]
            if self._owner(order) == member and self._counts(order, wanted)
            for lines in [self._wanted_lines(order, wanted.goods)]
            if wanted.goods.is_everything() or lines
        ]

    def _counts(self, order: dict[str, Any], wanted: Any) -> bool:
        is_unpaid = order["payment_status"] == "pending" and order["lifecycle_status"] == "open"
        return (
            order["lifecycle_status"] != "cancelled"
            and order["payment_status"] != "void"
            and not is_unpaid
            and (not wanted.store_ids or order.get("store_id") in wanted.store_ids)
            and (not wanted.sales_channels or order["sales_channel"] in wanted.sales_channels)
        )

    def _wanted_lines(self, order: dict[str, Any], goods: Any) -> Rows:
        found = []
        for line in self.rows["order_lines"]:
            if line["order_id"] != order["order_id"] or line["is_gift"]:
                continue
            product = next((p for p in self.rows["products"] if p["product_id"] == line["product_id"]), {})
            fits = not goods.product_ids or line["product_id"] in goods.product_ids
            for values, column in (
                (goods.departments, "department"),
                (goods.categories, "category"),
                (goods.brands, "brand"),
            ):
                fits = fits and (not values or product.get(column) in values)
            if fits:
                found.append(line)
        return found

    def _money(self, order: dict[str, Any], lines: Rows, goods: Any) -> int:
        refunds = [
            row
            for row in self.rows["refunds"]
            if row["order_id"] == order["order_id"]
            and row["currency"] == "CNY"
            and row["local_date"] <= TODAY
        ]
        if goods.is_everything():
            paid = order["paid_minor"] if order["currency"] == "CNY" else 0
            return int(paid - sum(row["amount_minor"] for row in refunds))
        paid = sum(line["paid_minor"] for line in lines if line["currency"] == "CNY")
        numbers = {line["line_no"] for line in lines}
        return int(paid - sum(row["amount_minor"] for row in refunds if row["line_no"] in numbers))

    def _purchase(self, node: Any, member: str) -> bool:
        return self._measures(node, self._orders(node, member))

    def _event(self, node: Any, member: str) -> bool:
        return self._measures(node, self._events(node.names, member))

    def _events(self, names: tuple[str, ...], member: str) -> Rows:
        return [row for row in self.rows["events"] if row["name"] in names and self._owner(row) == member]

    def _measures(self, node: Any, rows: Rows) -> bool:
        rows = [row for row in rows if row["local_date"] <= TODAY]
        inside = [row for row in rows if _in_window(row["local_date"], node.window)]
        if node.measure in ("first", "last"):
            dates = [row["local_date"] for row in rows]
            day = (min if node.measure == "first" else max)(dates) if dates else None
            result = day is not None and _in_window(day, node.window)
        else:
            number = len(inside) if node.measure == "count" else sum(row["money"] for row in inside)
            result = _number_compares(number, node.comparison)
        return result if node.did else not result

    def _messages(self, node: Any, member: str) -> Rows:
        mine = [
            row
            for row in self.rows["messages"]
            if (not node.campaign_ids or row["campaign_id"] in node.campaign_ids)
            and (not node.channels or row["channel"] in node.channels)
        ]
        if node.event == "received":
            bounced = {row["message_id"] for row in mine if row["event"] == "bounced"}
            shown = [
                r for r in mine if r["event"] in ("sent", "delivered") and r["message_id"] not in bounced
            ]
        else:
            accepted = ("opened", "clicked") if node.event == "opened" else (node.event,)
            shown = [row for row in mine if row["event"] in accepted and not row["is_machine"]]
        return [row for row in shown if self._owner(row) == member and row["local_date"] <= TODAY]

    def _message(self, node: Any, member: str) -> bool:
        result = any(_in_window(row["local_date"], node.window) for row in self._messages(node, member))
        return result if node.did else not result

    def _sequence(self, node: Any, member: str) -> bool:
        first, then = self._step(node.first, member), self._step(node.then, member)
        return any(
            a_at < b_at and (b_day - a_day).days <= node.within_days and _in_window(b_day, node.window)
            for a_at, a_day in first
            for b_at, b_day in then
        )

    def _step(self, step: Any, member: str) -> list[tuple[Any, date]]:
        if step.type == "purchase":
            found = [(row["placed_at"], row["local_date"]) for row in self._orders(step, member)]
        elif step.type == "event":
            found = [(row["occurred_at"], row["local_date"]) for row in self._events(step.names, member)]
        else:
            found = [(row["occurred_at"], row["local_date"]) for row in self._messages(step, member)]
        return [(at, day) for at, day in found if day <= TODAY]


def _in_window(day: date, window: Any) -> bool:
    if window.type == "last_days":
        return TODAY - timedelta(days=window.days - 1) <= day <= TODAY
    if window.type == "between":
        return bool(window.start <= day <= min(window.end, TODAY))
    return day <= TODAY


def _number_compares(number: int, comparison: Any) -> bool:
    if comparison.operator == "between":
        return bool(comparison.value <= number <= comparison.high)
    return _PAIRS[comparison.operator](number, comparison.value)


_PAIRS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
    "contains": lambda a, b: b in a,
    "starts_with": lambda a, b: a.startswith(b),
}


def _compares(value: Any, node: Any) -> bool:
    """The comparison with one value; false when it is missing."""
    if value is None:
        return False
    if node.operator == "is_known":
        return True
    if node.operator == "last_days":
        return TODAY - timedelta(days=node.value - 1) <= value <= TODAY

    def typed(x: Any) -> Any:
        return date.fromisoformat(x) if isinstance(value, date) else x

    if node.operator == "in":
        return value in node.values
    if node.operator == "between":
        return bool(typed(node.value) <= value <= typed(node.high))
    return _PAIRS[node.operator](value, typed(node.value))
