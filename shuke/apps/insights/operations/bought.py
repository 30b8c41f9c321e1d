"""What members bought, kept on a study's connection because it is asked many questions."""

from __future__ import annotations

from datetime import timedelta

import ibis
from ibis.expr import types as ir

from shuke.apps.insights.schemas import NotEnough, StudyFacts
from shuke.science.purchases import purchases
from shuke.science.reading import Reading

#: How far studies of shopping look back: a whole year, so that every season is in it once.
WINDOW_DAYS = 365


def bought_orders(facts: StudyFacts) -> ir.Table:
    """Every counted order up to the study's day: the columns of ``shuke.science.purchases``.

    Raises ``NotEnough`` where there is none.
    """
    found = purchases(
        orders=facts.snapshot.table("orders"),
        refunds=facts.snapshot.table("refunds"),
        identity_map=facts.snapshot.table("identity_map"),
        currency=facts.currency,
        until=facts.as_of,
    )
    kept = facts.snapshot.connection.create_table("bought_orders", found, temp=True)
    if not kept.count().to_pyarrow().as_py():
        raise NotEnough(Reading("Nobody has bought anything yet. Import orders first."))
    return kept


def bought_goods(facts: StudyFacts, orders: ir.Table) -> ir.Table:
    """Each order's products, once, gifts left out, with what the range says of them.

    Columns: ``order_id, member_id, local_date, product_id, category, department``.
    """
    lines = facts.snapshot.table("order_lines")
    lines = lines.filter(~lines.is_gift).select("order_id", "product_id").distinct()
    products = facts.snapshot.table("products").select("product_id", "category", "department")
    owned = lines.join(orders.select("order_id", "member_id", "local_date"), "order_id")
    named = owned.left_join(products, "product_id").select(
        "order_id", "member_id", "local_date", "product_id", "category", "department"
    )
    return facts.snapshot.connection.create_table("bought_goods", named, temp=True)


def last_year(facts: StudyFacts, bought: ir.Table) -> ir.Table:
    """What was bought in the last 365 days."""
    first = facts.as_of - timedelta(days=WINDOW_DAYS - 1)
    return bought.filter(bought.local_date >= ibis.literal(first))
