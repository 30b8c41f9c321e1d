"""Spreading an amount over lines so that the parts sum to the whole."""

from collections.abc import Mapping


def spread(amount: int, *, over: Mapping[int, int]) -> dict[int, int]:
    """``amount`` minor units in proportion to ``over`` (line number → weight ≥ 0), by largest remainder.

    Ties go to the lower line number.  No part is larger than its weight, so an amount above the sum of all weights is
    cut to it.  Lines that get nothing are left out.

    >>> spread(2000, over={1: 4990, 2: 15, 3: 9600})
    {1: 683, 2: 2, 3: 1315}
    """
    total = sum(over.values())
    amount = min(amount, total)
    if amount <= 0:
        return {}
    parts = {number: amount * weight // total for number, weight in over.items()}
    rest = amount - sum(parts.values())
    by_remainder = sorted(over, key=lambda number: (-(amount * over[number] % total), number))
    for number in by_remainder[:rest]:
        parts[number] += 1
    return {number: parts[number] for number in sorted(parts) if parts[number]}
