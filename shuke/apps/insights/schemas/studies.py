"""A study: the answer to one question about all members, as of a business day."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext
from ninja import Schema

from shuke.science.reading import Reading

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from ibis.expr import types as ir

    from shuke.lake.reading import Snapshot


class NotEnough(Exception):
    """The data do not answer the question.  ``reading`` says why and what would help."""

    def __init__(self, reading: Reading) -> None:
        super().__init__(str(reading))
        self.reading = reading


@dataclass(frozen=True)
class StudyFacts:
    """What a study is made of.

    ``traits``: one row per member as of the day, the columns of ``TABLES["traits"]``.  ``rng`` depends on
    nothing but the kind and the day, so that a study run twice gives the same answer.  ``tell(done, total,
    label)`` moves the progress bar.
    """

    snapshot: Snapshot
    as_of: date
    currency: str
    time_zone: str
    traits: ir.Table
    rng: np.random.Generator
    tell: Callable[[int, int, str], None]


@dataclass(frozen=True)
class StudyOutcome:
    """What a study found.

    ``result`` is plain JSON and holds what the page shows; no name and no address.  ``tables`` are rows of
    lake tables with a column ``as_of``, which take the place of that day's.  ``layers`` are rows of
    ``member_layers``, past days included: each scheme and day in them takes the place of its rows.
    """

    result: Mapping[str, Any]
    readings: Sequence[Reading] = ()
    tables: Mapping[str, pa.Table] = field(default_factory=dict)
    layers: pa.Table | None = None


class ReadingView(Schema):
    """A sentence in plain words: in English with ``{places}``, and the numbers for them."""

    sentence: str
    values: dict[str, Any]

    @property
    def text(self) -> str:
        """The sentence in the reader's language; so are those of its values that are known words."""
        said = {
            name: gettext(value) if isinstance(value, str) and value else value
            for name, value in self.values.items()
        }
        return gettext(self.sentence).format(**said)


class StudyHead(Schema):
    """When a question was answered last.  ``is_refused``: the data did not suffice."""

    kind: str
    question: str
    as_of: date
    built_at: datetime
    seconds: float
    is_refused: bool


class StudyView(StudyHead):
    """One answer.  ``refusal`` says why there is none; ``result`` is empty then."""

    readings: list[ReadingView]
    refusal: ReadingView | None
    result: dict[str, Any]
