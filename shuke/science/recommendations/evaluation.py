"""A strategy's lists against what members then bought: fitted on what was known, judged on the whole catalogue.

Beside the metrics of the whole list (``metrics``), the two halves of the task are told apart, since one number hides
them: ``repeat_recall@k``, the part found of wanted items that the member had bought before; ``explore_recall@k``, of
those it had not; and ``new_ndcg@k``, ``new_recall@k``: lists of never-bought items only, against never-bought targets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from shuke.science.recommendations.catalogue_metrics import catalogue_metrics
from shuke.science.recommendations.histories import History
from shuke.science.recommendations.metrics import Ideal, hits, member_metrics
from shuke.science.recommendations.splits import Split
from shuke.science.recommendations.strategies import Lists, Strategy, top_and_new

CUTOFFS = (5, 10, 20)


@dataclass(frozen=True, eq=False)
class Evaluation:
    """``each``: every metric of each asked member, float64 in the order of ``split.members``, nan where it does not
    apply (no new item was bought).  ``whole``: ``coverage, gini, novelty, diversity, calibration`` of lists of the
    longest cutoff.  ``seconds_to_fit``, ``seconds_to_list``: of this machine, all members.
    """

    strategy: Strategy
    each: Mapping[str, np.ndarray]
    whole: Mapping[str, float]
    seconds_to_fit: float
    seconds_to_list: float

    @property
    def name(self) -> str:
        """The strategy's."""
        return self.strategy.name

    def mean(self, metric: str) -> float:
        """Over the members to whom it applies; nan without any."""
        values = self.each[metric]
        known = values[~np.isnan(values)]
        return float(known.mean()) if len(known) else float("nan")


def evaluate(
    strategy: Strategy,
    split: Split,
    *,
    rng: np.random.Generator,
    cutoffs: Sequence[int] = CUTOFFS,
    ideal: Ideal = "standard",
    threads: int = 1,
    groups: np.ndarray | None = None,
    learn: History | None = None,
    only_new: bool = False,
) -> Evaluation:
    """Fit on what was known, make lists, and judge them.  ``groups``: of each item, for diversity and calibration.

    ``learn``: a part of what was known to fit on (``splits.learning_from``), all if None.  ``only_new``: lists never
    hold what their member had bought, for goods that are bought once.
    """
    start = perf_counter()
    learn = split.known if learn is None else learn
    model = strategy.fit(learn, rng=rng)
    fitted = perf_counter()
    n = max(cutoffs)
    lists, new = top_and_new(model, learn, split.members, at=split.at, n=n, threads=threads)
    lists = new if only_new else lists
    listed = perf_counter()
    return Evaluation(
        strategy=strategy,
        each=judged(lists, new, split, cutoffs=cutoffs, ideal=ideal),
        whole=catalogue_metrics(lists.items, split.known, split.members, groups=groups),
        seconds_to_fit=fitted - start,
        seconds_to_list=listed - fitted,
    )


def judged(
    lists: Lists, new: Lists, split: Split, *, cutoffs: Sequence[int] = CUTOFFS, ideal: Ideal = "standard"
) -> dict[str, np.ndarray]:
    """Every metric of each member; ``new``: the lists without what the member had bought."""
    wanted = np.diff(split.target_rows)
    found = hits(lists.items, split.target_rows, split.target_items)
    result = dict(member_metrics(found, wanted, cutoffs=cutoffs, ideal=ideal))
    again = bought_before(split)
    owner = np.repeat(np.arange(len(split.members)), wanted)
    old_wanted = np.bincount(owner[again], minlength=len(split.members))
    new_wanted = wanted - old_wanted
    old_found = hits(lists.items, _rows(old_wanted), split.target_items[again])
    for k in cutoffs:
        old = old_found[:, :k].sum(axis=1)
        result[f"repeat_recall@{k}"] = _part(old, old_wanted)
        result[f"explore_recall@{k}"] = _part(found[:, :k].sum(axis=1) - old, new_wanted)
    new_found = hits(new.items, _rows(new_wanted), split.target_items[~again])
    applies = new_wanted > 0
    metrics = member_metrics(new_found[applies], new_wanted[applies], cutoffs=cutoffs, ideal=ideal)
    for k in cutoffs:
        for metric in ("ndcg", "recall"):
            values = np.full(len(split.members), np.nan)
            values[applies] = metrics[f"{metric}@{k}"]
            result[f"new_{metric}@{k}"] = values
    return result


def bought_before(split: Split) -> np.ndarray:
    """Bool of each target: whether its member had bought it."""
    width = max(split.known.items, 1)
    owner = np.repeat(split.members.astype(np.int64), np.diff(split.target_rows))
    had = split.known.row_member.astype(np.int64) * width + split.known.item
    return np.isin(owner * width + split.target_items, had)


def _rows(counts: np.ndarray) -> np.ndarray:
    return np.concatenate(([0], np.cumsum(counts))).astype(np.int64)


def _part(found: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Nan where nothing was wanted."""
    return np.divide(found, wanted, out=np.full(len(wanted), np.nan), where=wanted > 0)
