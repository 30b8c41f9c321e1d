"""Orders as the lake tells them, for the rules of earning: streamed, each member's in the order of their times."""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

import ibis
import polars as pl
from ibis.expr import types as ir

from shuke.lake import Snapshot
from shuke.platform.retailer.queries import retailer
from shuke.platform.warehouse import lake
from shuke.science.persons import with_member
from shuke.science.purchases import is_purchase

#: Lines per part; a part ends with a member.
PART_LINES = 200_000
SUMS = ("back_quantity", "back_minor", "whole_back_minor")
COLUMNS = (
    "member_id",
    "order_id",
    "placed_at",
    "local_date",
    "sales_channel",
    "store_id",
    "counts",
    "line_no",
    "product_id",
    "quantity",
    "list_minor",
    "voucher_minor",
    "paid_minor",
    "department",
    "category",
    "brand",
    "back_quantity",
    "back_minor",
    "whole_back_minor",
    "back_at",
)


def order_facts(
    *,
    since: datetime,
    order_ids: Collection[str] | None = None,
    part_lines: int = PART_LINES,
) -> Iterator[pl.DataFrame]:
    """Lines of known members' orders placed from ``since`` on, in parts that hold whole members.

    Sorted by member, time, order and line.  ``counts`` says whether the order is a purchase; ``back_*`` is what
    the lake says came back of the line, ``whole_back_minor`` money that came back of the order without a line.
    Orders in other currencies than the retailer's are left out: a rate is per amount of that.
    """
    with lake().read() as snapshot:
        facts = _facts(snapshot, since=since, order_ids=order_ids)
        waiting: pl.DataFrame | None = None
        for batch in facts.to_pyarrow_batches(chunk_size=part_lines):
            # The engine sums into 128 bits, whatever it is asked for.
            frame = pl.DataFrame(pl.from_arrow(batch)).with_columns(pl.col(SUMS).cast(pl.Int64))
            frame = frame if waiting is None else pl.concat([waiting, frame])
            if not frame.height:
                continue
            is_newest = pl.col("member_id") == frame["member_id"][-1]
            whole, waiting = frame.filter(~is_newest), frame.filter(is_newest)
            if whole.height:
                yield whole
        if waiting is not None:
            yield waiting


def lines_in_lake() -> int:
    """How many order lines there are: what a progress bar runs to."""
    with lake().read() as snapshot:
        return int(snapshot.table("order_lines").count().to_pyarrow().as_py())


def _facts(snapshot: Snapshot, *, since: datetime, order_ids: Collection[str] | None) -> ir.Table:
    orders = snapshot.table("orders")
    # The month is the partition; a day earlier, since it is that of the retailer's clock.
    orders = orders.filter(
        orders.local_month >= f"{since - timedelta(days=1):%Y-%m}",
        orders.placed_at >= ibis.literal(since, type="timestamp('UTC', 6)"),
        orders.currency == retailer().currency,
    )
    lines, products = snapshot.table("order_lines"), snapshot.table("products")
    if order_ids is not None:
        wanted = ibis.memtable({"wanted": sorted(order_ids)}, schema={"wanted": "string"})
        orders = orders.semi_join(wanted, orders.order_id == wanted.wanted)
    owned = with_member(orders, snapshot.table("identity_map"))
    headed = owned.select(
        "member_id",
        "order_id",
        "placed_at",
        "local_date",
        "sales_channel",
        "store_id",
        counts=is_purchase(owned),
    )
    sold = lines.select(
        "order_id", "line_no", "product_id", "quantity", "list_minor", "voucher_minor", "paid_minor"
    )
    kinds = products.select("product_id", "department", "category", "brand")
    back = _back(snapshot)
    own = back.filter(back.line_no != 0).select(
        "order_id", "line_no", "back_quantity", "back_minor", line_back_at="back_at"
    )
    whole = back.filter(back.line_no == 0).select(
        "order_id", whole_back_minor="back_minor", whole_back_at="back_at"
    )
    joined = headed.join(sold, "order_id").left_join(kinds, "product_id").drop("product_id_right")
    joined = joined.left_join(own, ["order_id", "line_no"]).drop("order_id_right", "line_no_right")
    joined = joined.left_join(whole, "order_id").drop("order_id_right")
    shaped = joined.mutate(
        back_quantity=joined.back_quantity.fill_null(0),
        back_minor=joined.back_minor.fill_null(0),
        whole_back_minor=joined.whole_back_minor.fill_null(0),
        back_at=ibis.greatest(joined.line_back_at, joined.whole_back_at),
        **{name: joined[name].fill_null("") for name in ("store_id", "department", "category", "brand")},
    )
    return shaped.select(*COLUMNS).order_by("member_id", "placed_at", "order_id", "line_no")


def _back(snapshot: Snapshot) -> ir.Table:
    """What came back by order and line (0: money without a line)."""
    refunds = snapshot.table("refunds")
    mine = refunds.filter(refunds.currency == retailer().currency)
    return mine.group_by("order_id", "line_no").agg(
        back_quantity=mine.quantity.sum(), back_minor=mine.amount_minor.sum(), back_at=mine.refunded_at.max()
    )


def orders_of_batches(batch_ids: Collection[str]) -> set[str]:
    """Orders that batches have brought something of: the order itself, a line, a refund."""
    found: set[str] = set()
    if not batch_ids:
        return found
    with lake().read() as snapshot:
        for name in ("orders", "order_lines", "refunds"):
            table = snapshot.table(name)
            ids = table.filter(table.batch_id.isin(sorted(batch_ids))).select("order_id").distinct()
            found |= set(ids.to_pyarrow()["order_id"].to_pylist())
    return found


def orders_refunded_since(since: datetime) -> set[str]:
    """Orders of which something came back since then."""
    with lake().read() as snapshot:
        refunds = snapshot.table("refunds")
        recent = refunds.filter(refunds.refunded_at >= ibis.literal(since, type="timestamp('UTC', 6)"))
        return set(recent.select("order_id").distinct().to_pyarrow()["order_id"].to_pylist())
