"""What members bought, out of the lake, as a history that strategies learn from; and what the range says of it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import TYPE_CHECKING, Literal

import ibis
import numpy as np
import polars as pl
from ibis.expr import types as ir

from shuke.science.persons import speaking_members, with_member
from shuke.science.purchases import is_purchase, up_to
from shuke.science.recommendations.bundles import Goods
from shuke.science.recommendations.histories import History, history_of
from shuke.science.recommendations.repeats.wares import Taxonomy

if TYPE_CHECKING:
    from shuke.lake import Snapshot

Level = Literal["product", "subcategory", "category", "department"]
#: Names are shown, not compared; a longer one would be padded into every row of the file.
LONGEST_NAME = 200
#: Days whose purchases say what an item usually costs.
PRICE_DAYS = 90


def purchase_history(
    snapshot: Snapshot,
    *,
    as_of: date,
    level: Level = "product",
    left_out: Collection[str] = (),
    minimum_count: int = 1,
    time_zone: str = "",
) -> History:
    """Everything that members bought up to the end of a business day.

    A basket is an order that counts (``science.purchases``).  Left out: gifts, lines that were returned whole, orders
    whose money was given back, departments in ``left_out``, and items in fewer than ``minimum_count`` baskets.
    ``level``: what an item is; products without a name at a higher level are left out there.  Amounts are what was
    paid for the line, in minor units.  Times are on the retailer's clock (``time_zone``, the retailer's if empty).
    A member that was merged speaks by the id that speaks now.
    """
    rows = bought_lines(snapshot, as_of=as_of, level=level, left_out=left_out).to_polars()
    zone = time_zone or _retailers_zone()
    local = pl.col("placed_at").dt.convert_time_zone(zone).dt.replace_time_zone(None)
    table = rows.select("member", "basket", "item", "quantity", "amount", "store", time=local)
    del rows
    history = history_of(table if table["store"].null_count() < table.height else table.drop("store"))
    return history if minimum_count <= 1 else history.with_vocabulary(history.item_baskets >= minimum_count)


def goods_of(snapshot: Snapshot, history: History) -> Goods:
    """What the range says of each item of a history of products, and what it usually costs.

    ``kind`` is the subcategory where there is one, else the category; ``family`` the level above it.
    """
    return described_goods(snapshot, history.item_ids, price=_usual_prices(history), cycle=_cycles(history))


def described_goods(
    snapshot: Snapshot, item_ids: np.ndarray, *, price: np.ndarray, cycle: np.ndarray
) -> Goods:
    """The same, where prices and cycles (float32 of each item) were counted elsewhere."""
    range_of = _range(snapshot, item_ids)
    kind = pl.coalesce("subcategory", "category", "department")
    family = (
        pl.when(pl.col("subcategory").is_not_null())
        .then(pl.coalesce("category", "department"))
        .otherwise("department")
    )
    named = range_of.select(
        "name", "brand", "department", "cost_minor", "is_active", kind=kind, family=family
    )
    coded = {level: _coded(named[level]) for level in ("kind", "family", "brand", "department")}
    cost = named["cost_minor"].cast(pl.Float32).fill_null(np.nan).to_numpy()
    margin = np.where((price > 0) & ~np.isnan(cost), 1 - cost / np.where(price > 0, price, 1), np.nan)
    names = named["name"].fill_null(pl.Series(item_ids).cast(pl.String)).str.slice(0, LONGEST_NAME)
    return Goods(
        names=np.array(names.to_list(), dtype=str),
        **{level: codes for level, (codes, _) in coded.items()},
        **{f"{level}_names": found for level, (_, found) in coded.items()},
        price=price,
        margin=margin.astype(np.float32),
        cycle=cycle,
        # A product that the range does not know cannot be shown.
        is_active=named["is_active"].fill_null(value=False).to_numpy(),
    )


def taxonomy(goods: Goods, *, item_ids: np.ndarray) -> Taxonomy:
    """Kind and family of the items that ``item_ids`` numbers, for the rankers."""
    return Taxonomy(item_ids, (goods.kind.astype(np.int64), goods.family.astype(np.int64)))


def departments(snapshot: Snapshot) -> list[str]:
    """The departments of the range, by name."""
    found = snapshot.table("products").select("department").distinct().to_pyarrow()["department"].to_pylist()
    return sorted(name for name in found if name)


def _retailers_zone() -> str:
    # The process that fits a bundle has no database.
    from shuke.platform.retailer.queries import retailer

    return retailer().time_zone


def bought_lines(
    snapshot: Snapshot, *, as_of: date, level: Level = "product", left_out: Collection[str] = ()
) -> ir.Table:
    """The lines of ``purchase_history``, in the engine: placed_at, member, basket, item, quantity, amount, store."""
    orders = up_to(snapshot.table("orders"), as_of)
    counted = orders.filter(is_purchase(orders), orders.payment_status != "refunded")
    owned = with_member(counted, snapshot.table("identity_map"))
    owned = owned.select("order_id", "member_id", "placed_at", "store_id")
    lines = snapshot.table("order_lines")
    lines = lines.filter(~lines.is_gift).select("order_id", "line_no", "product_id", "quantity", "paid_minor")
    kept = _not_returned(lines, snapshot.table("refunds"), as_of=as_of)
    joined = kept.join(owned, "order_id")
    if level != "product" or left_out:
        joined = _with_range(joined, snapshot.table("products"), level=level, left_out=left_out)
    return joined.select(
        "placed_at",
        member="member_id",
        basket="order_id",
        item="product_id" if level == "product" else level,
        quantity="quantity",
        amount="paid_minor",
        store="store_id",
    )


def _not_returned(lines: ir.Table, refunds: ir.Table, *, as_of: date) -> ir.Table:
    """Without lines of which every piece came back, or all of the money."""
    given_back = (
        up_to(refunds, as_of)
        .filter(lambda t: t.line_no > 0)
        .group_by("order_id", "line_no")
        .agg(pieces=lambda t: t.quantity.sum(), money=lambda t: t.amount_minor.sum())
    )
    joined = lines.left_join(given_back, ["order_id", "line_no"])
    returned = (given_back.pieces >= lines.quantity) & (given_back.pieces > 0)
    repaid = (given_back.money >= lines.paid_minor) & (lines.paid_minor > 0)
    gone = ibis.coalesce(returned | repaid, ibis.literal(value=False))
    return joined.filter(~gone).select(*lines.columns)


def _with_range(lines: ir.Table, products: ir.Table, *, level: Level, left_out: Collection[str]) -> ir.Table:
    columns = ["product_id", "department", *([level] if level not in {"product", "department"} else [])]
    named = lines.left_join(products.select(*columns), "product_id").select(*lines.columns, *columns[1:])
    if left_out:
        named = named.filter(
            ~ibis.coalesce(named.department.isin(sorted(left_out)), ibis.literal(value=False))
        )
    return named if level == "product" else named.filter(named[level].notnull())


def _range(snapshot: Snapshot, item_ids: np.ndarray) -> pl.DataFrame:
    """One row for each item, in the order of its numbers."""
    columns = (
        "product_id",
        "name",
        "brand",
        "department",
        "category",
        "subcategory",
        "cost_minor",
        "is_active",
    )
    products = pl.DataFrame(snapshot.table("products").select(*columns).to_polars())
    texts = ("name", "brand", "department", "category", "subcategory")
    blank = [pl.when(pl.col(c).str.strip_chars() != "").then(pl.col(c)) for c in texts]
    items = pl.DataFrame({"product_id": pl.Series(item_ids.astype(str).tolist(), dtype=pl.String)})
    known = products.with_columns(blank).unique("product_id", keep="first")
    return items.join(known, on="product_id", how="left", maintain_order="left")


def _coded(column: pl.Series) -> tuple[np.ndarray, np.ndarray]:
    """int32 codes (-1 for none) and the names in rising order."""
    names = column.drop_nulls().unique().sort()
    codes = column.cast(pl.Enum(names)).to_physical().cast(pl.Int32).fill_null(-1)
    return codes.to_numpy().astype(np.int32), np.array(names.to_list(), dtype=str)


def _usual_prices(history: History) -> np.ndarray:
    """float32 median of what a piece cost in the last ``PRICE_DAYS`` days, of all days where it was not sold then."""
    if history.amount is None or history.quantity is None or not history.lines:
        return np.full(history.items, np.nan, dtype=np.float32)
    lines = pl.DataFrame(
        {
            "item": history.item,
            "unit": history.amount / np.maximum(history.quantity, 1),
            "is_late": history.row_day >= history.end // 86_400_000_000 - PRICE_DAYS,
        }
    ).filter(pl.col("unit") > 0)
    late = pl.col("unit").filter(pl.col("is_late")).median()
    found = lines.group_by("item").agg(price=pl.coalesce(late, pl.col("unit").median()))
    price = np.full(history.items, np.nan, dtype=np.float32)
    price[found["item"].to_numpy()] = found["price"].to_numpy()
    return price


def _cycles(history: History) -> np.ndarray:
    """float32 median of the days between a member's purchases of the item; NaN below five such gaps."""
    cycle = np.full(history.items, np.nan, dtype=np.float32)
    days = pl.DataFrame({"member": history.row_member, "item": history.item, "day": history.row_day}).unique()
    gaps = days.sort("member", "item", "day").with_columns(gap=pl.col("day").diff().over("member", "item"))
    found = (
        gaps.drop_nulls("gap")
        .group_by("item")
        .agg(pl.col("gap").median(), n=pl.len())
        .filter(pl.col("n") >= 5)
    )
    cycle[found["item"].to_numpy()] = found["gap"].to_numpy()
    return cycle


def member_segments(
    snapshot: Snapshot, member_ids: np.ndarray, *, as_of: date
) -> tuple[np.ndarray, np.ndarray]:
    """Names of the RFM segments and int32 segment of each member, -1 for none, by the newest traits up to a day.

    Where nobody has an RFM segment, the stages of the lifecycle stand in.
    """
    traits = snapshot.table("traits")
    known = traits.filter(traits.as_of <= ibis.literal(as_of))
    newest = known.filter(known.as_of == known.as_of.max())
    columns = newest.select("member_id", "rfm_segment", "lifecycle_stage")
    rows = pl.DataFrame(speaking_members(columns, snapshot.table("identity_map")).to_polars())
    rows = rows.sort("member_id", "rfm_segment", "lifecycle_stage").unique("member_id", keep="last")
    column = "rfm_segment" if rows["rfm_segment"].null_count() < rows.height else "lifecycle_stage"
    members = pl.DataFrame({"member_id": pl.Series(member_ids.astype(str).tolist(), dtype=pl.String)})
    codes, names = _coded(members.join(rows, on="member_id", how="left", maintain_order="left")[column])
    return names, codes
