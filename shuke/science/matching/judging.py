"""How good a matching was, where the truth is known."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True)
class Quality:
    """Counted in pairs of records, also those that only a third record connects.

    ``precision``: share of joined pairs that are one person; ``recall``: share of true pairs joined.
    """

    true_pairs: int
    joined_pairs: int
    right_pairs: int

    @property
    def precision(self) -> float:
        """1 if nothing was joined."""
        return self.right_pairs / self.joined_pairs if self.joined_pairs else 1.0

    @property
    def recall(self) -> float:
        """1 if there was nothing to join."""
        return self.right_pairs / self.true_pairs if self.true_pairs else 1.0


def judged(persons: pl.DataFrame, truth: pl.DataFrame) -> Quality:
    """Compare ``persons`` (record, person) as found with ``truth`` (record, person)."""
    known = persons.rename({"person": "found"}).join(truth.select("record", "person"), on="record")
    return Quality(
        true_pairs=_pairs(truth, "person"),
        joined_pairs=_pairs(known, "found"),
        right_pairs=_pairs(known, "found", "person"),
    )


def _pairs(records: pl.DataFrame, *columns: str) -> int:
    sizes = records.group_by(columns).len()["len"].cast(pl.Int64)
    return int((sizes * (sizes - 1) // 2).sum())
