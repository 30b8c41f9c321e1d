"""Orders and their lines: what a file leaves out is taken from the lake."""

from collections.abc import Collection, Mapping

import polars as pl

from shuke.apps.connections.operations.quarantine import fault_rows
from shuke.apps.connections.operations.stored import rows_with
from shuke.apps.connections.schemas import Origin, RowIssue
from shuke.sources.files.fields import FileKind
from shuke.sources.files.kinds.orders import orders_from_lines


def with_order(kind: FileKind, rows: pl.DataFrame, *, origin: Origin) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows of known orders with what the order says, and faults for the rows of unknown ones."""
    if not kind.from_order:
        return rows, fault_rows(kind, [])
    named = rows.with_columns((pl.lit(origin.account_id + ":") + pl.col("order_no")).alias("order_id"))
    known = rows_with("orders", column="order_id", values=named["order_id"]).select(
        "order_id", *kind.from_order
    )
    joined = named.join(known, on="order_id", how="left", maintain_order="left")
    is_orphan = joined["person_key"].is_null()
    orphans = [RowIssue(number, "order_no", "unknown_order") for number in joined.filter(is_orphan)["row_no"]]
    return joined.filter(~is_orphan), fault_rows(kind, orphans)


def land_orders(
    kind: FileKind, tables: Mapping[str, pl.DataFrame], *, torn: Collection[str] | None = None
) -> Mapping[str, pl.DataFrame]:
    """Sum orders over all their lines, those of earlier files included.

    A file may bring one line of an order only, such as a line that was mended after it had been put
    aside; the order's amounts must not shrink to that line.  A connector brings orders whole, but for
    those it names as ``torn``: a stored line that it lacks was taken off and stays with quantity and
    amounts 0.
    """
    if kind.name != "orders":
        return tables
    lines, orders = tables["order_lines"], tables["orders"]
    stored = rows_with("order_lines", column="order_id", values=orders["order_id"])
    others = stored.join(lines.select("order_id", "line_no"), on=["order_id", "line_no"], how="anti")
    if not others.height:
        return tables
    if torn is None:
        return {**tables, "orders": _summed(orders, lines, others)}
    is_torn = others["order_id"].is_in(
        [f"{account}:{number}" for account in _accounts(orders) for number in torn]
    )
    kept = others.filter(is_torn)
    found = {**tables, "order_lines": pl.concat([lines, _taken_off(others.filter(~is_torn), lines)])}
    return found | {"orders": _summed(orders, lines, kept)} if kept.height else found


def _accounts(orders: pl.DataFrame) -> list[str]:
    return orders["channel_account_id"].unique().to_list()


def _taken_off(others: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """The lines with nothing left of them, under the batch that no longer has them."""
    nothing = [name for name in lines.columns if name == "quantity" or name.endswith("_minor")]
    return others.with_columns(
        *(pl.lit(0, dtype=pl.Int64).alias(name) for name in nothing),
        pl.lit(lines["batch_id"][0]).alias("batch_id"),
    ).select([pl.col(name).cast(dtype) for name, dtype in lines.schema.items()])


def _summed(orders: pl.DataFrame, lines: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    touched = others.select("order_id").unique()
    whole = pl.concat([others, lines.join(touched, on="order_id", how="semi")], how="vertical_relaxed")
    sums = orders_from_lines(whole)
    old_paid = lines.group_by("order_id").agg(pl.col("paid_minor").sum().alias("given_minor"))
    joined = orders.join(sums, on="order_id", how="left", suffix="__all").join(
        old_paid, on="order_id", how="left"
    )
    extra = pl.col("lines_paid_minor") - pl.col("given_minor")
    summed = joined.with_columns(
        pl.coalesce("goods_minor__all", "goods_minor").alias("goods_minor"),
        pl.coalesce("discount_merchant_minor__all", "discount_merchant_minor").alias(
            "discount_merchant_minor"
        ),
        (pl.col("paid_minor") + extra.fill_null(0)).alias("paid_minor"),
    )
    return summed.select(orders.columns)
