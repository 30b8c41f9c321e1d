"""Funnels, paths and the map of days and hours at millions of rows: seconds, CPU seconds and memory of each.

    python benchmarks/funnels.py [--rows 15000000] [--people 1000000] [--folder FOLDER] [--only NAME ...]

Makes a lake of made-up events (four steps of a shop, each less frequent than the one before) and of as many orders of
one line, spread over a year and four weeks, and answers in a process of its own for each question, so that memory is
each one's own: the funnel of the last 28 days as a kept funnel is counted (in order, strict, in any order, and of the
whole year's events), the study of paths (cohorts, funnels of purchases, ways, channels) and its map of days and hours.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

AS_OF = date(2026, 6, 30)
#: Rows of one commit.
PART = 1_000_000
DAYS = 393
STEPS = ("Product Viewed", "Product Added", "Checkout Started", "Payment Entered")
PERSON = "'p' || (hash({n} * 7 + {salt}) % $people)"
MOMENT = "TIMESTAMPTZ '2026-07-01 00:00:00+00' - INTERVAL 1 SECOND * (1 + hash({n} * 13 + {salt}) % ({days} * 86400))"
EVENTS = f"""
SELECT 'e' || n AS message_id, 'site' AS source, 'track' AS type,
       CASE WHEN d < 50 THEN '{STEPS[0]}' WHEN d < 80 THEN '{STEPS[1]}' WHEN d < 93 THEN '{STEPS[2]}'
            ELSE '{STEPS[3]}' END AS name,
       {PERSON.format(n="n", salt=1)} AS person_key, occurred_at, occurred_at AS received_at,
       '{{"price": ' || d || '}}' AS properties
FROM (SELECT n, hash(n) % 100 AS d, {MOMENT.format(n="n", salt=2, days=28)} AS occurred_at
      FROM range($first, $last) AS numbers(n))
"""
ORDERS = f"""
SELECT 'o' || n AS order_id, ['store', 'web', 'app'][1 + n % 3] AS sales_channel, 'tills' AS channel_account_id,
       's' || (n % 40) AS store_id, {PERSON.format(n="n", salt=3)} AS person_key,
       {MOMENT.format(n="n", salt=4, days=DAYS)} AS placed_at, 'paid' AS payment_status,
       'picked_up' AS fulfilment_status, 'completed' AS lifecycle_status, 'USD' AS currency,
       (500 + n % 9000)::BIGINT AS goods_minor, 0::BIGINT AS discount_merchant_minor,
       0::BIGINT AS discount_platform_minor, 0::BIGINT AS shipping_minor, 0::BIGINT AS tax_minor,
       (500 + n % 9000)::BIGINT AS paid_minor, 0::BIGINT AS points_spent, 'made up' AS source, 'made up' AS batch_id
FROM range($first, $last) AS numbers(n)
"""
LINES = f"""
SELECT 'o' || n AS order_id, 1::BIGINT AS line_no, {PERSON.format(n="n", salt=3)} AS person_key,
       {MOMENT.format(n="n", salt=4, days=DAYS)} AS placed_at, ['store', 'web', 'app'][1 + n % 3] AS sales_channel,
       's' || (n % 40) AS store_id, 'g' || (hash(n) % 500) AS product_id, 1::BIGINT AS quantity,
       (500 + n % 9000)::BIGINT AS list_minor, 0::BIGINT AS discount_minor, 0::BIGINT AS voucher_minor,
       (500 + n % 9000)::BIGINT AS paid_minor, 'USD' AS currency, false AS is_gift, 'made up' AS batch_id
FROM range($first, $last) AS numbers(n)
"""
TIMED = """
SELECT *, strftime({at}, '%Y-%m') AS local_month, {at}::DATE AS local_date, hour({at})::BIGINT AS local_hour
FROM ({rows})
"""
QUESTIONS = ("ordered", "strict", "any", "paths", "map")


def generate(folder: Path, *, rows: int, people: int, has_orders: bool) -> None:
    """Write the lake, a million rows at a time."""
    import duckdb
    import pyarrow as pa

    from shuke.lake import Lake
    from shuke.tables import TABLES

    lake = Lake(folder)
    engine = duckdb.connect(config={"memory_limit": "3GB", "threads": 2})
    engine.execute("SET TimeZone = 'UTC'")

    def shaped(name: str, found: pa.Table) -> pa.Table:
        columns = [
            found[f.name].cast(f.type) if f.name in found.column_names else pa.nulls(found.num_rows, f.type)
            for f in TABLES[name].arrow_schema
        ]
        return pa.table(columns, schema=TABLES[name].arrow_schema)

    for first in range(0, rows, PART):
        bounds = {"first": first, "last": min(rows, first + PART), "people": people}
        bought = (("orders", ORDERS, "placed_at"), ("order_lines", LINES, "placed_at"))
        for name, query, at in (("events", EVENTS, "occurred_at"), *(bought if has_orders else ())):
            lake.append(
                name, shaped(name, engine.execute(TIMED.format(at=at, rows=query), bounds).to_arrow_table())
            )
    known = engine.execute(
        "SELECT 'p' || n AS person_key, 'm' || n AS member_id, 'email' AS kind, n AS draw,"
        " TIMESTAMPTZ '2020-01-01 00:00:00+00' AS valid_from FROM range($people) AS numbers(n)",
        {"people": people},
    ).to_arrow_table()
    lake.append("identity_map", shaped("identity_map", known))
    goods = engine.execute(
        "SELECT 'g' || n AS product_id, 'good ' || n AS name, 'c' || n % 50 AS category,"
        " 'd' || n % 9 AS department, true AS is_active, 'made up' AS batch_id FROM range(500) AS numbers(n)"
    ).to_arrow_table()
    lake.append("products", shaped("products", goods))


def prepare(home: Path) -> None:
    """The database of a retailer who counts in the lake's currency."""
    import django
    from django.core.management import call_command

    django.setup()
    from shuke.platform.retailer.models import Retailer

    call_command("migrate", verbosity=0)
    Retailer.objects.update_or_create(pk=1, defaults={"currency": "USD", "time_zone": "UTC"})
    del home


def answer(question: str) -> None:
    """Answer in this process and print what it took."""
    import django

    django.setup()
    began, cpu = time.perf_counter(), time.process_time()
    told = {"paths": _paths, "map": _map}.get(question, lambda: _funnel(question))()
    spent = time.perf_counter() - began, time.process_time() - cpu
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{question:<8} {spent[0]:>7.1f} s {spent[1]:>7.1f} CPU-s {memory:>6.2f} GB   {told}", flush=True)


def _funnel(order: str) -> str:
    from shuke.apps.insights.queries.funnels import counted_funnel
    from shuke.apps.insights.schemas import FunnelBody

    body = FunnelBody(
        steps=[{"kind": "event", "name": name} for name in STEPS],
        days=28,
        window_seconds=7 * 86_400,
        order=order,
    )
    found = counted_funnel(body, as_of=AS_OF).result
    return f"{found.began:,} began, {[step.members for step in found.steps]}"


def _facts(snapshot):
    import numpy as np

    from shuke.apps.insights.schemas import StudyFacts

    return StudyFacts(
        snapshot=snapshot, as_of=AS_OF, currency="USD", time_zone="UTC", traits=snapshot.table("traits"),
        rng=np.random.default_rng(1), tell=lambda *_told: None,
    )  # fmt: skip


def _paths() -> str:
    from shuke.apps.insights.operations.paths import paths_study
    from shuke.platform.warehouse import lake

    with lake().read() as snapshot:
        found = paths_study(_facts(snapshot)).result
    return f"{found['members']:,} members, {len(found['ways'])} kinds of ways"


def _map() -> str:
    from shuke.apps.insights.operations.bought import bought_orders, last_year
    from shuke.platform.warehouse import lake
    from shuke.science.rhythms import day_hour_map

    with lake().read() as snapshot:
        facts = _facts(snapshot)
        rows = day_hour_map(last_year(facts, bought_orders(facts))).to_pyarrow()
    return f"{rows.num_rows} cells, {sum(rows['orders'].to_pylist()):,} orders"


def main() -> None:
    """Make the lake, and answer each question in a process of its own."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--rows", type=int, default=15_000_000)
    options.add_argument("--people", type=int, default=1_000_000)
    options.add_argument("--folder", type=Path, help="where the lake is made, or was made before")
    options.add_argument("--only", nargs="*", default=QUESTIONS)
    options.add_argument("--answer", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.answer:
        answer(chosen.answer)
        return
    with tempfile.TemporaryDirectory() as scratch:
        home = chosen.folder or Path(scratch)
        os.environ |= {"SHUKE_HOME": str(home), "DJANGO_SETTINGS_MODULE": "shuke.config.settings"}
        os.environ["SHUKE_LOG_LEVEL"] = "ERROR"
        if not (home / "lake").exists():
            began = time.perf_counter()
            generate(
                home / "lake",
                rows=chosen.rows,
                people=chosen.people,
                has_orders=bool({"paths", "map"} & set(chosen.only)),
            )
            print(
                f"{chosen.rows:,} rows of each table in {time.perf_counter() - began:.0f} s",
                flush=True,
            )
        prepare(home)
        for question in chosen.only:
            subprocess.run([sys.executable, __file__, "--answer", question], check=True)


if __name__ == "__main__":
    main()
