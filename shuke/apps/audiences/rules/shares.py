"""Random shares that keep the same people: integer arithmetic, equal on every engine.

Each member has a fixed random number, its draw, from 0 to 2^31-1.  A salt turns it into another
one by ``(a * draw + b) mod p`` with the prime p = 2^31 - 1, where a and b come from SHA-256 of the
salt.  Multiplying by a non-zero number modulo a prime is a permutation, so the share stays exact,
and another salt gives an independent choice.  A member is in when its number lies below the share,
so a share that grows keeps everybody it had.
"""

from __future__ import annotations

import hashlib

PRIME = 2**31 - 1
WHOLE = 10_000


def multipliers(salt: str) -> tuple[int, int]:
    """``a`` from 1 to p-1 and ``b`` from 0 to p-1 of the salt."""
    digest = hashlib.sha256(f"share:{salt}".encode()).digest()
    a = int.from_bytes(digest[:8], "big") % (PRIME - 1) + 1
    return a, int.from_bytes(digest[8:16], "big") % PRIME


def threshold(basis_points: int) -> int:
    """Numbers below this are in: the share of p, rounded down; all of them for 10,000."""
    return basis_points * PRIME // WHOLE


def is_in_share(draw: int, *, salt: str, basis_points: int) -> bool:
    """The same decision in plain Python."""
    a, b = multipliers(salt)
    return (a * draw + b) % PRIME < threshold(basis_points)
