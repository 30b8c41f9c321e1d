"""Judging strategies on a history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from shuke.apps.recommendations.operations.adapting import adaptations
from shuke.apps.recommendations.operations.apart import Tell
from shuke.apps.recommendations.schemas import EvaluationReport, Figure, StrategyReport
from shuke.science.reading import Reading
from shuke.science.recommendations.choosing import cheapest_of_equals
from shuke.science.recommendations.comparison import Interval, compare, holm, interval
from shuke.science.recommendations.evaluation import Evaluation, evaluate
from shuke.science.recommendations.histories import History, NotAHistory
from shuke.science.recommendations.metrics import Ideal
from shuke.science.recommendations.named import STRATEGIES, USUAL, Variants
from shuke.science.recommendations.splits import Cut, Split, learning_from
from shuke.science.recommendations.strategies import TIE_RULE, Strategy
from shuke.science.recommendations.tuning import Tried, chosen

BASELINE = "gp-topfreq"
#: Members asked on validation without whom no strategy is chosen.
LEAST_TO_CHOOSE = 20
#: Of so few repeats among all lines, goods are bought once: lists of what was bought would be lists of misses.
FEW_REPEATS = 0.01
#: They hold a gigabyte of states for a million lines.
RANKERS = frozenset({"repeat-ranker", "fusion", "discovery"})
#: They must earn their place: who is worse on validation than the best single strategy answers as that one.
HYBRIDS = frozenset({"repeat-ranker", "fusion", "weighted", "stacking"})
#: What hybrids are held against where no single strategy is judged.
SIMPLE = "personal-frequency"
#: They answer another question than what comes next.
SPECIAL = frozenset({"replenishment-due", "discovery"})


class NothingToJudge(NotAHistory):
    """The protocol leaves nobody or nothing; the text says what helps at the command line, ``reading`` in the pages."""

    def __init__(self, text: str, reading: Reading) -> None:
        super().__init__(text)
        self.reading = reading


@dataclass(frozen=True)
class EvaluationSettings:
    """How to judge; ``strategies`` by name, none for the usual ones.

    ``own``: strategies that stand in the place of known ones, fitted to the retailer's range.  ``most_members``: of
    more, so many are drawn by chance to be judged; 0 for all.  ``ranker_lines``: of more, rankers learn from members
    drawn by chance; 0 for all.  ``only_new``: lists never hold what their member had bought; None: where hardly
    anything is bought again.  ``falls_back``: see ``fallbacks``.
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
    ranker_lines: int = 0
    only_new: bool | None = False
    falls_back: bool = True


@dataclass(frozen=True, eq=False)
class Judged:
    """What was judged: the cut, and each strategy's metrics member by member, in the order of ``names``.

    ``validation``: nDCG@10 of each strategy one step before the test, member by member; empty where nothing was tuned.
    ``only_new``: lists are without what their member had bought.  ``stands_in``: who answered for a hybrid that was
    worse on validation.
    """

    split: Split
    names: tuple[str, ...]
    evaluations: tuple[Evaluation, ...]
    validation: tuple[np.ndarray, ...] = ()
    only_new: bool = False
    stands_in: Mapping[str, str] = field(default_factory=dict)

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
    only_new = settings.only_new
    if only_new is None:
        only_new = split.known.repeat_share < FEW_REPEATS
    work = _Work(settings, split, validation, only_new, tell, steps=2 * len(names))
    trials = work.tried(names) if settings.is_tuned else {}
    each = {name: trial.each for name, trial in trials.items()}
    stands_in = fallbacks(each, names=names) if settings.falls_back else {}
    judged: dict[str, Evaluation] = {}
    for done, name in enumerate(names):
        answers = stands_in.get(name, name)
        tell(len(names) + done, 2 * len(names), name if answers == name else f"{name}, as {answers}")
        if answers not in judged:
            judged[answers] = work.judged(answers, trials.get(answers))
        judged.setdefault(name, judged[answers])
    return Judged(
        split,
        names,
        tuple(judged[name] for name in names),
        tuple(trials[name].each for name in names) if trials else (),
        only_new,
        stands_in,
    )


@dataclass(frozen=True, eq=False)
class _Work:
    """Trying strategies on validation, and judging them on the test."""

    settings: EvaluationSettings
    split: Split
    validation: Split
    only_new: bool
    tell: Tell
    steps: int

    def tried(self, names: Sequence[str]) -> dict[str, Tried[Strategy]]:
        """The best variant of each strategy on validation, and of the simple one that hybrids are held against."""
        held_against = self.settings.falls_back and not HYBRIDS.isdisjoint(names)
        simple = [SIMPLE] if held_against and SIMPLE not in names else []
        return {name: self._tried(name, step) for step, name in enumerate([*names, *simple])}

    def _tried(self, name: str, step: int) -> Tried[Strategy]:
        variants = self._variants(name)
        self.tell(min(step, self.steps // 2), self.steps, f"{name}: choosing among {len(variants)}")
        return chosen(
            variants,
            self.validation,
            rng=_generator(self.settings.seed, 0),
            ideal=self.settings.ideal,
            threads=self.settings.threads,
            lines=self._lines(name),
            only_new=self.only_new,
        )

    def judged(self, name: str, trial: Tried[Strategy] | None) -> Evaluation:
        """Of the variant that was chosen, the first where nothing was."""
        rng = _generator(self.settings.seed, 1)
        return evaluate(
            trial.strategy if trial else self._variants(name)[0],
            self.split,
            rng=rng,
            cutoffs=self.settings.cutoffs,
            ideal=self.settings.ideal,
            threads=self.settings.threads,
            learn=learning_from(self.split, lines=self._lines(name), rng=rng),
            only_new=self.only_new,
        )

    def _variants(self, name: str) -> tuple[Strategy, ...]:
        return self.settings.own.get(name, STRATEGIES[name])()

    def _lines(self, name: str) -> int:
        return self.settings.ranker_lines if name in RANKERS else 0


def fallbacks(each: Mapping[str, np.ndarray], *, names: Sequence[str]) -> dict[str, str]:
    """Which strategy answers in the place of a hybrid that was worse on validation than the best single one.

    ``each``: nDCG of the same members by every strategy that was tried; nobody falls back where there were none.
    """
    single = [name for name in each if name not in HYBRIDS and name not in SPECIAL and len(each[name])]
    if not single:
        return {}
    best = max(single, key=lambda name: float(each[name].mean()))
    return {
        name: best
        for name in names
        if name in HYBRIDS and len(each[name]) and each[name].mean() < each[best].mean()
    }


def chosen_by_validation(judged: Judged) -> str:
    """The first strategy, as they are listed, that is no worse than the best by more than a standard error; nothing of
    the test is used.  Empty where nobody could be asked before."""
    if not judged.validation or len(judged.validation[0]) < LEAST_TO_CHOOSE:
        return ""
    order = sorted(range(len(judged.names)), key=lambda n: list(STRATEGIES).index(judged.names[n]))
    ordered = [n for n in order if judged.names[n] not in SPECIAL]
    if not ordered:
        return ""
    return judged.names[ordered[cheapest_of_equals([judged.validation[n] for n in ordered])]]


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
    unknown = [name for name in names if name not in STRATEGIES and name != "all"]
    if unknown:
        raise NotAHistory(f"There is no strategy {unknown[0]!r}. There are: {', '.join(STRATEGIES)}.")
    if "all" in names:
        return tuple(STRATEGIES)
    return tuple(dict.fromkeys(names))


def check(split: Split, *, history: History, cut: Cut) -> None:
    """Refuse what cannot be judged, with what would help."""
    held = int(np.diff(history.member_baskets).max(initial=0))
    if cut.kind == "last" and held < max(cut.minimum_baskets, 2):
        raise _too_few_baskets(cut, most=held)
    if cut.kind == "window" and not split.past.baskets:
        raise _nothing_before(cut, days=int(np.ptp(history.basket_day)) + 1)
    if not split.known.items:
        most = int(split.past.item_baskets.max(initial=0))
        raise NothingToJudge(
            f"No item is in {cut.minimum_count} baskets or more of what is known; the most bought is in {most}. "
            "Use a lower --minimum-count.",
            Reading(
                "Nothing was bought in {least} baskets or more before the time that is judged; what was bought most is "
                "in {most}. Import more orders.",
                {"least": cut.minimum_count, "most": most},
            ),
        )
    if len(split.members):
        return
    if split.asked_members:
        raise NothingToJudge(
            "Nothing that members bought in the end is in the vocabulary. Use a lower --minimum-count.",
            Reading(
                "Nothing that members bought in the end was bought in {least} baskets or more before. Import more "
                "orders, or compare by kind of product.",
                {"least": cut.minimum_count},
            ),
        )
    if cut.kind == "last":
        raise _too_few_baskets(cut, most=held)
    raise NothingToJudge(
        f"No member bought both before and in the last {cut.days} days. Use a lower --days or --minimum-baskets.",
        Reading(
            "No member bought both in the last {days} days and before. Compare by the last purchase, or import more "
            "orders.",
            {"days": cut.days},
        ),
    )


def _nothing_before(cut: Cut, *, days: int) -> NothingToJudge:
    """The month is as long as the history."""
    return NothingToJudge(
        f"The file holds {days:,} days, and the last {cut.days:,} are asked for, so that nothing is known before. "
        "Use a lower --days, or --protocol last.",
        Reading(
            "No member bought both in the last {days} days and before. Compare by the last purchase, or import more "
            "orders.",
            {"days": cut.days},
        ),
    )


def _too_few_baskets(cut: Cut, *, most: int) -> NothingToJudge:
    """Whoever came must come back before the last basket can be asked for."""
    if most == 1:
        return NothingToJudge(
            "Every member has one basket only, so that nobody can be asked for a later one. Is the column of members "
            "the right one, or that of baskets? (--member, --basket)",
            Reading(
                "No member has {least} purchases or more; the most that anybody has is {most}. Compare by the last "
                "four weeks, or wait until members have come back.",
                {"least": cut.minimum_baskets, "most": most},
            ),
        )
    return NothingToJudge(
        f"No member has {cut.minimum_baskets} baskets or more; the most anybody has is {most}. "
        "Use a lower --minimum-baskets (2 at least), or --protocol month.",
        Reading(
            "No member has {least} purchases or more; the most that anybody has is {most}. Compare by the last "
            "four weeks, or wait until members have come back.",
            {"least": cut.minimum_baskets, "most": most},
        ),
    )


def _generator(seed: int, step: int) -> np.random.Generator:
    """One for validation (0) and one for the test (1): the same for each strategy, so that the same members are drawn
    and a strategy's figures do not depend on which others are judged before it."""
    return np.random.default_rng([seed, step])


def report_of(judged: Judged, settings: EvaluationSettings, *, history: History) -> EvaluationReport:
    """The figures with their intervals, and each strategy against the baseline."""
    split, names, base = judged.split, judged.names, judged.baseline
    by = f"ndcg@{10 if 10 in settings.cutoffs else max(settings.cutoffs)}"
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
        repeat_share=split.known.repeat_share,
        only_new=judged.only_new,
        ranker_lines=settings.ranker_lines if _is_part(judged, settings) else 0,
        validation={
            name: float(each.mean())
            for name, each in zip(names, judged.validation, strict=False)
            if len(each)
        },
        chosen=chosen_by_validation(judged),
        adaptations=adaptations(
            split,
            names,
            tuned=settings.is_tuned,
            validated=len(judged.validation[0]) if judged.validation else 0,
        ),
        seed=settings.seed,
        strategies=_rows(judged, settings, by=by),
    )


def _rows(judged: Judged, settings: EvaluationSettings, *, by: str) -> tuple[StrategyReport, ...]:
    """Each strategy's figures, and its metric ``by`` against the baseline."""
    names, base = judged.names, judged.baseline
    rng = np.random.default_rng(settings.seed)
    compared = [
        compare(e.each[by], judged.evaluations[base].each[by], rng=rng, draws=settings.draws)
        if name != names[base]
        else None
        for name, e in zip(names, judged.evaluations, strict=True)
    ]
    adjusted = iter(holm([c.p_value for c in compared if c is not None]))
    return tuple(
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
            answered_by=judged.stands_in.get(name, ""),
        )
        for name, found, comparison in zip(names, judged.evaluations, compared, strict=True)
    )


def _is_part(judged: Judged, settings: EvaluationSettings) -> bool:
    """Whether rankers learned from a part of what was known."""
    return settings.ranker_lines < judged.split.known.lines and not RANKERS.isdisjoint(judged.names)


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
