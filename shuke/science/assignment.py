"""Which arm of an experiment a member belongs to: sticky, stateless and equal in every process.

The first eight bytes of ``sha256("<salt>:<member id>")``, read as a whole number, are spread over the
arms by their weights in whole-number arithmetic.  The same member always lands in the same arm of
the same salt; two salts are independent.  See docs/algorithms/assignment.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

#: The arm that gets nothing and everything is compared with.
CONTROL = "control"

_BYTES = 8


@dataclass(frozen=True)
class Arm:
    """An arm and its weight, a whole number: 9 and 1 give nine in ten and one in ten."""

    name: str
    weight: int


def check_arms(arms: Sequence[Arm]) -> None:
    """Raises ``ValueError`` unless names differ, no weight is negative and their sum is positive."""
    names = [arm.name for arm in arms]
    if len(set(names)) != len(names):
        raise ValueError("Two arms have the same name.")
    if any(arm.weight < 0 for arm in arms) or sum(arm.weight for arm in arms) <= 0:
        raise ValueError("Weights must not be negative, and one must be positive.")


def draw(*, salt: str, member_id: str) -> int:
    """The member's number in 0 … 2^64-1 for this salt, uniform over members."""
    return int.from_bytes(sha256(f"{salt}:{member_id}".encode()).digest()[:_BYTES], "big")


def assign_arm(*, salt: str, member_id: str, arms: Sequence[Arm]) -> str:
    """The name of the member's arm.  Raises ``ValueError`` where ``check_arms`` does."""
    check_arms(arms)
    return _arm_of(draw(salt=salt, member_id=member_id), arms)


def assign_arms(*, salt: str, member_ids: Iterable[str], arms: Sequence[Arm]) -> dict[str, str]:
    """The arm of each member, in the order given: :func:`assign_arm` for many."""
    check_arms(arms)
    return {member: _arm_of(draw(salt=salt, member_id=member), arms) for member in member_ids}


def _arm_of(number: int, arms: Sequence[Arm]) -> str:
    """The arm whose share of the weights ``number`` falls in; the last border is never reached."""
    place = number * sum(arm.weight for arm in arms) >> (8 * _BYTES)
    for arm in arms:
        if place < arm.weight:
            return arm.name
        place -= arm.weight
    raise AssertionError("A number below 2^64 always falls into an arm.")
