"""Why a row was not taken, by code: one English sentence each that says how to mend it.

A sentence never quotes the cell, since it may hold a name or a phone number.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from shuke.sources.files.fields import FileKind

REASONS: Mapping[str, str] = MappingProxyType(
    {
        "missing": "“{column}” is empty. Fill the cell, or choose a rule for missing values.",
        "missing_person": "The row names nobody. Give a customer number, card, e-mail or phone.",
        "not_a_number": "“{column}” is not a number. Write digits with a decimal mark, such as 12.50.",
        "not_whole": "“{column}” must be a whole number, such as 3.",
        "too_precise": "“{column}” has more decimals than the currency. Round it to the smallest coin.",
        "too_small": "“{column}” is below the smallest value allowed, {minimum}.",
        "too_large": "“{column}” is above the largest value allowed, {maximum}.",
        "not_a_time": "“{column}” is not a date and time. Write it as 2026-01-31 18:05:00.",
        "not_a_date": "“{column}” is not a date. Write it as 2026-01-31.",
        "in_future": "“{column}” lies in the future. Check the date order and the time zone.",
        "too_old": "“{column}” lies before 1900. Check the date order.",
        "not_yes_or_no": "“{column}” must be yes or no.",
        "not_allowed": "“{column}” has a value that is not allowed. Allowed: {choices}.",
        "not_json": '“{column}” is not valid JSON. Write an object such as {{"colour": "red"}}.',
        "too_long": "“{column}” is longer than {maximum} characters. Shorten it.",
        "null_character": "“{column}” contains a null character, which no database keeps. Remove it.",
        "broken_text": "“{column}” contains characters destroyed when the file was saved. Save it as UTF-8.",
        "wrong_cell_count": "The row does not have as many cells as the header. Check its separators and quotes.",
        "duplicate": "Another row of the file has the same key and other content. Keep one of them.",
        "unknown_order": "The order is not known. Import the orders first.",
        "invalid_email": "“{column}” is not an e-mail address, such as ann@example.com.",
        "invalid_phone": "“{column}” is not a phone number. Write it with the country code, such as +86 138 0013 8000.",
        "identifier_taken": "“{column}” already belongs to another member and was left there.",
        "person_erased": "The row names a person who asked to be forgotten; nothing of it was taken.",
        "hidden_buyer": "The platform hides who bought. These orders are kept without a member.",
        "unknown_status": "The state of these orders is in words that are not known; it is kept as written.",
        "amount_of_order": "The amount paid was read as the whole order's and shared among its lines.",
        "amount_of_line": "The amount paid was read as that of the row, not of the whole order.",
        "pieces_unknown": "Several goods stand in one row with one number of pieces; the first got what was over.",
        "refund_row": "The row is a refund under a number of its own. Import it as a refund of its order.",
        "other_currency": "The row is in another currency than most of the file. Import it on its own.",
        "no_detail": "The order has no row in the file of its details. Export the details of the same days.",
        "no_order": "The row belongs to no order of the other file. Export the orders of the same days.",
        "no_identifier": "The row names nobody. Give a customer number, card, e-mail or phone.",
    }
)


def reason(code: str, *, column: str = "", **facts: object) -> str:
    """The sentence of a code for a column.

    >>> reason("not_whole", column="quantity")
    '“quantity” must be a whole number, such as 3.'
    """
    return REASONS[code].format(column=column, **facts)


def limits(kind: FileKind | None, column: str, code: str) -> dict[str, str]:
    """The bounds that a reason names: smallest and largest value and the choices of a field."""
    field = kind.field(column) if kind is not None and column in kind.field_names else None
    if field is None:
        return {"minimum": "", "maximum": "500" if code == "too_long" else "", "choices": ""}
    largest = field.max_length if code == "too_long" else field.maximum
    scale = 100 if field.type == "money" and code != "too_long" else 1
    return {
        "minimum": _plain(field.minimum, scale),
        "maximum": _plain(largest, scale),
        "choices": ", ".join(sorted(set(field.choices.values()))),
    }


def _plain(value: float | None, scale: int) -> str:
    return "" if value is None else f"{value / scale:.12g}"
