"""Made-up purchases in the shape of public data sets, of any size, to try ``shuke recommend evaluate`` on.

.venv/bin/python benchmarks/groceries.py instacart 3000000 /tmp/instacart.csv.gz
.venv/bin/python benchmarks/groceries.py tafeng 800000 /tmp/tafeng.csv
.venv/bin/python benchmarks/groceries.py films 1000000 /tmp/films.parquet

``instacart``: orders by number and days since the one before, no dates; 16 orders of 10 goods a member, 59 % bought
before.  ``tafeng``: days of four months, members with leading zeros, 3.7 baskets of 7 goods.  ``films``: nothing twice,
seconds since 1970.  Nothing of the real files is in them; sizes, skew and share of repeats are like theirs.

Truth: a member has tastes (kinds of goods), finds new goods by taste and popularity (Zipf), buys a good again with a
chance that is the good's own times the member's own, lower soon after a purchase, and drops goods for ever at times.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

KINDS = 134
#: Members whose purchases are drawn together.
CHUNK = 2000
MOST_ORDERS = 100


@dataclass(frozen=True)
class Shop:
    """``orders``, ``size``: mean per member and per order; ``least``: orders of everybody; ``again``: mean chance that
    a good is in the next order; ``dropped``: chance per order that a good is given up; ``gap``: median days between
    orders; ``finds``: part of an order that is new once a member is known; ``tastes``: concentration over kinds."""

    items: int
    orders: float
    least: int
    size: float
    again: float
    dropped: float
    gap: float
    finds: float
    tastes: float = 0.15
    zipf: float = 0.9


SHOPS = {
    "instacart": Shop(50_000, 16, 4, 10.0, 0.23, 0.03, 9.0, 0.34),
    "tafeng": Shop(24_000, 4.5, 1, 6.8, 0.16, 0.10, 14.0, 0.80, tastes=0.3, zipf=0.8),
    "films": Shop(8_000, 60, 20, 1.0, 0.0, 1.0, 2.0, 1.0, zipf=1.0),
}


def purchases(shop: Shop, *, lines: int, rng: np.random.Generator) -> pl.DataFrame:
    """``member, number, day, gap, item``: about so many lines, each good once an order."""
    weights = (np.arange(1, shop.items + 1) + 8.0) ** -shop.zipf
    kind = rng.integers(KINDS, size=shop.items)
    order = np.lexsort((-weights, kind))
    edges = np.searchsorted(kind[order], np.arange(KINDS + 1))
    running = np.cumsum(weights[order])
    totals = np.diff(np.concatenate(([0.0], running))[edges])
    trait = rng.beta(1.2, 2.0, shop.items) * 1.9
    cycle = rng.lognormal(np.log(12.0), 0.6, shop.items)
    members = max(round(lines / (shop.orders * shop.size)), 10)
    parts = []
    for start in range(0, members, CHUNK):
        count = min(CHUNK, members - start)
        known = (order, edges, running, totals, trait, cycle)
        parts.append(_chunk(shop, known, count, rng).with_columns(member=pl.col("member") + start))
    return pl.concat(parts)


def _chunk(shop: Shop, known: tuple[np.ndarray, ...], count: int, rng: np.random.Generator) -> pl.DataFrame:
    order, edges, running, totals, trait, cycle = known
    spread = rng.gamma(0.7, max(shop.orders - shop.least, 0.1) / 0.7, count)
    orders = np.minimum(shop.least + np.floor(spread), MOST_ORDERS).astype(np.int64)
    size = shop.size * rng.lognormal(-0.18, 0.6, count)
    usual = shop.gap * rng.lognormal(0.0, 0.6, count)
    gaps = np.clip(np.round(rng.gamma(2.0, usual[:, None] / 2.0, (count, MOST_ORDERS))), 0, 30)
    gaps[:, 0] = 0
    day = np.cumsum(gaps, axis=1)
    taste = rng.gamma(shop.tastes, 1.0, (count, KINDS)) * totals
    taste = np.cumsum(taste / taste.sum(axis=1, keepdims=True), axis=1)
    loyal = rng.beta(3.0, 3.0, count) * 2.0
    number = np.arange(MOST_ORDERS)
    finds = shop.finds + (1 - shop.finds) * np.exp(-number / 3.0)
    new = rng.poisson(size[:, None] * finds) * (number < orders[:, None])
    new[:, 0] = np.maximum(new[:, 0], 1)
    who, birth = np.repeat(np.divmod(np.arange(count * MOST_ORDERS), MOST_ORDERS), new.ravel(), axis=1)
    place = (taste[who] < rng.random(len(who))[:, None]).sum(axis=1).clip(max=KINDS - 1)
    low = np.where(edges[place] > 0, running[edges[place] - 1], 0.0)
    found = np.searchsorted(running, low + rng.random(len(who)) * totals[place])
    item = order[np.minimum(found, len(order) - 1)]
    _, first = np.unique(who * np.int64(shop.items) + item, return_index=True)
    who, birth, item = who[first], birth[first], item[first]
    chance = np.minimum(shop.again * trait[item] * loyal[who], 0.97)
    alive = np.ones(len(who), dtype=bool)
    last = np.full(len(who), -1.0)
    parts = []
    for now in range(int(orders.max())):
        live = np.flatnonzero(alive & (birth <= now) & (orders[who] > now))
        today = day[who[live], now]
        since = today - last[live]
        ready = 1 - np.exp(-(since + 1) / cycle[item[live]])
        taken = (birth[live] == now) | (rng.random(len(live)) < chance[live] * (0.35 + 0.9 * ready))
        chosen = live[taken]
        last[chosen] = today[taken]
        alive[live[rng.random(len(live)) < shop.dropped]] = False
        parts.append((who[chosen], np.full(len(chosen), now), today[taken], item[chosen]))
    member, at, days, goods = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return pl.DataFrame(
        {"member": member, "number": at, "day": days.astype(np.int64), "gap": gaps[member, at], "item": goods}
    )


def instacart(lines: pl.DataFrame) -> pl.DataFrame:
    """Columns of orders joined with what was in them."""
    first = pl.col("number") == 0
    return lines.sort("member", "number", "item").select(
        order_id=pl.struct("member", "number").rank("dense") + 1_000_000,
        user_id=pl.col("member") + 1,
        order_number=pl.col("number") + 1,
        order_dow=(pl.col("day") + pl.col("member")) % 7,
        order_hour_of_day=8 + pl.col("member") % 12,
        days_since_prior_order=pl.when(~first).then("gap"),
        product_id=pl.col("item") + 1,
        add_to_cart_order=pl.int_range(pl.len()).over("member", "number") + 1,
        reordered=(pl.int_range(pl.len()).over("member", "item") > 0).cast(pl.Int8),
    )


def tafeng(lines: pl.DataFrame) -> pl.DataFrame:
    """Days of four months; a member begins on a day of its own."""
    begin = (pl.col("member") * 7919) % 90
    day = pl.date(2000, 11, 1) + pl.duration(days=begin + pl.col("day"))
    return lines.filter(begin + pl.col("day") < 120).select(
        TRANSACTION_DT=day.dt.strftime("%-m/%-d/%Y"),
        CUSTOMER_ID=(pl.col("member") * 37 + 1069).cast(pl.String).str.zfill(8),
        PRODUCT_SUBCLASS=100_000 + pl.col("item") % 2000,
        PRODUCT_ID=4_710_000_000_000 + pl.col("item") * 11,
        AMOUNT=1 + pl.col("item") % 3,
    )


def films(lines: pl.DataFrame) -> pl.DataFrame:
    """Ratings by seconds since 1970."""
    return lines.select(
        userId=pl.col("member") + 1,
        movieId=pl.col("item") + 1,
        rating=pl.lit(4.0),
        timestamp=1_200_000_000 + pl.col("day") * 86_400 + pl.col("number"),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("shop", choices=SHOPS)
    parser.add_argument("lines", type=int)
    parser.add_argument("file", type=Path, help=".csv, .csv.gz or .parquet")
    parser.add_argument("--items", type=int, help="goods on the shelves")
    parser.add_argument("--seed", type=int, default=1)
    told = parser.parse_args()
    shop = SHOPS[told.shop]
    if told.items:
        shop = Shop(**{**vars(shop), "items": told.items})
    lines = purchases(shop, lines=told.lines, rng=np.random.default_rng(told.seed))
    table = {"instacart": instacart, "tafeng": tafeng, "films": films}[told.shop](lines)
    if told.file.suffix == ".parquet":
        table.write_parquet(told.file)
    else:
        table.write_csv(told.file, compression="gzip" if told.file.suffix == ".gz" else "uncompressed")
    again = 1 - lines.select("member", "item").n_unique() / len(lines)
    baskets = lines.select("member", "number").n_unique()
    print(
        f"{len(lines):,} lines, {lines['member'].n_unique():,} members, {baskets:,} baskets, "
        f"{lines['item'].n_unique():,} goods, {again:.1%} bought before; the hundred most bought goods are "
        f"{lines['item'].value_counts(sort=True)['count'][:100].sum() / len(lines):.1%} of all lines"
    )


if __name__ == "__main__":
    main()
