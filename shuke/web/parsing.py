"""Reading what API callers send: nothing reaches an endpoint that no database could hold."""

import json
from datetime import UTC, date, datetime
from typing import Annotated, Any, NoReturn, cast

from django.http import HttpRequest
from django.utils.datastructures import MultiValueDict
from ninja.errors import HttpError
from ninja.parser import Parser
from pydantic import AfterValidator, AwareDatetime

MAX_DEPTH = 40
INTEGER_LIMIT = 2**63


#: Years of what people tell of.  At the ends of the calendar the next month, or another time zone, does not exist.
FIRST_YEAR, LAST_YEAR = 1800, 9000


def _in_utc(moment: datetime) -> datetime:
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError("The time is out of range.")
    return moment.astimezone(UTC)


def _in_range(day: date) -> date:
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError("The day is out of range.")
    return day


#: A moment that a caller sends, in UTC: the lake's engine does not know every offset.
Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
#: A day that a caller sends.
Day = Annotated[date, AfterValidator(_in_range)]


def unstorable(value: Any, depth: int = 0) -> str | None:
    """Why a value cannot be taken, or ``None``.

    PostgreSQL refuses NUL bytes and lone surrogates in texts, no column holds integers beyond 64 bits,
    and endless nesting exhausts whoever walks it.
    """
    if depth > MAX_DEPTH:
        return f"The body is nested deeper than {MAX_DEPTH} levels."
    if isinstance(value, str):
        return _unstorable_text(value)
    if isinstance(value, int) and not -INTEGER_LIMIT <= value < INTEGER_LIMIT:
        return "A number is beyond 64 bits."
    if isinstance(value, dict):
        parts = [*value, *value.values()]
    elif isinstance(value, list):
        parts = value
    else:
        return None
    return next((reason for part in parts if (reason := unstorable(part, depth + 1))), None)


def _unstorable_text(text: str) -> str | None:
    if "\x00" in text:
        return "A text contains a NUL character."
    if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
        return "A text contains half of a surrogate pair."
    return None


def _refuse_constant(name: str) -> NoReturn:
    raise HttpError(400, f"The body contains {name}, which is not JSON.")


class StrictParser(Parser):
    """JSON bodies, queries and forms, refused with 400 where a part could not be stored."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        """The JSON body."""
        try:
            body = json.loads(request.body, parse_constant=_refuse_constant)
        except (RecursionError, UnicodeDecodeError) as error:
            raise HttpError(400, "The body is not JSON that can be read.") from error
        return cast("dict[str, Any]", _storable(body))

    def parse_querydict(
        self, data: MultiValueDict[str, Any], list_fields: list[str], request: HttpRequest
    ) -> dict[str, Any]:
        """The query or the form."""
        return cast("dict[str, Any]", _storable(super().parse_querydict(data, list_fields, request)))


def _storable(value: Any) -> Any:
    reason = unstorable(value)
    if reason:
        raise HttpError(400, reason)
    return value
