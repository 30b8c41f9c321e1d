"""When a member needs the next one."""

from __future__ import annotations

from datetime import date

from ninja import Schema


class DueDate(Schema):
    """The next purchase of a category; see the table ``due_dates``.

    ``is_overdue``: the latest day has passed; ``is_due``: only the expected one.
    """

    member_id: str
    as_of: date
    category: str
    last_date: date
    cycle_days: float
    due_date: date
    earliest: date
    latest: date
    purchases: int
    is_overdue: bool
    is_due: bool
