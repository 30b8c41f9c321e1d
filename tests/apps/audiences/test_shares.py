"""Random shares are exact, keep their people when they grow, and differ by salt."""

from __future__ import annotations

import pytest

from shuke.apps.audiences.rules.shares import PRIME, is_in_share, multipliers
from shuke.apps.identity.rules import draw_of

DRAWS = [draw_of(f"mem_{number}") for number in range(40_000)]


def drawn(salt: str, basis_points: int) -> set[int]:
    chosen = (i for i, draw in enumerate(DRAWS) if is_in_share(draw, salt=salt, basis_points=basis_points))
    return set(chosen)


@pytest.mark.parametrize("basis_points", [100, 1_000, 5_000, 9_000])
def test_the_share_is_exact_within_chance(basis_points: int) -> None:
    expected = len(DRAWS) * basis_points / 10_000
    deviation = (expected * (1 - basis_points / 10_000)) ** 0.5
    assert abs(len(drawn("spring", basis_points)) - expected) < 4 * deviation


def test_a_share_that_grows_keeps_its_members() -> None:
    small, large = drawn("spring", 1_000), drawn("spring", 2_500)
    assert small < large
    assert drawn("spring", 10_000) == set(range(len(DRAWS)))


def test_another_salt_draws_independently() -> None:
    both = drawn("spring", 5_000) & drawn("autumn", 5_000)
    assert abs(len(both) - len(DRAWS) / 4) < 4 * (len(DRAWS) * 3 / 16) ** 0.5


def test_products_fit_into_64_bits() -> None:
    for salt in ("", "spring", "熟客"):
        a, b = multipliers(salt)
        assert 1 <= a < PRIME
        assert a * (2**31 - 1) + b < 2**63
