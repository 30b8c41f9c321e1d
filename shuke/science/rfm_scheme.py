"""How members are scored and named: cut-points and ordered rules that are kept beside the scores they made.

A scheme says the method, the borders of every score and which segment the scores mean.  Kept with a result it
explains every score of it later, whatever the retailer has changed since.  See docs/algorithms/rfm.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from itertools import pairwise, product
from typing import Any, Literal

Method = Literal["quantiles", "thresholds"]
#: Lowest and highest score, both included.
Range = tuple[int, int]

#: Scores run from 1 to this.
SCORES = 5
ANY: Range = (1, SCORES)
RANGES = ("recency", "combined", "frequency", "monetary")


@dataclass(frozen=True)
class SegmentRule:
    """Scores within all four ranges mean the segment.  ``combined``: mean of frequency and money, a half rounded up."""

    segment: str
    recency: Range = ANY
    combined: Range = ANY
    frequency: Range = ANY
    monetary: Range = ANY

    def __post_init__(self) -> None:
        for low, high in (self.recency, self.combined, self.frequency, self.monetary):
            if not 1 <= low <= high <= SCORES:
                raise ValueError(f"A range of scores lies between 1 and {SCORES}, the lower one first.")

    def holds(self, *, recency: int, frequency: int, monetary: int) -> bool:
        """Whether the scores lie within the ranges."""
        given = (
            (recency, self.recency),
            (combined_score(frequency, monetary), self.combined),
            (frequency, self.frequency),
            (monetary, self.monetary),
        )
        return all(low <= score <= high for score, (low, high) in given)


def every_score() -> Iterator[tuple[int, int, int]]:
    """Every recency, frequency and monetary score that a member can have."""
    one = range(1, SCORES + 1)
    return product(one, one, one)


def combined_score(frequency: int, monetary: int) -> int:
    """Frequency and monetary score as one: their mean, a half rounded up.

    >>> combined_score(4, 5), combined_score(1, 3)
    (5, 2)
    """
    return (frequency + monetary + 1) // 2


#: The rules that every scheme begins with; the first that holds decides.
DEFAULT_RULES: tuple[SegmentRule, ...] = (
    SegmentRule("champions", recency=(5, 5), combined=(4, 5)),
    SegmentRule("champions", recency=(4, 4), combined=(5, 5)),
    SegmentRule("loyal", recency=(3, 5), combined=(4, 5)),
    SegmentRule("loyal", recency=(4, 4), combined=(3, 3)),
    SegmentRule("potential_loyalists", recency=(4, 5), combined=(2, 3)),
    SegmentRule("new", recency=(5, 5)),
    SegmentRule("promising", recency=(4, 4)),
    SegmentRule("need_attention", recency=(3, 3), combined=(3, 3)),
    SegmentRule("about_to_sleep", recency=(3, 3)),
    SegmentRule("cannot_lose", combined=(5, 5)),
    SegmentRule("cannot_lose", recency=(1, 1), combined=(4, 4)),
    SegmentRule("at_risk", combined=(3, 4)),
    SegmentRule("hibernating", recency=(2, 2)),
    SegmentRule("hibernating", combined=(2, 2)),
    SegmentRule("lost"),
)


@dataclass(frozen=True)
class SegmentName:
    """What a retailer calls a segment, by language."""

    segment: str
    english: str
    chinese: str


@dataclass(frozen=True)
class Decided:
    """How many of the 125 scores a rule decides, and the numbers (from 1) of the rules before it that take the others.

    A rule with ``scores`` 0 can never decide; with ``taken_by`` empty its own ranges contradict one another.
    """

    rule: int
    scores: int
    taken_by: tuple[int, ...]


@dataclass(frozen=True)
class RfmScheme:
    """Borders of scores and rules of segments.

    ``recency_days``: the most days since the last order that still give score 5, 4, 3 and 2.  ``frequency`` and
    ``monetary_minor``: the fewest orders and the least money (minor units) that give score 2, 3, 4 and 5.  Both rise.
    With the method ``quantiles`` they are empty until a build has found them.  ``outside`` is the segment of who
    bought before the window only.  ``names``: what the retailer calls its segments, where it is not the standard.
    Raises ``ValueError`` for borders that fall or rules that leave scores unnamed.
    """

    method: Method = "quantiles"
    recency_days: tuple[int, ...] = ()
    frequency: tuple[int, ...] = ()
    monetary_minor: tuple[int, ...] = ()
    rules: tuple[SegmentRule, ...] = field(default=DEFAULT_RULES)
    outside: str = "lost"
    names: tuple[SegmentName, ...] = ()

    def __post_init__(self) -> None:
        for borders in (self.recency_days, self.frequency, self.monetary_minor):
            if len(borders) != SCORES - 1 and (borders or self.method == "thresholds"):
                raise ValueError(f"Give {SCORES - 1} borders for each measure.")
            if any(later < earlier for earlier, later in pairwise(borders)):
                raise ValueError("Each border must be at least the one before.")
        if unnamed := self.unnamed():
            raise ValueError(f"No rule names the scores {unnamed[0]}: end with a rule without ranges.")

    @property
    def told_rules(self) -> tuple[SegmentRule, ...]:
        """The rules without the last one that names the rest."""
        return self.rules[:-1] if _names_everything(self.rules[-1]) else self.rules

    @property
    def rest(self) -> str:
        """The segment of the scores that no told rule holds for."""
        return self.rules[-1].segment if _names_everything(self.rules[-1]) else self.outside

    def unnamed(self) -> list[tuple[int, int, int]]:
        """Recency, frequency and monetary scores that no rule holds for."""
        return [scores for scores in every_score() if self._rule_of(scores) is None]

    def decided(self) -> list[Decided]:
        """What each rule decides, in their order; the counts sum to the 125 scores.

        >>> late = SegmentRule("late", recency=(1, 2))
        >>> scheme = RfmScheme(rules=(SegmentRule("seldom", recency=(1, 3)), late, SegmentRule("rest")))
        >>> [(one.rule, one.scores, one.taken_by) for one in scheme.decided()]
        [(1, 75, ()), (2, 0, (1,)), (3, 50, (1,))]
        """
        first = {scores: self._rule_of(scores) for scores in every_score()}
        found = []
        for number, rule in enumerate(self.rules):
            mine = [
                decider
                for (recency, frequency, monetary), decider in first.items()
                if decider is not None and rule.holds(recency=recency, frequency=frequency, monetary=monetary)
            ]
            taken = sorted({decider + 1 for decider in mine if decider < number})
            found.append(Decided(number + 1, mine.count(number), tuple(taken)))
        return found

    def _rule_of(self, scores: tuple[int, int, int]) -> int | None:
        recency, frequency, monetary = scores
        for number, rule in enumerate(self.rules):
            if rule.holds(recency=recency, frequency=frequency, monetary=monetary):
                return number
        return None

    @property
    def segments(self) -> tuple[str, ...]:
        """The segments in the order of their first rules; that of who bought before the window is among them."""
        return tuple(dict.fromkeys([*(rule.segment for rule in self.rules), self.outside]))

    def fixed(self) -> RfmScheme:
        """The same with the borders that were found as thresholds: tomorrow's members judged by today's."""
        return replace(self, method="thresholds")

    def with_found(self, thresholds: Iterable[Mapping[str, Any]]) -> RfmScheme:
        """The scheme with the borders of a build, from the rows of ``rfm.rfm_thresholds``.

        A score that nobody got shares the border of the next better one.  Judging the same members by the fixed scheme
        gives the very scores of the build.
        """
        if self.method == "thresholds":
            return self
        rows = {(row["measure"], row["score"]): row for row in thresholds}
        return replace(
            self,
            recency_days=tuple(_last_day(rows, score) for score in range(SCORES, 1, -1)),
            frequency=tuple(_least(rows, "frequency", score) for score in range(2, SCORES + 1)),
            monetary_minor=tuple(_least(rows, "monetary", score) for score in range(2, SCORES + 1)),
        )

    def explain(self, *, recency_days: int, frequency: int, monetary_minor: int) -> Explanation:
        """Why a member has its scores and its segment, by the scheme's borders.

        Raises ``ValueError`` where a quantile scheme has no borders yet.

        >>> scheme = RfmScheme("thresholds", (7, 30, 90, 180), (2, 4, 8, 12), (100_00, 300_00, 600_00, 1_000_00))
        >>> why = scheme.explain(recency_days=8, frequency=9, monetary_minor=450_00)
        >>> why.recency_score, why.frequency_score, why.monetary_score, why.combined_score, why.segment, why.rule
        (4, 4, 3, 4, 'loyal', 3)
        """
        if not self.frequency:
            raise ValueError("The borders of this scheme were never found: build traits first.")
        recency = SCORES - sum(recency_days > border for border in self.recency_days)
        often = 1 + sum(frequency >= border for border in self.frequency)
        much = 1 + sum(monetary_minor >= border for border in self.monetary_minor)
        number = None if frequency < 1 else self._rule_of((recency, often, much))
        return Explanation(
            recency_score=None if number is None else recency,
            frequency_score=None if number is None else often,
            monetary_score=None if number is None else much,
            combined_score=None if number is None else combined_score(often, much),
            segment=self.outside if number is None else self.rules[number].segment,
            rule=None if number is None else number + 1,
        )

    def as_data(self) -> dict[str, Any]:
        """Plain data for JSON; :func:`scheme_of` gives the scheme back."""
        return asdict(self)


@dataclass(frozen=True)
class Explanation:
    """Scores, segment, and the number of the rule that decided, counted from 1.

    Scores and rule are ``None`` for who did not buy within the window.
    """

    recency_score: int | None
    frequency_score: int | None
    monetary_score: int | None
    combined_score: int | None
    segment: str
    rule: int | None


def _names_everything(rule: SegmentRule) -> bool:
    return all(getattr(rule, name) == ANY for name in RANGES)


def scheme_of(data: Mapping[str, Any]) -> RfmScheme:
    """The scheme of plain data.  Raises ``ValueError`` or ``TypeError`` for data that are none."""
    rules = tuple(
        SegmentRule(rule["segment"], **{name: tuple(rule[name]) for name in RANGES}) for rule in data["rules"]
    )
    borders = {name: tuple(data[name]) for name in ("recency_days", "frequency", "monetary_minor")}
    # Schemes that were kept before names could be given have none.
    names = tuple(SegmentName(**name) for name in data.get("names", ()))
    return RfmScheme(method=data["method"], rules=rules, outside=data["outside"], names=names, **borders)


def _last_day(rows: Mapping[tuple[str, int], Mapping[str, Any]], score: int) -> int:
    """Most days that give the score: those of the members at or above it; -1 where there is none."""
    return max(
        (int(row["highest"]) for (name, s), row in rows.items() if name == "recency" and s >= score),
        default=-1,
    )


def _least(rows: Mapping[tuple[str, int], Mapping[str, Any]], measure: str, score: int) -> int:
    """The least value at or above the score; above everybody where nobody got there."""
    mine = {s: row for (name, s), row in rows.items() if name == measure}
    reached = [int(row["lowest"]) for s, row in mine.items() if s >= score]
    return min(reached) if reached else max((int(row["highest"]) for row in mine.values()), default=0) + 1
