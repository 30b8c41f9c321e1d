"""Cells of other systems' JSON records, read exactly.

Answers are parsed with ``parse_float=Decimal``, so an amount is never a binary fraction.  What cannot be
read raises ``UnusableRecordError``; the connector hands it on as a ``Rejection`` and goes on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from shuke.sources.contract import Rejection

Record = Mapping[str, Any]
T = TypeVar("T")
#: No amount of a shop has more digits; Decimal would take ten thousand of them from a hostile answer.
MAX_DIGITS = 30


class UnusableRecordError(Exception):
    """A record that makes no rows.  ``message`` says what is wrong and how to mend it, without its values."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def rejection(error: UnusableRecordError, **shown: object) -> Rejection:
    """What the quarantine keeps of an unusable record: ids and states, never a name or an address."""
    row = {name: str(value)[:200] for name, value in shown.items() if isinstance(value, str | int)}
    return Rejection(row=row, code=error.code, message=error.message)


def loads(text: bytes | str) -> Any:
    """JSON with exact decimals.  Raises ``ValueError``, also for NaN and for nesting without end."""
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_refuse)
    except RecursionError as error:
        raise ValueError("The JSON is nested too deeply.") from error


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not JSON.")


def amount(record: Record, name: str) -> Decimal:
    """An amount in major units; a missing one is nothing.

    >>> amount({"total": "-10.50"}, "total"), amount({"total": 3}, "total"), amount({}, "total")
    (Decimal('-10.50'), Decimal('3'), Decimal('0'))
    """
    value = record.get(name)
    if value is None or value == "":
        return Decimal(0)
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal) or len(str(value)) > MAX_DIGITS:
        raise UnusableRecordError("not_an_amount", f"“{name}” is not an amount. Correct it in the shop.")
    try:
        number = Decimal(value)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or abs(number.adjusted()) > MAX_DIGITS:
        raise UnusableRecordError("not_an_amount", f"“{name}” is not an amount. Correct it in the shop.")
    return number


def pieces(record: Record, name: str) -> int:
    """A quantity in whole pieces; weighed goods (0.453) are one piece, their amounts stay exact.

    >>> pieces({"quantity": 2}, "quantity"), pieces({"quantity": "0.453"}, "quantity")
    (2, 1)
    """
    value = amount(record, name)
    return int(value) if value == value.to_integral_value() else 1


def plain(value: Decimal) -> str:
    """The exact text of an amount.

    >>> plain(Decimal("1E+3")), plain(Decimal("-0.00")), plain(Decimal("12.50"))
    ('1000', '0.00', '12.50')
    """
    return f"{abs(value) if value == 0 else value:f}"


def moment(record: Record, name: str) -> datetime | None:
    """A time in UTC; one without a zone is UTC, which is how shops write their ``_gmt`` fields.

    >>> moment({"at": "2026-01-05T18:00:00+08:00"}, "at").isoformat()
    '2026-01-05T10:00:00+00:00'
    """
    value = record.get(name)
    if value is None or value == "":
        return None
    try:
        parsed = datetime.fromisoformat(value)
        if parsed.tzinfo is None:
            parsed = parsed.replace(tzinfo=UTC)
        return parsed.astimezone(UTC)
    except (TypeError, ValueError, OverflowError) as error:
        raise UnusableRecordError("not_a_time", f"“{name}” is not a time. Correct it in the shop.") from error


def moment_text(record: Record, name: str) -> str | None:
    """The same as a cell: ISO 8601 in UTC.

    >>> moment_text({"at": "2026-01-05T18:00:00Z"}, "at"), moment_text({"at": None}, "at")
    ('2026-01-05T18:00:00+00:00', None)
    """
    value = moment(record, name)
    return None if value is None else value.isoformat()


def identifier(record: Record, name: str) -> str:
    """An id as text.  Raises where there is none: without it a record cannot be told from another."""
    value = record.get(name)
    if isinstance(value, bool) or not isinstance(value, str | int) or not str(value).strip():
        raise UnusableRecordError("no_id", f"The record has no “{name}”.")
    return str(value).strip()


def words(record: Record, name: str) -> str | None:
    """A text without blanks around it; ``None`` if there is none.

    >>> words({"a": " x "}, "a"), words({"a": ""}, "a"), words({"a": 7}, "a")
    ('x', None, None)
    """
    value = record.get(name)
    return value.strip() or None if isinstance(value, str) else None


def parts(record: Record, name: str) -> list[Record]:
    """The records within a record.  Raises if there is something else in their place."""
    value = record.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(part, Mapping) for part in value):
        raise UnusableRecordError("not_a_list", f"“{name}” is not a list of records.")
    return value


def part(record: Record, name: str) -> Record:
    """The record within a record, empty if there is none."""
    value = record.get(name)
    return value if isinstance(value, Mapping) else {}


def usable(make: Callable[[], T], rejected: list[Rejection], **shown: object) -> T | None:
    """What ``make`` returns, or ``None`` with the reason put on the list."""
    try:
        return make()
    except UnusableRecordError as error:
        rejected.append(rejection(error, **shown))
        return None
