"""Judging strategies on a history."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from shuke.apps.recommendations.schemas import EvaluationReport, Figure, StrategyReport
from shuke.science.recommendations.comparison import Interval, compare, holm, interval
from shuke.science.recommendations.evaluation import Evaluation, evaluate
from shuke.science.recommendations.histories import History, NotAHistory
from shuke.science.recommendations.metrics import Ideal
from shuke.science.recommendations.named import STRATEGIES, USUAL, Variants
from shuke.science.recommendations.splits import Cut, Split
from shuke.science.recommendations.strategies import TIE_RULE, Strategy
from shuke.science.recommendations.tuning import chosen

BASELINE = "gp-topfreq"
#: Called with the number of steps done, the number of all, and what is being done.
Tell = Callable[[int, int, str], None]


@dataclass(frozen=True)
class EvaluationSettings:
    """How to judge; ``strategies`` by name, none for the usual ones.

    ``own``: strategies that stand in the place of known ones, fitted to the retailer's range.  ``most_members``: of
    more, so many are drawn by chance to be judged; 0 for all.
    """

    cut: Cut
    strategies: Sequence[str] = ()
    cutoffs: tuple[int, ...] = (5, 10, 20)
    ideal: Ideal = "standard"
    is_tuned: bool = True
    seed: int = 1
    draws: int = 1000
    threads: int = 1
    own: Mapping[str, Variants] = field(default_factory=dict)
    most_members: int = 0


@dataclass(frozen=True, eq=False)
class Judged:
    """What was judged: the cut, and each strategy's metrics member by member, in the order of ``names``."""

    split: Split
    names: tuple[str, ...]
    evaluations: tuple[Evaluation, ...]

    @property
    def baseline(self) -> int:
        """The place of the strategy that the others are held against."""
        return self.names.index(BASELINE) if BASELINE in self.names else 0


def evaluate_strategies(
    history: History, settings: EvaluationSettings, *, tell: Tell | None = None
) -> EvaluationReport:
    """Fit every strategy on what is known and judge it on what came after.

    Raises ``NotAHistory`` where the protocol leaves nobody or nothing, and for a name that is not known.
    """
    judged = judge_strategies(history, settings, tell=tell)
    if tell is not None:
        tell(2 * len(judged.names), 2 * len(judged.names), "intervals")
    return report_of(judged, settings, history=history)


def judge_strategies(history: History, settings: EvaluationSettings, *, tell: Tell | None = None) -> Judged:
    """Fit every strategy on what is known and judge it member by member.  Raises as ``evaluate_strategies``."""
    tell = tell or (lambda *_: None)
    names = named(settings.strategies)
    split = settings.cut.test(history)
    check(split, history=history, cut=settings.cut)
    validation = settings.cut.validation(split)
    split = _some(split, settings)
    judged: list[Evaluation] = []
    for done, name in enumerate(names):
        variants = settings.own.get(name, STRATEGIES[name])()
        strategy = variants[0]
        if settings.is_tuned and len(variants) > 1:
            tell(2 * done, 2 * len(names), f"{name}: choosing among {len(variants)}")
            strategy = chosen(
                variants,
                validation,
                rng=_generator(settings.seed, 2 * done),
                ideal=settings.ideal,
                threads=settings.threads,
            )
        tell(2 * done + 1, 2 * len(names), name)
        judged.append(_judge(strategy, split, settings, _generator(settings.seed, 2 * done + 1)))
    return Judged(split, names, tuple(judged))


def _some(split: Split, settings: EvaluationSettings) -> Split:
    """So many of the asked members as are to be judged."""
    asked = len(split.members)
    if not settings.most_members or asked <= settings.most_members:
        return split
    drawn = np.random.default_rng(settings.seed).permutation(asked)[: settings.most_members]
    return split.only(np.isin(np.arange(asked), drawn))


def named(names: Sequence[str]) -> tuple[str, ...]:
    """The strategies to judge: the usual ones where none is named, all for ``all``."""
    if not names:
        return USUAL
    if list(names) == ["all"]:
        return tuple(STRATEGIES)
    unknown = [name for name in names if name not in STRATEGIES]
    if unknown:
        raise NotAHistory(f"There is no strategy {unknown[0]!r}. There are: {', '.join(STRATEGIES)}.")
    return tuple(dict.fromkeys(names))


def check(split: Split, *, history: History, cut: Cut) -> None:
    """Refuse what cannot be judged, with what would help."""
    if not split.known.items:
        most = int(split.past.item_baskets.max(initial=0))
        raise NotAHistory(
            f"No item is in {cut.minimum_count} baskets or more of what is known; the most bought is in {most}. "
            "Use a lower --minimum-count."
        )
    if len(split.members):
        return
    if split.asked_members:
        raise NotAHistory(
            "Nothing that members bought in the end is in the vocabulary. Use a lower --minimum-count."
        )
    most = int(np.diff(history.member_baskets).max(initial=0))
    if cut.kind == "last":
        raise NotAHistory(
            f"No member has {cut.minimum_baskets} baskets or more; the most anybody has is {most}. "
            "Use a lower --minimum-baskets (2 at least), or --protocol month."
        )
    raise NotAHistory(
        f"No member bought both before and in the last {cut.days} days. Use a lower --days or --minimum-baskets."
    )


def _generator(seed: int, step: int) -> np.random.Generator:
    """One for each step, so that a strategy's figures do not depend on which others are judged before it."""
    return np.random.default_rng([seed, step % 2])


def _judge(
    strategy: Strategy, split: Split, settings: EvaluationSettings, rng: np.random.Generator
) -> Evaluation:
    return evaluate(
        strategy, split, rng=rng, cutoffs=settings.cutoffs, ideal=settings.ideal, threads=settings.threads
    )


def report_of(judged: Judged, settings: EvaluationSettings, *, history: History) -> EvaluationReport:
    """The figures with their intervals, and each strategy against the baseline."""
    split, names, base = judged.split, judged.names, judged.baseline
    by = f"ndcg@{10 if 10 in settings.cutoffs else max(settings.cutoffs)}"
    rng = np.random.default_rng(settings.seed)
    compared = [
        compare(e.each[by], judged.evaluations[base].each[by], rng=rng, draws=settings.draws)
        if e is not judged.evaluations[base]
        else None
        for e in judged.evaluations
    ]
    adjusted = iter(holm([c.p_value for c in compared if c is not None]))
    rows = [
        StrategyReport(
            name=name,
            parameters=repr(found.strategy),
            figures={
                metric: figure(
                    interval(values, rng=np.random.default_rng(settings.seed), draws=settings.draws)
                )
                for metric, values in found.each.items()
            },
            whole=found.whole,
            difference=figure(comparison.difference) if comparison else None,
            p_value=next(adjusted) if comparison else None,
            seconds_to_fit=found.seconds_to_fit,
            seconds_to_list=found.seconds_to_list,
        )
        for name, found, comparison in zip(names, judged.evaluations, compared, strict=True)
    ]
    return EvaluationReport(
        protocol=protocol(settings.cut),
        tie_rule=TIE_RULE,
        ndcg=settings.ideal,
        cutoffs=settings.cutoffs,
        members=history.members,
        baskets=history.baskets,
        lines=history.lines,
        items=history.items,
        vocabulary=split.known.items,
        asked_members=split.asked_members,
        judged_members=len(split.members),
        dropped_share=split.dropped_share,
        baseline=names[base],
        compared_by=by,
        tuned=settings.is_tuned,
        seed=settings.seed,
        strategies=tuple(rows),
    )


def figure(found: Interval) -> Figure:
    """An interval as the report holds it."""
    return Figure(found.mean, found.low, found.high)


def protocol(cut: Cut) -> str:
    """The protocol in a sentence."""
    if cut.kind == "last":
        asked = (
            f"the last basket of each member with {cut.minimum_baskets} or more; everything before it is known "
            "(also other members' later baskets)"
        )
    else:
        asked = f"everything bought in the last {cut.days} days; only what came before is known"
    return f"{asked}; items in {cut.minimum_count} known baskets or more; the whole catalogue is ranked"
