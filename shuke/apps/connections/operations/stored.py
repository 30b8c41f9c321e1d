"""What the lake holds already, compared with what a file brings."""

from dataclasses import dataclass

import polars as pl
import pyarrow as pa

from shuke.platform.warehouse import lake
from shuke.sources.files.fields import FileKind
from shuke.tables import TABLES

#: Columns that say how a row came, not what it says.
NOT_CONTENT = frozenset({"batch_id", "received_at", "observed_at"})
#: The table and column in which the key of a kind is looked up for a dry run.
KNOWN_BY = {
    "products": ("products", "product_id", "product_id"),
    "stores": ("stores", "store_id", "store_id"),
    "orders": ("orders", "order_id", "order_no"),
    "order_headers": ("orders", "order_id", "order_no"),
    "order_lines": ("order_lines", "order_id", "order_no"),
    "refunds": ("refunds", "refund_id", "refund_no"),
    "costs": ("costs", "cost_id", "cost_no"),
    "voucher_history": ("voucher_events", "voucher_id", "voucher_id"),
    "events": ("events", "message_id", "message_id"),
}


@dataclass(frozen=True)
class Differences:
    """Rows of a file by what the lake knows of them.

    ``new`` has keys that the lake lacks, ``changed`` keys with another content.  ``unchanged`` counts equal
    rows of earlier batches, ``already`` equal rows that this very batch wrote before it was interrupted.
    """

    new: pl.DataFrame
    changed: pl.DataFrame
    unchanged: int
    already: int


def scan(table_name: str) -> pl.LazyFrame | None:
    """The table's newest version as a lazy frame, ``None`` if it was never written."""
    table = TABLES[table_name]
    files = lake().file_list(table_name).files
    if not files:
        return None
    schema = pl.Schema(table.arrow_schema)
    parts = {name: schema[name] for name in table.partition_by}
    stored = {name: dtype for name, dtype in schema.items() if name not in parts}
    frame = pl.scan_parquet(
        list(files),
        schema=stored,
        hive_partitioning=bool(parts),
        hive_schema=parts or None,
        missing_columns="insert",
        extra_columns="ignore",
    )
    return frame.select(table.column_names)


def rows_with(table_name: str, *, column: str, values: pl.Series) -> pl.DataFrame:
    """Stored rows whose column has one of the values."""
    frame = scan(table_name)
    if frame is None or not values.len():
        return pl.DataFrame(schema=pl.Schema(TABLES[table_name].arrow_schema))
    wanted = pl.DataFrame({column: values.unique()}).lazy()
    return frame.join(wanted, on=column, how="semi").collect()


def differences(
    table_name: str, rows: pl.DataFrame, *, batch_id: str, stored: pl.DataFrame | None = None
) -> Differences:
    """Compare rows (one per key) with the stored ones of the same key, column by column."""
    table = TABLES[table_name]
    key = list(table.key)
    if stored is None:
        frame = scan(table_name)
        keys = rows.select(key).lazy()
        stored = frame.join(keys, on=key, how="semi").collect() if frame is not None else None
    if stored is None or not stored.height:
        return Differences(rows, rows.clear(), 0, 0)
    content = [name for name in table.column_names if name not in key and name not in NOT_CONTENT]
    met = rows.join(_plain(stored), on=key, how="inner", suffix="__stored")
    is_equal = pl.all_horizontal(
        *(_comparable(name, rows).eq_missing(pl.col(f"{name}__stored")) for name in content),
        pl.lit(value=True),
    )
    judged = met.with_columns(is_equal.alias("__equal"))
    same = judged.filter(pl.col("__equal"))
    mine = (
        same.filter(pl.col("batch_id__stored") == batch_id).height if "batch_id" in table.column_names else 0
    )
    return Differences(
        new=rows.join(stored.select(key), on=key, how="anti"),
        changed=judged.filter(~pl.col("__equal")).select(table.column_names),
        unchanged=same.height - mine,
        already=mine,
    )


def without_corrections(found: Differences) -> Differences:
    """The same with what differs counted as known: only new rows are to be written."""
    return Differences(
        found.new, found.changed.clear(), found.unchanged + found.changed.height, found.already
    )


def _plain(stored: pl.DataFrame) -> pl.DataFrame:
    """Lists as text, which joins and comparisons take more readily."""
    lists = [name for name, dtype in stored.schema.items() if isinstance(dtype, pl.List)]
    return stored.with_columns(pl.col(name).list.join("\x1f") for name in lists)


def _comparable(name: str, rows: pl.DataFrame) -> pl.Expr:
    return pl.col(name).list.join("\x1f") if isinstance(rows.schema[name], pl.List) else pl.col(name)


def as_arrow(table_name: str, rows: pl.DataFrame) -> pa.Table:
    """The rows in the table's order of columns; the lake checks and casts them once."""
    return rows.select(TABLES[table_name].column_names).to_arrow()


def write(table_name: str, found: Differences) -> None:
    """Append what is new and replace what was corrected, each in one commit."""
    if found.new.height:
        lake().append(table_name, as_arrow(table_name, found.new))
    if found.changed.height:
        lake().upsert(table_name, as_arrow(table_name, found.changed))


def count_known(kind: FileKind, rows: pl.DataFrame, *, account_id: str) -> int:
    """Rows whose key the lake knows already; 0 for kinds that are not landed in the lake."""
    if kind.name not in KNOWN_BY:
        return 0
    table_name, column, field = KNOWN_BY[kind.name]
    frame = scan(table_name)
    if frame is None or not rows.height:
        return 0
    prefix = f"{account_id}:" if column != field else ""
    keys = rows.lazy().select((pl.lit(prefix) + pl.col(field)).alias(column))
    return keys.join(frame.select(column).unique(), on=column, how="semi").collect().height
