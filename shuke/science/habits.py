"""What a member likes: favourite goods, place, time and channel, and whether it buys on discount.

A favourite is the value with the most of what is counted: money for goods, orders for the rest.
Of two equally good values the smaller one (by name or number) is taken, so that the answer never
depends on the order of rows.  Missing values are never a favourite.
"""

from __future__ import annotations

import ibis
from ibis.expr import types as ir


def favourite(facts: ir.Table, value: str, *, weight: ir.IntegerValue, name: str) -> ir.Table:
    """The value with the largest positive sum of ``weight`` per member: ``member_id, <name>``."""
    known = facts.select("member_id", choice=facts[value], weight=weight)
    known = known.filter(known.choice.notnull())
    sums = known.group_by("member_id", "choice").agg(weight=lambda t: t.weight.sum())
    sums = sums.filter(sums.weight > 0)
    place = ibis.row_number().over(group_by="member_id", order_by=[ibis.desc(sums.weight), sums.choice])
    return sums.mutate(place=place).filter(lambda t: t.place == 0).select("member_id", **{name: "choice"})


def order_habits(purchases: ir.Table) -> tuple[ir.Table, ...]:
    """Favourite store, weekday (1 Monday to 7 Sunday), hour and sales channel, one table each.

    ``purchases``: one row per counted order.  Each order counts once.
    """
    dated = purchases.mutate(weekday=purchases.local_date.day_of_week.index().cast("int64") + 1)
    one = ibis.literal(1, "int64")
    return (
        favourite(dated, "store_id", weight=one, name="favourite_store"),
        favourite(dated, "weekday", weight=one, name="favourite_weekday"),
        favourite(dated, "local_hour", weight=one, name="favourite_hour"),
        favourite(dated, "sales_channel", weight=one, name="preferred_channel"),
    )


def goods_habits(lines: ir.Table, products: ir.Table) -> tuple[ir.Table, ...]:
    """Favourite department and category by money after refunds, one table each.

    ``lines``: the bought lines, gifts left out.  A product that ``products`` does not know has no
    department and counts for none.
    """
    # Adding up per product first makes the join with the products a join of far fewer rows.
    spent = lines.group_by("member_id", "product_id").agg(net_minor=lines.net_minor.sum())
    goods = products.select("product_id", "department", "category")
    named = spent.join(goods, "product_id").select("member_id", "department", "category", "net_minor")
    return (
        favourite(named, "department", weight=named.net_minor, name="favourite_department"),
        favourite(named, "category", weight=named.net_minor, name="favourite_category"),
    )


def discount_share(lines: ir.Table) -> ir.Table:
    """``member_id, discount_share``: discounted lines / lines, 0 to 1, gifts left out."""
    counted = lines.group_by("member_id").agg(
        discounted=lines.is_discounted.cast("int64").sum(), lines=lines.count()
    )
    return counted.select(
        "member_id", discount_share=counted.discounted.cast("float64") / counted.lines.nullif(0)
    )
