"""What a slot's bandit misses beside other ways to choose, and how long the counting of lists takes.

``python benchmarks/online.py`` lets shoppers of known taste be answered for 30 days by Thompson sampling as a slot does
it, by lot, and by an A/B test of 14 days whose winner then answers alone; ``--lists 1000000`` also writes so many lists
with their clicks and purchases into a lake of its own, and counts them as the hourly job and the bandits' job do.
"""

import argparse
import os
import tempfile
import time
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa

RATES = (0.030, 0.036, 0.024)
DAYS, LISTS, WORLDS = 30, 2000, 100


def regrets() -> None:
    """Clicks missed beside the best strategy, known here, after 30 days of 2,000 lists: mean and spread over worlds."""
    from shuke.apps.recommendations.rules.choosing import PRIOR
    from shuke.science.recommendations.thompson import chances_to_be_shown

    rates, best = np.array(RATES), max(RATES)
    ways: dict[str, list[float]] = {"thompson": [], "by lot": [], "A/B for 14 days": []}
    for world in range(WORLDS):
        rng = np.random.default_rng(world)
        taken, shown = np.zeros(len(rates)), np.zeros(len(rates))
        missed = 0.0
        for _day in range(DAYS):
            chances = chances_to_be_shown(
                [(PRIOR[0] + t, PRIOR[1] + s - t) for t, s in zip(taken, shown, strict=True)]
            )
            lists = rng.multinomial(LISTS, chances)
            taken, shown = taken + rng.binomial(lists, rates), shown + lists
            missed += float((lists * (best - rates)).sum())
        ways["thompson"].append(missed)
        ways["by lot"].append(DAYS * LISTS * float((best - rates).mean()))
        tested = 14 * LISTS // len(rates)
        winner = int(np.argmax(rng.binomial(tested, rates)))
        ways["A/B for 14 days"].append(
            tested * float((best - rates).sum()) + (DAYS - 14) * LISTS * float(best - rates[winner])
        )
    print(f"click rates {RATES}, {LISTS:,} lists a day, {DAYS} days, {WORLDS} worlds")
    print(f"always the best: {DAYS * LISTS * best:,.0f} clicks")
    for name, values in ways.items():
        low, high = np.quantile(values, [0.1, 0.9])
        print(f"{name:18} missed {np.mean(values):6.0f} (10 % to 90 %: {low:.0f} to {high:.0f})")


def counting(count: int) -> None:
    """Seconds of one count and of one learning over a lake of ``count`` lists in 28 days."""
    home = tempfile.mkdtemp(prefix="shuke-online-")
    os.environ.setdefault("SHUKE_HOME", home)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shuke.config.settings")
    import django

    django.setup()
    from shuke.apps.recommendations.operations.competition import _count
    from shuke.platform.warehouse import lake
    from shuke.science.recommendations import bandit_counts, online

    first = datetime(2026, 3, 2, tzinfo=UTC)
    write(count, first)
    view = SimpleNamespace(code="home", experiment_id="exp", bandit=["s", "t"])
    with lake().read() as snapshot:
        began, cpu = time.perf_counter(), time.process_time()
        found = _count(snapshot, view, since=first.date(), currency="CNY")
        print(
            f"count of {sum(row['lists'] for row in found.totals):,} lists: {time.perf_counter() - began:.1f} s "
            f"({time.process_time() - cpu:.1f} CPU-s)"
        )
    with lake().read() as snapshot:
        began, cpu = time.perf_counter(), time.process_time()
        lists = snapshot.table("recommendation_lists")
        recent = lists.filter(lists.local_date >= (first + timedelta(days=25)).date())
        told = online.answers(recent, snapshot.table("identity_map"))
        touched = online.touches(told, snapshot.table("events"))
        rows = bandit_counts.delays(told, touched, at=first + timedelta(days=28)).to_pyarrow().to_pylist()
        counts = bandit_counts.day_counts(rows)
        print(
            f"learning from {sum(c.lists for c in counts):,} lists of three days: {time.perf_counter() - began:.1f} s "
            f"({time.process_time() - cpu:.1f} CPU-s)"
        )


def write(count: int, first: datetime) -> None:
    """Lists of ten products, ten for each member; a tenth clicked, a fifth followed by an order of five lines."""
    rng = np.random.default_rng(1)
    members = max(count // 10, 100)
    who = rng.integers(0, members, count)
    base = np.datetime64(first.replace(tzinfo=None), "us")
    moments = base + np.sort(rng.integers(0, 28 * 86_400, count)).astype("timedelta64[s]")
    products = rng.integers(0, 20_000, (count, 10))
    keys, ids = named("k", who), named("l", np.arange(count))
    everybody = named("k", np.arange(members))
    put(
        "identity_map",
        members,
        person_key=everybody,
        member_id=everybody,
        kind="card",
        valid_from=base,
        draw=0,
    )
    ends = pa.array(np.arange(0, count * 10 + 1, 10, dtype=np.int32))
    shown = pa.ListArray.from_arrays(ends, pa.array(named("p", products.ravel()).tolist()))
    lists = {"list_id": ids, "person_key": keys, "listed_at": moments, "product_ids": shown, **dated(moments)}
    chosen = {
        "arm": np.where(who % 2 == 0, "a", "b"),
        "strategy": np.where(rng.random(count) < 0.5, "s", "t"),
        "strategy_chance": 0.5,
    }
    put(
        "recommendation_lists",
        count,
        slot="home",
        slot_version=1,
        experiment_id="exp",
        fallback="",
        **lists,
        **chosen,
    )
    hit = np.flatnonzero(rng.random(count) < 0.1)
    late = moments[hit] + rng.integers(1, 3600, len(hit)).astype("timedelta64[s]")
    told = [f'{{"list_id": "{ids[n]}", "product_id": "p{products[n, 0]}"}}' for n in hit]
    click = {"message_id": ids[hit], "person_key": keys[hit], "properties": told, **dated(late)}
    when = {"occurred_at": late, "received_at": late}
    put("events", len(hit), source="web", type="track", name="Product Clicked", **click, **when)
    sold = np.flatnonzero(rng.random(count) < 0.2)
    bought = moments[sold] + rng.integers(60, 5 * 86_400, len(sold)).astype("timedelta64[s]")
    order = {"order_id": named("o", sold), "person_key": keys[sold], "placed_at": bought, **dated(bought)}
    states = {"payment_status": "paid", "lifecycle_status": "completed", "fulfilment_status": "delivered"}
    put("orders", len(sold), currency="CNY", **order, **states)
    lines = np.repeat(np.arange(len(sold)), 5)
    random = rng.integers(0, 20_000, len(lines))
    random[::5] = products[sold, 3]
    many = {name: values[lines] for name, values in order.items()}
    numbers = np.tile(np.arange(1, 6), len(sold))
    put(
        "order_lines",
        len(lines),
        product_id=named("p", random),
        line_no=numbers,
        paid_minor=500,
        currency="CNY",
        **many,
    )


def named(letter: str, numbers: np.ndarray) -> np.ndarray:
    """Numbers as ids."""
    return np.char.add(letter, numbers.astype(str))


def dated(moment: np.ndarray) -> dict[str, np.ndarray]:
    """The business time."""
    days = moment.astype("datetime64[D]")
    return {"local_month": days.astype("datetime64[M]").astype(str), "local_date": days}


def put(name: str, length: int, /, **columns: Any) -> None:
    """Append to a table of the lake: arrays, or one value for all rows; the rest is empty, zero or false."""
    from shuke.platform.warehouse import lake
    from shuke.tables import TABLES

    filled = []
    for field in TABLES[name].arrow_schema:
        value = columns.get(field.name)
        if value is None and not field.nullable:
            value = "" if field.type == pa.string() else 0
        if value is None:
            filled.append(pa.nulls(length, field.type))
        elif isinstance(value, pa.Array):
            filled.append(value)
        elif isinstance(value, np.ndarray | list):
            filled.append(pa.array(value).cast(field.type))
        else:
            filled.append(pa.array(np.full(length, value)).cast(field.type))
    lake().append(name, pa.table(filled, schema=TABLES[name].arrow_schema))


def main() -> None:
    """Regret always, counting where asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lists", type=int, default=0)
    asked = parser.parse_args()
    regrets()
    if asked.lists:
        counting(asked.lists)


if __name__ == "__main__":
    main()
