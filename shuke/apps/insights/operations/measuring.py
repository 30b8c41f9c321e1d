"""Measures of every buyer for a study: read from the lake once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from types import MappingProxyType

import numpy as np
import pyarrow as pa
from django.utils.translation import gettext_noop
from ibis.expr import types as ir
from numpy.typing import NDArray

from shuke.apps.insights.schemas import NotEnough, StudyFacts
from shuke.science.clusters import scaled
from shuke.science.measures import columns, member_measures
from shuke.science.purchases import purchased_lines
from shuke.science.reading import Reading

#: Measure → its name inside a sentence, in English.
MEASURE_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "orders": gettext_noop("orders placed"),
        "recency_days": gettext_noop("days since the last order"),
        "cycle_days": gettext_noop("days between visits"),
        "average_order_minor": gettext_noop("money per order"),
        "lines_per_order": gettext_noop("products per order"),
        "categories": gettext_noop("categories bought"),
        "discount_share": gettext_noop("share bought on discount"),
        "weekend_share": gettext_noop("share of orders at weekends"),
        "evening_share": gettext_noop("share of orders in the evening"),
    }
)
#: Fewer buyers than this say nothing about kinds and causes.
LEAST_MEMBERS = 100
#: Orders may arrive so many days late.
LATE_DAYS = 7


def measured(facts: StudyFacts, bought: ir.Table, *, as_of: date) -> pa.Table:
    """``member_id``, ``spend_minor`` and the measures of who bought in the year that ends with ``as_of``.

    Raises ``NotEnough`` for fewer than ``LEAST_MEMBERS`` of them.
    """
    lines = purchased_lines(
        purchases=bought,
        order_lines=facts.snapshot.table("order_lines"),
        refunds=facts.snapshot.table("refunds"),
        currency=facts.currency,
        until=as_of,
    )
    found = member_measures(bought, lines, facts.snapshot.table("products"), as_of=as_of)
    rows = found.order_by("member_id").to_pyarrow()
    if rows.num_rows < LEAST_MEMBERS:
        raise NotEnough(
            Reading(
                "Only {members} members bought in that year; {needed} are needed to see a pattern.",
                {"members": rows.num_rows, "needed": LEAST_MEMBERS},
            )
        )
    return rows


def last_told_day(bought: ir.Table, *, as_of: date) -> date:
    """``as_of``, or the newest day with an order if that lies within ``LATE_DAYS`` before.

    Orders may arrive late: days that nobody has told about yet would look like a collapse.
    """
    newest: date | None = bought.local_date.max().to_pyarrow().as_py()
    return newest if newest and (as_of - newest).days <= LATE_DAYS else as_of


def normal_scores(rows: pa.Table) -> dict[str, NDArray[np.float64]]:
    """Each measure that varies as a normal score of its rank: 0 is the middle, 1 more than 84 of 100 have."""
    known = {name: values for name, values in columns(rows).items() if np.nanstd(values) > 0}
    return {name: scaled(values[:, None])[:, 0] for name, values in known.items()}


def rounded(values: NDArray[np.float64] | Sequence[float], *, digits: int = 3) -> list[float]:
    """Plain numbers for a result."""
    return [round(float(value), digits) for value in values]
