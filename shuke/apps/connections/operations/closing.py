"""Records that were deleted at the other side: they answer nothing, so all ids are compared."""

from datetime import datetime, timedelta

import polars as pl

from shuke.apps.connections.models import SyncPart
from shuke.apps.connections.operations.stored import as_arrow, scan
from shuke.platform.locks import exclusive
from shuke.platform.warehouse import lake
from shuke.sources.contract import Connector, Pull

DELETED = "deleted_at_source"
#: Of fewer records than this any number may vanish; of more at most half, else the shop answers badly.
FEW = 10
#: What was ordered just now may be missing from a list that began before it.
FRESH = timedelta(hours=1)


def close_missing(part: SyncPart, *, connector: Connector, pull: Pull) -> None:
    """Close what the lake has from this connection and the system no longer lists.

    A list whose pages shift while it is read may miss a record, so a second one must agree.
    """
    account_id = part.run.connection.account.public_id
    stored = _stored_ids(part.stream, account_id=account_id, at=pull.now)
    missing, listed = set(stored), 0
    for _ in range(2):
        if not missing:
            break
        seen = {item for page in connector.ids(stream=part.stream, pull=pull) for item in page}
        missing -= seen
        listed = len(seen)
    part.rows = listed
    if missing and (not listed or len(missing) > max(FEW, len(stored) // 2)):
        part.note = "too_many_missing"
    elif missing:
        with exclusive("imports"):
            part.closed = _CLOSERS[part.stream](part, missing)


def _stored_ids(stream: str, *, account_id: str, at: datetime) -> list[str]:
    """Ids, as the system writes them, of open records that this connection brought."""
    if stream == "orders":
        frame = scan("orders")
        if frame is None:
            return []
        mine = frame.filter(
            pl.col("source") == f"sync:{account_id}",
            pl.col("status_raw").ne_missing(DELETED),
            pl.col("placed_at") < at - FRESH,
        )
        numbers = mine.select(pl.col("order_id").str.strip_prefix(f"{account_id}:")).collect()
        return numbers["order_id"].to_list()
    frame, products = scan("listings"), scan("products")
    if frame is None or products is None:
        return []
    mine = frame.filter(pl.col("channel_account_id") == account_id).select("product_id").unique()
    active = products.filter(pl.col("is_active")).select("product_id")
    return mine.join(active, on="product_id", how="semi").collect()["product_id"].to_list()


def _close_orders(part: SyncPart, missing: set[str]) -> int:
    account_id = part.run.connection.account.public_id
    frame = scan("orders")
    assert frame is not None  # noqa: S101 - the missing ones came from it
    wanted = pl.Series("order_id", [f"{account_id}:{number}" for number in sorted(missing)])
    rows = frame.join(pl.LazyFrame({"order_id": wanted}), on="order_id", how="semi").collect()
    closed = rows.with_columns(
        pl.lit("cancelled").alias("lifecycle_status"),
        pl.coalesce("cancelled_at", pl.lit(part.started_at).cast(pl.Datetime("us", "UTC"))).alias(
            "cancelled_at"
        ),
        pl.lit(DELETED).alias("status_raw"),
        pl.lit(part.public_id).alias("batch_id"),
    )
    lake().upsert("orders", as_arrow("orders", closed))
    return closed.height


def _close_products(part: SyncPart, missing: set[str]) -> int:
    """A product is sold no more and its stock with this account is nought.

    A product that another account lists as well stays active there.
    """
    account_id = part.run.connection.account.public_id
    products, listings, stock = scan("products"), scan("listings"), scan("stock_levels")
    assert products is not None  # noqa: S101 - the missing ones came from it
    assert listings is not None  # noqa: S101 - likewise
    wanted = pl.LazyFrame({"product_id": sorted(missing)})
    elsewhere = listings.filter(pl.col("channel_account_id") != account_id).select("product_id")
    gone = products.join(wanted, on="product_id", how="semi").join(elsewhere, on="product_id", how="anti")
    closed = gone.collect().with_columns(
        pl.lit(value=False).alias("is_active"), pl.lit(part.public_id).alias("batch_id")
    )
    if closed.height:
        lake().upsert("products", as_arrow("products", closed))
    if stock is not None:
        _empty_shelves(stock.join(wanted, on="product_id", how="semi"), part)
    return closed.height


def _empty_shelves(stock: pl.LazyFrame, part: SyncPart) -> None:
    mine = stock.filter(pl.col("channel_account_id") == part.run.connection.account.public_id).collect()
    nought = [pl.lit(0, dtype=pl.Int64).alias(name) for name in ("on_hand", "reserved", "sellable")]
    emptied = mine.with_columns(*nought, pl.lit(part.public_id).alias("batch_id"))
    if emptied.height:
        lake().upsert("stock_levels", as_arrow("stock_levels", emptied))


_CLOSERS = {"orders": _close_orders, "products": _close_products}
