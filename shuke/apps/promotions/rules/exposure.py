"""What vouchers that are out could take off, at worst and as expected, against what the budget still has."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

#: Fewer vouchers that have ended, used or not, say nothing about how many will be used.
FEWEST_ENDED = 30
Verdict = Literal["fits", "may_be_exceeded", "will_be_exceeded"]


@dataclass(frozen=True)
class Out:
    """Vouchers of one version that can still be used, and the most that one takes off (``None``: nobody can say)."""

    count: int
    most_minor: int | None


@dataclass(frozen=True)
class Exposure:
    """All that is out.  ``share`` is used of those that end, ``average_minor`` is what one took off so far."""

    left_minor: int
    out: Sequence[Out]
    share: Fraction | None = None
    average_minor: Fraction | None = None

    @property
    def live(self) -> int:
        """How many are out."""
        return sum(one.count for one in self.out)

    @property
    def worst_minor(self) -> int | None:
        """If all are used, each for the most it can take off."""
        parts = [0 if not one.count else one.most_minor and one.count * one.most_minor for one in self.out]
        return None if None in parts else sum(part or 0 for part in parts)

    @property
    def expected_minor(self) -> int | None:
        """The share that is used of those that end, each for what one took off so far, else the most; half up."""
        if self.share is None:
            return None
        total = Fraction(0)
        for one in self.out:
            each = self.average_minor if self.average_minor is not None else one.most_minor
            if each is None:
                return None
            total += one.count * self.share * each
        return int(total + Fraction(1, 2))

    @property
    def verdict(self) -> Verdict:
        """Whether the budget suffices for all, is exceeded only at worst, or as expected."""
        if self.expected_minor is not None and self.expected_minor > self.left_minor:
            return "will_be_exceeded"
        worst = self.worst_minor
        if self.live and (worst is None or worst > self.left_minor):
            return "may_be_exceeded"
        return "fits"
