"""Which days of history are kept."""

from collections.abc import Iterable
from datetime import date, timedelta

#: Every day is kept for a quarter; of older months the last day that was computed.
EVERY_DAY = 92


def superfluous_days(days: Iterable[date], *, today: date) -> list[date]:
    """The days that may go, oldest first.

    ``[1 Jan, 31 Jan, 3 Feb, 30 Jun]`` on 1 July: 1 January goes, since the last day of January is there.
    """
    known = sorted(set(days))
    last_of_month = {(day.year, day.month): day for day in known}
    limit = today - timedelta(days=EVERY_DAY)
    return [day for day in known if day < limit and day != last_of_month[day.year, day.month]]
