"""Shuke's expressions beside the same questions hand-written in DuckDB's SQL, on a lake of ``generator.py``.

Run ``python benchmarks/generator.py FOLDER --copies 100`` once and then ``python benchmarks/scale.py FOLDER``.  Both
answer over the same files with the same settings, by turns, in processes of their own so that memory is each one's own.
Answers are compared before figures are told.  CPU seconds are those of the whole process, all threads, after its
start and its imports.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
from generator import TODAY
from ibis.expr import types as ir
from pyarrow.dataset import dataset

from shuke.apps.audiences.rules import TABLE_NAMES, AudienceFacts, compile_conditions, parsed
from shuke.lake import DuckDBSettings, Lake, Snapshot
from shuke.science.affinity import coded, pairs
from shuke.science.cohorts import retention
from shuke.science.lifecycle import DEFAULT_RULE, lifecycle
from shuke.science.purchases import purchases
from shuke.science.rfm import rfm_measures, rfm_scores
from shuke.science.traits import TraitFacts, TraitSettings, member_traits
from shuke.tables import TABLES

CURRENCY, WINDOW_DAYS, PAIR_DAYS = "USD", 365, 90
#: Ratio of CPU time that is promised.
LIMIT = 1.3


def last_days(days: int) -> dict[str, Any]:
    return {"type": "last_days", "days": days}


SIX_CONDITIONS = {
    "type": "all",
    "children": [
        {"type": "trait", "field": "frequency", "operator": "ge", "value": 12},
        {"type": "purchase", "comparison": {"operator": "ge", "value": 2}, "window": last_days(60)},
        {"type": "purchase", "measure": "sum", "comparison": {"operator": "ge", "value": 2_000},
         "window": last_days(180), "goods": {"categories": ["SOFT DRINKS"]}},
        {"type": "not", "child": {"type": "purchase", "window": last_days(90),
                                  "goods": {"categories": ["BABY FOODS"]}}},
        {"type": "reachable", "channel": "email"},
        {"type": "anniversary", "within_days": 60},
    ],
}  # fmt: skip

# --- Shuke ---


def bought(snapshot: Snapshot) -> ir.Table:
    return purchases(
        orders=snapshot.table("orders"),
        refunds=snapshot.table("refunds"),
        identity_map=snapshot.table("identity_map"),
        currency=CURRENCY,
        until=TODAY,
    )


def shuke_rfm(snapshot: Snapshot) -> ir.Table:
    measures = rfm_measures(bought(snapshot), as_of=TODAY, window_days=WINDOW_DAYS)
    scores = rfm_scores(measures)
    joined = measures.join(scores, "member_id")
    return joined.select(
        "member_id", "recency_days", "frequency", "monetary_minor",
        "recency_score", "frequency_score", "monetary_score", "rfm_segment",
    )  # fmt: skip


def shuke_lifecycle(snapshot: Snapshot) -> ir.Table:
    return lifecycle(bought(snapshot), as_of=TODAY)


def shuke_cohorts(snapshot: Snapshot) -> ir.Table:
    return retention(bought(snapshot), as_of=TODAY).select(
        "cohort", "age", "members", "orders", "revenue_minor", "size"
    )


def shuke_affinity(snapshot: Snapshot) -> ir.Table:
    lines, first = snapshot.table("order_lines"), TODAY - timedelta(days=PAIR_DAYS - 1)
    lines = lines.filter(lines.local_date >= ibis.literal(first), lines.local_date <= ibis.literal(TODAY))
    goods = snapshot.table("products").select("product_id", "category")
    named = lines.filter(~lines.is_gift).join(goods, "product_id")
    named = named.filter(named.category.notnull())
    baskets = coded(named.select(basket_id="order_id", item_id="category"), minimum_count=1_000)
    return pairs(baskets, minimum_count=1_000).select("id_1", "id_2", "n", "count_1", "count_2")


def shuke_audience(snapshot: Snapshot) -> ir.Table:
    nobody = pa.table({"member_id": pa.array([], pa.string()), "channel": pa.array([], pa.string())})
    facts = AudienceFacts(
        **{name: snapshot.table(name) for name in TABLE_NAMES},
        suppressions=ibis.memtable(nobody),
        today=TODAY,
        currency=CURRENCY,
    )
    return compile_conditions(parsed(SIX_CONDITIONS), facts)


# --- by hand: the same meaning, as somebody who knows DuckDB would write it ---

DAY, WINDOW, PAIRS_FROM = (
    f"DATE '{day}'" for day in (TODAY, TODAY - timedelta(days=WINDOW_DAYS - 1), TODAY - timedelta(days=PAIR_DAYS - 1))
)  # fmt: skip
OWNERS = "owners AS (SELECT person_key, arg_max(member_id, valid_from) AS member_id FROM identity_map GROUP BY ALL)"
BOUGHT = f"""
WITH {OWNERS},
given_back AS (
    SELECT order_id, sum(amount_minor) AS refunded FROM refunds
    WHERE currency = '{CURRENCY}' AND local_date <= {DAY} GROUP BY ALL
),
bought AS (
    SELECT member_id, order_id, local_date,
           CASE WHEN currency = '{CURRENCY}' THEN paid_minor ELSE 0 END - coalesce(refunded, 0) AS net_minor
    FROM orders JOIN owners USING (person_key) LEFT JOIN given_back USING (order_id)
    WHERE lifecycle_status <> 'cancelled' AND payment_status <> 'void' AND local_date <= {DAY}
      AND NOT (payment_status = 'pending' AND lifecycle_status = 'open')
)
"""
GRID = """
CASE recency_score * 10 + (frequency_score + monetary_score + 1) // 2
WHEN 51 THEN 'new' WHEN 52 THEN 'potential_loyalists' WHEN 53 THEN 'potential_loyalists' WHEN 54 THEN 'champions'
WHEN 55 THEN 'champions' WHEN 41 THEN 'promising' WHEN 42 THEN 'potential_loyalists' WHEN 43 THEN 'loyal'
WHEN 44 THEN 'loyal' WHEN 45 THEN 'champions' WHEN 31 THEN 'about_to_sleep' WHEN 32 THEN 'about_to_sleep'
WHEN 33 THEN 'need_attention' WHEN 34 THEN 'loyal' WHEN 35 THEN 'loyal' WHEN 21 THEN 'hibernating'
WHEN 22 THEN 'hibernating' WHEN 23 THEN 'at_risk' WHEN 24 THEN 'at_risk' WHEN 25 THEN 'cannot_lose'
WHEN 11 THEN 'lost' WHEN 12 THEN 'hibernating' WHEN 13 THEN 'at_risk' WHEN 14 THEN 'cannot_lose'
WHEN 15 THEN 'cannot_lose' ELSE 'lost' END
"""
RULE = DEFAULT_RULE
BY_HAND: dict[str, str] = {
    "rfm": BOUGHT + f""",
measured AS (
    SELECT member_id, {DAY} - max(local_date) AS recency_days,
           count(*) FILTER (local_date >= {WINDOW}) AS frequency,
           coalesce(sum(net_minor) FILTER (local_date >= {WINDOW}), 0)::BIGINT AS monetary_minor
    FROM bought GROUP BY member_id
),
scored AS (
    SELECT member_id,
           5 - 5 * (rank() OVER (ORDER BY recency_days) - 1) // count(*) OVER () AS recency_score,
           1 + 5 * (rank() OVER (ORDER BY frequency) - 1) // count(*) OVER () AS frequency_score,
           1 + 5 * (rank() OVER (ORDER BY monetary_minor) - 1) // count(*) OVER () AS monetary_score
    FROM measured WHERE frequency > 0
)
SELECT member_id, recency_days, frequency, monetary_minor, recency_score, frequency_score, monetary_score,
       {GRID} AS rfm_segment
FROM measured LEFT JOIN scored USING (member_id)
""",
    "lifecycle": BOUGHT + f""",
days AS (SELECT DISTINCT member_id, local_date FROM bought),
gaps AS (
    SELECT member_id, local_date,
           local_date - lag(local_date) OVER (PARTITION BY member_id ORDER BY local_date) AS gap
    FROM days
),
cycles AS (
    SELECT member_id, count(*) AS visits, count(gap) AS gaps, median(gap) AS cycle,
           min(local_date) AS first_day, max(local_date) AS last_day
    FROM gaps GROUP BY member_id
),
usual AS (SELECT coalesce(median(cycle), {RULE.default_cycle_days}) AS everybody FROM cycles),
expected AS (
    SELECT *, (coalesce(cycle * gaps, 0) + {RULE.borrowed_gaps} * everybody) / (gaps + {RULE.borrowed_gaps}) AS own
    FROM cycles, usual
)
SELECT member_id, cycle AS purchase_cycle_days, own AS expected_cycle_days,
       CASE WHEN {DAY} - last_day > greatest(own * {RULE.lost_cycles}, {RULE.lost_floor_days}) THEN 'lost'
            WHEN {DAY} - last_day > greatest(own * {RULE.at_risk_cycles}, {RULE.at_risk_floor_days}) THEN 'at_risk'
            WHEN {DAY} - first_day < {RULE.new_days} THEN 'new'
            WHEN visits >= {RULE.loyal_shopping_days} AND own <= everybody THEN 'loyal'
            ELSE 'active' END AS lifecycle_stage
FROM expected
""",
    "cohorts": BOUGHT + """,
monthly AS (
    SELECT member_id, year(local_date) * 12 + month(local_date) - 23641 AS period, count(*) AS orders,
           sum(net_minor) AS net_minor
    FROM bought GROUP BY ALL
),
aged AS (SELECT *, min(period) OVER (PARTITION BY member_id) AS cohort FROM monthly),
cells AS (
    SELECT cohort, period - cohort AS age, count(*) AS members, sum(orders)::BIGINT AS orders,
           sum(net_minor)::BIGINT AS revenue_minor
    FROM aged GROUP BY ALL
)
SELECT *, max(members) FILTER (age = 0) OVER (PARTITION BY cohort) AS size FROM cells
""",
    "affinity": f"""
WITH lines AS (
    SELECT DISTINCT order_id, category FROM order_lines JOIN products USING (product_id)
    WHERE local_date BETWEEN {PAIRS_FROM} AND {DAY} AND NOT is_gift AND category IS NOT NULL
),
items AS (SELECT category, count(*) AS n FROM lines GROUP BY category HAVING count(*) >= 1000),
kept AS (SELECT order_id, category FROM lines SEMI JOIN items USING (category))
SELECT a.category AS id_1, b.category AS id_2, count(*) AS n,
       (SELECT n FROM items WHERE items.category = id_1) AS count_1,
       (SELECT n FROM items WHERE items.category = id_2) AS count_2
FROM kept AS a JOIN kept AS b ON a.order_id = b.order_id AND a.category < b.category
GROUP BY a.category, b.category HAVING count(*) >= 1000
""",
    "audience": BOUGHT + f""",
members AS (SELECT member_id, bool_or(kind = 'email') AS has_email FROM (
    SELECT person_key, arg_max(member_id, valid_from) AS member_id, arg_max(kind, valid_from) AS kind
    FROM identity_map GROUP BY ALL) GROUP BY member_id),
birthdays AS (SELECT member_id, arg_max(value, (observed_at, value)) AS birthday
              FROM member_attributes JOIN owners USING (person_key) WHERE attribute = 'birthday' GROUP BY ALL),
allowed AS (SELECT member_id, arg_max(state, decided_at) AS state FROM consents
            WHERE channel = 'email' AND purpose = 'marketing' AND brand = '' AND state <> 'void' GROUP BY ALL),
lately AS (SELECT member_id FROM bought WHERE local_date > {DAY} - 60 GROUP BY ALL HAVING count(*) >= 2),
drinks AS (
    SELECT member_id FROM order_lines JOIN bought USING (order_id)
    LEFT JOIN (SELECT order_id, line_no, sum(amount_minor) AS refunded FROM refunds
               WHERE currency = '{CURRENCY}' AND local_date <= {DAY} GROUP BY ALL) USING (order_id, line_no)
    WHERE order_lines.local_date > {DAY} - 180 AND order_lines.local_date <= {DAY} AND NOT is_gift
      AND product_id IN (SELECT product_id FROM products WHERE category = 'SOFT DRINKS')
      AND bought.local_date > {DAY} - 180
    GROUP BY member_id
    HAVING sum(CASE WHEN currency = '{CURRENCY}' THEN paid_minor ELSE 0 END - coalesce(refunded, 0)) >= 2000
),
babies AS (
    SELECT DISTINCT member_id FROM order_lines JOIN bought USING (order_id)
    WHERE order_lines.local_date > {DAY} - 90 AND order_lines.local_date <= {DAY} AND NOT is_gift
      AND product_id IN (SELECT product_id FROM products WHERE category = 'BABY FOODS')
      AND bought.local_date > {DAY} - 90
)
SELECT member_id FROM members JOIN traits USING (member_id) JOIN birthdays USING (member_id)
JOIN allowed USING (member_id)
WHERE as_of = {DAY} AND frequency >= 12 AND has_email AND state = 'granted'
  AND birthday IN (SELECT strftime(day, '%m-%d') FROM range({DAY}, {DAY} + 61, INTERVAL 1 DAY) AS days(day))
  AND member_id IN (FROM lately) AND member_id IN (FROM drinks) AND member_id NOT IN (FROM babies)
""",
}  # fmt: skip
SHUKE: dict[str, Callable[[Snapshot], ir.Table]] = {
    "rfm": shuke_rfm,
    "lifecycle": shuke_lifecycle,
    "cohorts": shuke_cohorts,
    "affinity": shuke_affinity,
    "audience": shuke_audience,
}
FACTS = (*TABLE_NAMES, "refunds")


def answer(lake: Lake, question: str, *, by_hand: bool) -> dict[str, Any]:
    """Answer once, in this process: seconds of the clock and of computing, and the answer sorted."""
    with lake.read() as snapshot:
        for name in FACTS:
            snapshot.table(name)
        start, cpu = time.perf_counter(), time.process_time()
        if by_hand:
            rows = snapshot.connection.con.execute(BY_HAND[question]).to_arrow_table()
        else:
            rows = snapshot.connection.to_pyarrow(SHUKE[question](snapshot))
        found = {"wall": time.perf_counter() - start, "cpu": time.process_time() - cpu}
    return {**found, "rows": rows}


def measured(lake: Lake, question: str, *, by_hand: bool, times: int) -> None:
    """In a process of its own: the best of several answers, the peak of memory, and what identifies the answer."""
    answers = [answer(lake, question, by_hand=by_hand) for _ in range(times)]
    rows = answers[0]["rows"]
    # Types of engines differ where meaning does not: whole numbers are compared as numbers.
    plain = sorted(repr(tuple(_plain(v) for v in row.values())) for row in rows.to_pylist())
    print(
        json.dumps(
            {
                "wall": min(a["wall"] for a in answers),
                "cpu": min(a["cpu"] for a in answers),
                "peak_mb": peak_mb(),
                "rows": rows.num_rows,
                "answer": f"{hash(tuple(plain)):x}",
            }
        )
    )


def peak_mb() -> float:
    """The most memory this program has had; a process's own count would begin with that of who started it."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def _plain(value: Any) -> Any:
    return round(float(value), 6) if isinstance(value, (int, float)) else value


def fill_traits(lake: Lake) -> None:
    """The traits of the day, as each night makes them."""
    if lake.file_list("traits").files:
        return
    start, cpu = time.perf_counter(), time.process_time()
    with lake.read() as snapshot:
        facts = TraitFacts(**{name: snapshot.table(name) for name in TraitFacts.__dataclass_fields__})
        traits = member_traits(facts, as_of=TODAY, settings=TraitSettings(currency=CURRENCY))
        rows = snapshot.connection.to_pyarrow(traits)
    lake.replace("traits", rows.cast(TABLES["traits"].arrow_schema), where={"as_of": TODAY})
    print(
        f"all traits of {rows.num_rows:,} members: {time.perf_counter() - start:.1f} s, "
        f"{time.process_time() - cpu:.1f} CPU-s, "
        f"{peak_mb() / 1000:.2f} GB"
    )


def main() -> None:
    """Measure each question by turns, compare the answers, print the table; fail above the limit."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", nargs="*", default=list(SHUKE), choices=list(SHUKE))
    parser.add_argument("--rounds", type=int, default=2, help="processes of each side, by turns")
    parser.add_argument("--times", type=int, default=2, help="answers in each process; the best counts")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--memory", default="8GB")
    parser.add_argument("--side", choices=["shuke", "hand"], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    settings = DuckDBSettings(threads=arguments.threads, memory_limit=arguments.memory)
    lake = Lake(arguments.folder, settings=settings)
    if arguments.side:
        measured(lake, arguments.only[0], by_hand=arguments.side == "hand", times=arguments.times)
        return
    fill_traits(lake)
    lines = dataset(list(lake.file_list("order_lines").files)).count_rows()
    print(f"{lines:,} order lines, {arguments.threads} threads, memory limit {arguments.memory}")
    worst = max(compared(question, arguments) for question in arguments.only)
    if worst > LIMIT:
        raise SystemExit(f"Shuke's expressions took {worst:.2f} times the CPU time of SQL by hand.")


def compared(question: str, arguments: argparse.Namespace) -> float:
    """Print one line of the table and return the ratio of CPU time."""
    sides: dict[str, list[dict[str, Any]]] = {"hand": [], "shuke": []}
    for _ in range(arguments.rounds):
        for side, found in sides.items():
            found.append(_process(question, side, arguments))
    answers = {(one["rows"], one["answer"]) for found in sides.values() for one in found}
    if len(answers) != 1:
        raise SystemExit(f"{question}: the answers differ: {answers}")
    best = {side: min(found, key=lambda one: one["cpu"]) for side, found in sides.items()}
    ratio = float(best["shuke"]["cpu"] / best["hand"]["cpu"])
    told = "   ".join(
        f"{side} {one['cpu']:6.2f} CPU-s {one['wall']:6.2f} s {one['peak_mb'] / 1000:5.2f} GB"
        for side, one in best.items()
    )
    print(f"{question:10} {best['hand']['rows']:>9,} rows   {told}   ratio {ratio:.2f}", flush=True)
    return ratio


def _process(question: str, side: str, arguments: argparse.Namespace) -> dict[str, Any]:
    command = [
        sys.executable, __file__, str(arguments.folder), "--only", question, "--side", side, "--times",
        str(arguments.times), "--threads", str(arguments.threads), "--memory", arguments.memory,
    ]  # fmt: skip
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise SystemExit(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    main()
