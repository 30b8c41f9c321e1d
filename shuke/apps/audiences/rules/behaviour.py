"""What members did: purchases, events, messages and sequences of them, as tables by member."""

from __future__ import annotations

from functools import cached_property

import ibis
from ibis.expr import types as ir

from shuke.apps.audiences.rules.conditions import (
    EventStep,
    Ever,
    Goods,
    MessageEvent,
    PurchaseFilter,
    PurchaseStep,
    Sequence,
    Step,
    Window,
)
from shuke.apps.audiences.rules.facts import AudienceFacts
from shuke.apps.audiences.rules.windows import bounds
from shuke.science.persons import with_member
from shuke.science.purchases import purchased_lines, purchases

#: Message events that show that a person (not a machine) did it.
_SHOWN_BY: dict[str, tuple[str, ...]] = {"opened": ("opened", "clicked"), "clicked": ("clicked",)}


class Behaviour:
    """Tables of what members did.  Each is built once, so that conditions share what they read."""

    def __init__(self, facts: AudienceFacts) -> None:
        self.facts = facts

    @cached_property
    def all_purchases(self) -> ir.Table:
        """Every counted order up to today with its member, see ``shuke.science.purchases``."""
        return purchases(
            orders=self.facts.orders,
            refunds=self.facts.refunds,
            identity_map=self.facts.identity_map,
            currency=self.facts.currency,
            until=self.facts.today,
        )

    def within(self, facts: ir.Table, window: Window) -> ir.Table:
        """The facts of the window's business days."""
        start, end = bounds(window, today=self.facts.today)
        kept = facts.filter(facts.local_date <= ibis.literal(end))
        return kept if start is None else kept.filter(kept.local_date >= ibis.literal(start))

    def purchases(self, wanted: PurchaseFilter, window: Window) -> ir.Table:
        """The counted orders with at least one wanted product (gifts are none)."""
        found = self._orders(wanted, window)
        if wanted.goods.is_everything():
            return found
        return found.semi_join(self._lines(wanted.goods, window), "order_id")

    def _orders(self, wanted: PurchaseFilter, window: Window) -> ir.Table:
        found = self.within(self.all_purchases, window)
        if wanted.store_ids:
            found = found.filter(found.store_id.isin(wanted.store_ids))
        if wanted.sales_channels:
            found = found.filter(found.sales_channel.isin(wanted.sales_channels))
        return found

    def spent(self, wanted: PurchaseFilter, window: Window) -> ir.Table:
        """``member_id, value``: money after refunds, of whole orders or of the wanted products' lines."""
        money = self._orders(wanted, window)
        if not wanted.goods.is_everything():
            money = purchased_lines(
                purchases=money,
                order_lines=self._lines(wanted.goods, window),
                refunds=self.facts.refunds,
                currency=self.facts.currency,
                until=self.facts.today,
            )
        return money.group_by("member_id").agg(value=money.net_minor.sum().cast("int64"))

    def _lines(self, goods: Goods, window: Window) -> ir.Table:
        """Lines of the wanted products.  A line has the business date of its order."""
        lines = self.within(self.facts.order_lines, window)
        lines = lines.filter(~lines.is_gift)
        if goods.product_ids:
            lines = lines.filter(lines.product_id.isin(goods.product_ids))
        named = {"department": goods.departments, "category": goods.categories, "brand": goods.brands}
        asked = {column: values for column, values in named.items() if values}
        if not asked:
            return lines
        products = self.facts.products
        products = products.filter([products[column].isin(values) for column, values in asked.items()])
        return lines.semi_join(products, "product_id")

    def events(self, names: tuple[str, ...], window: Window) -> ir.Table:
        """The events of these names with their member."""
        events = self.facts.events
        return with_member(
            self.within(events.filter(events.name.isin(names)), window), self.facts.identity_map
        )

    def messages(
        self, event: MessageEvent, window: Window, *, campaign_ids: tuple[str, ...], channels: tuple[str, ...]
    ) -> ir.Table:
        """The events that show that a member received, opened, clicked … a message."""
        messages = self.facts.messages
        if campaign_ids:
            messages = messages.filter(messages.campaign_id.isin(campaign_ids))
        if channels:
            messages = messages.filter(messages.channel.isin(channels))
        if event == "received":
            bounced = messages.filter(messages.event == "bounced")
            arrived = messages.filter(messages.event.isin(("sent", "delivered")))
            shown = arrived.anti_join(bounced, "message_id")
        else:
            shown = messages.filter(messages.event.isin(_SHOWN_BY.get(event, (event,))))
            shown = shown.filter(~shown.is_machine)
        return with_member(self.within(shown, window), self.facts.identity_map)

    def followed(self, node: Sequence) -> ir.Table:
        """``member_id`` of those who did the first and later, soon enough, the second.

        One row per member and instant; the latest day of a first step strictly before each second
        step decides, since no earlier one can be nearer.  An instant that is both (an order with
        both products) does not follow itself.
        """
        first = self._moments(node.first, Ever()).mutate(
            first_date=lambda t: t.local_date, then_date=ibis.null("date")
        )
        then = self._moments(node.then, node.window).mutate(
            first_date=ibis.null("date"), then_date=lambda t: t.local_date
        )
        columns = ("member_id", "moment", "first_date", "then_date")
        both = ibis.union(first.select(*columns), then.select(*columns))
        moments = both.group_by("member_id", "moment").agg(
            first_date=both.first_date.max(), then_date=both.then_date.max()
        )
        earlier = ibis.window(group_by="member_id", order_by="moment", preceding=(None, 1))
        moments = moments.mutate(before=moments.first_date.max().over(earlier))
        gap = moments.then_date.delta(moments.before, unit="day")
        return moments.filter(gap <= node.within_days).select("member_id").distinct()

    def _moments(self, step: Step, window: Window) -> ir.Table:
        """``member_id, moment, local_date`` of a step."""
        if isinstance(step, PurchaseStep):
            found = self.purchases(step, window)
            return found.select("member_id", "local_date", moment="placed_at")
        if isinstance(step, EventStep):
            found = self.events(step.names, window)
        else:
            found = self.messages(step.event, window, campaign_ids=step.campaign_ids, channels=step.channels)
        return found.select("member_id", "local_date", moment="occurred_at")
