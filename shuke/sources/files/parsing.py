"""From cells to typed values, a whole column at a time.

Every function takes a column and returns its values and the code of what is wrong per row (null =
nothing wrong).  Cells that are wrong have a null value.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import polars as pl

from shuke.sources.files.fields import OLDEST, Field
from shuke.sources.files.profiles import Profile

Parsed = tuple[pl.Series, pl.Series]
#: What exports write for "nothing" in cells of numbers and times.
EMPTY_WORDS = ("null", "none", "n/a", "na", "-", "--", "—", "\\n", "#n/a", "无", "空")
YES = ("1", "true", "t", "yes", "y", "on", "1.0", "是", "有", "真", "已", "同意")
NO = ("0", "false", "f", "no", "n", "off", "0.0", "否", "无", "假", "未", "不同意")
MAX_MINOR = 10**15


def parse(cells: pl.Series, field: Field, profile: Profile, *, at: datetime) -> Parsed:
    """The column as the field's type, in minor units, UTC and so on, and the codes of its errors."""
    values, errors = _PARSERS[field.type](_as_column(cells), field, profile)
    if field.type in {"time", "date"}:
        errors = _first(errors, _outside_time(values, field, at))
    elif field.type in {"money", "int", "number"}:
        if field.is_absolute:
            values = values.abs()
        errors = _first(errors, _outside_range(values, field))
    return _set_null(values, errors), errors


def _as_column(cells: pl.Series) -> pl.Series:
    """Text is trimmed and empty text is nothing; categories are text; other types stay."""
    if cells.dtype in {pl.Categorical, pl.Enum, pl.Binary, pl.Null}:
        cells = cells.cast(pl.String, strict=False)
    if cells.dtype == pl.String:
        frame = cells.to_frame("c").select(pl.col("c").str.strip_chars(" \t\r\n\u3000\ufeff"))
        return frame.select(pl.when(pl.col("c") != "").then(pl.col("c")))["c"]
    return cells


def _no_errors(cells: pl.Series) -> pl.Series:
    return pl.Series("error", [None], dtype=pl.String).new_from_index(0, cells.len())


def _codes(mask: pl.Series, code: str) -> pl.Series:
    return pl.select(pl.when(mask.fill_null(value=False)).then(pl.lit(code)).otherwise(None)).to_series()


def _first(errors: pl.Series, more: pl.Series) -> pl.Series:
    if more.null_count() == more.len():
        return errors
    return errors if errors.len() == 0 else pl.select(pl.coalesce(errors, more)).to_series()


def _set_null(values: pl.Series, errors: pl.Series) -> pl.Series:
    if errors.null_count() == errors.len():
        return values
    return pl.select(pl.when(errors.is_null()).then(values)).to_series()


def _text(cells: pl.Series, field: Field, _profile: Profile) -> Parsed:
    text = cells.cast(pl.String, strict=False) if cells.dtype != pl.String else cells
    errors = _no_errors(text)
    if text.null_count() < text.len():
        # One cheap pass tells whether a closer look is needed at all.
        if text.str.contains("[\x00\ufffd]").any():
            errors = _first(errors, _codes(text.str.contains("\x00", literal=True), "null_character"))
            errors = _first(errors, _codes(text.str.contains("\ufffd", literal=True), "broken_text"))
        longest = text.str.len_bytes().max()
        if isinstance(longest, int) and longest > field.max_length:
            errors = _first(errors, _codes(text.str.len_chars() > field.max_length, "too_long"))
    return text, errors


def _id(cells: pl.Series, field: Field, profile: Profile) -> Parsed:
    """Identifiers are text.  Exports put a quote or tab before long numbers so that Excel keeps them."""
    if cells.dtype.is_float():
        whole = cells.cast(pl.Int64, strict=False)
        is_whole = (whole.cast(pl.Float64) == cells).fill_null(value=False)
        cells = pl.select(
            pl.when(is_whole).then(whole.cast(pl.String)).otherwise(cells.cast(pl.String))
        ).to_series()
    text = cells.cast(pl.String, strict=False)
    if cells.dtype == pl.String and text.str.contains("^['`=\"‘’\t]|['\"]$").any():
        text = text.str.strip_chars("'`‘’\t ").str.replace('^="?(.*?)"?$', "$1").str.strip_chars("\"'` \t")
        text = pl.select(pl.when(text != "").then(text)).to_series()
    return _text(text, field, profile)


def _float(cells: pl.Series, profile: Profile) -> tuple[pl.Series, pl.Series]:
    """Float64 values and errors; separators of thousands and currency signs are taken off where needed."""
    if cells.dtype != pl.String:
        values = cells.cast(pl.Float64, strict=False)
        return values, _codes((values.is_null() & cells.is_not_null()) | ~values.is_finite(), "not_a_number")
    values = cells.cast(pl.Float64, strict=False)
    is_odd = values.is_null() & cells.is_not_null()
    if profile.decimal_mark == "," and cells.str.contains("[.,]").any():
        is_odd = cells.is_not_null()
    if is_odd.any():
        values = _reread(cells, values, is_odd, profile)
    is_wrong = (values.is_null() & cells.is_not_null() & ~_is_empty_word(cells)) | ~values.is_finite()
    return values, _codes(is_wrong, "not_a_number")


def _reread(cells: pl.Series, values: pl.Series, is_odd: pl.Series, profile: Profile) -> pl.Series:
    """Numbers as people write them: ¥1,234.50, 1 234,50 €, (12.00), 12.5%."""
    odd = cells.filter(is_odd)
    text = odd.str.replace_all("[\\s\u00a0\u202f'’$€£¥￥元円₩]|USD|CNY|RMB|EUR|GBP|JPY", "")
    text = text.str.replace(r"^\((.*)\)$", "-$1")
    thousands, mark = (r"\.", ",") if profile.decimal_mark == "," else (",", ".")
    grouped = text.str.contains(rf"^[-+]?\d{{1,3}}({thousands}\d{{3}})+({'[' + mark + ']'}\d*)?$")
    text = pl.select(pl.when(grouped).then(text.str.replace_all(thousands, "")).otherwise(text)).to_series()
    if mark == ",":
        has_point = text.str.contains(".", literal=True)
        text = pl.select(pl.when(~has_point).then(text.str.replace(",", ".", literal=True))).to_series()
    positions = is_odd.arg_true()
    return values.scatter(positions, text.cast(pl.Float64, strict=False))


def _is_empty_word(cells: pl.Series) -> pl.Series:
    return cells.str.to_lowercase().is_in(list(EMPTY_WORDS)).fill_null(value=False)


def _number(cells: pl.Series, _field: Field, profile: Profile) -> Parsed:
    return _float(cells, profile)


def _money(cells: pl.Series, _field: Field, profile: Profile) -> Parsed:
    """Minor units.  More decimals than the currency has are an error, not rounded away."""
    if profile.amount_unit == "minor":
        return _int(cells, _field, profile)
    values, errors = _float(cells, profile)
    scaled = values * 10**profile.decimals
    too_large = scaled.abs() > MAX_MINOR
    if too_large.any():
        errors = _first(errors, _codes(too_large, "too_large"))
        scaled = _set_null(scaled, errors)
    whole = scaled.round(0)
    # Binary fractions of exact cents lie this close; a half cent lies far off.
    is_rough = (scaled - whole).abs() > 1e-6 * (1 + whole.abs() * 1e-6)
    errors = _first(errors, _codes(is_rough, "too_precise"))
    return _set_null(whole, errors).cast(pl.Int64, strict=False), errors


def _int(cells: pl.Series, field: Field, profile: Profile) -> Parsed:
    if cells.dtype.is_integer():
        return cells.cast(pl.Int64, strict=False), _no_errors(cells)
    if cells.dtype == pl.String:
        direct = cells.cast(pl.Int64, strict=False)
        if direct.null_count() == cells.null_count():
            return direct, _no_errors(cells)
    values, errors = _float(cells, profile)
    whole = values.round(0)
    is_broken = (values != whole).fill_null(value=False)
    if field.name == "quantity" and profile.fractions == "one_piece":
        whole = pl.select(pl.when(is_broken).then(1.0).otherwise(whole)).to_series()
    else:
        errors = _first(errors, _codes(is_broken, "not_whole"))
    errors = _first(errors, _codes(whole.abs() > MAX_MINOR, "too_large"))
    return _set_null(whole, errors).cast(pl.Int64, strict=False), errors


def _bool(cells: pl.Series, _field: Field, _profile: Profile) -> Parsed:
    if cells.dtype == pl.Boolean:
        return cells, _no_errors(cells)
    text = cells.cast(pl.String, strict=False).str.to_lowercase()
    is_yes, is_no = text.is_in(list(YES)), text.is_in(list(NO))
    values = pl.select(pl.when(is_yes | is_no).then(is_yes)).to_series()
    return values, _codes(text.is_not_null() & values.is_null(), "not_yes_or_no")


def _choice(cells: pl.Series, field: Field, _profile: Profile) -> Parsed:
    text = cells.cast(pl.String, strict=False).str.to_lowercase()
    values = text.replace_strict(dict(field.choices), default=None, return_dtype=pl.String)
    return values, _codes(text.is_not_null() & values.is_null(), "not_allowed")


def _json(cells: pl.Series, field: Field, profile: Profile) -> Parsed:
    import json

    def is_bad(text: str) -> bool:
        try:
            json.loads(text, parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            return True
        return "\\u0000" in text

    text, errors = _text(cells, field, profile)
    bad = pl.Series([value is not None and is_bad(value) for value in text], dtype=pl.Boolean)
    return text, _first(errors, _codes(bad, "not_json"))


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON.")


def _time(cells: pl.Series, _field: Field, profile: Profile) -> Parsed:
    """UTC microseconds.  Of two equal wall clocks at the end of summer time the earlier is meant."""
    if isinstance(cells.dtype, pl.Datetime) and cells.dtype.time_zone:
        return cells.dt.convert_time_zone("UTC").dt.cast_time_unit("us"), _no_errors(cells)
    if cells.dtype == pl.Date or isinstance(cells.dtype, pl.Datetime):
        local = cells.cast(pl.Datetime("us"))
        return _from_zone(local, _no_errors(cells), profile)
    text = cells.cast(pl.String, strict=False)
    has_zone = text.str.contains(r"\d{1,2}:\d{2}.*(Z|[+-]\d{2}:?\d{2})$").fill_null(value=False)
    local, errors = _by_formats(text, _time_formats(profile), "not_a_time", pl.Datetime("us"))
    values, errors = _from_zone(local, errors, profile)
    if has_zone.any():
        values, errors = _with_offsets(text, has_zone, values, errors)
    return values, errors


def _with_offsets(text: pl.Series, has_zone: pl.Series, values: pl.Series, errors: pl.Series) -> Parsed:
    stamped = text.filter(has_zone).str.replace("T", " ", literal=True).str.replace("Z$", "+0000")
    stamped = stamped.str.replace(r"([+-]\d{2}):(\d{2})$", "$1$2").str.replace(r"\s+([+-]\d{4})$", "$1")
    result = pl.Series([None] * stamped.len(), dtype=pl.Datetime("us", "UTC"))
    for pattern in ("%Y-%m-%d %H:%M:%S%.f%z", "%Y/%m/%d %H:%M:%S%.f%z", "%Y-%m-%d %H:%M%z"):
        parsed = stamped.str.to_datetime(pattern, time_unit="us", time_zone="UTC", strict=False)
        result = pl.select(pl.coalesce(result, parsed)).to_series()
    positions = has_zone.arg_true()
    wrong = _codes(result.is_null(), "not_a_time")
    return values.scatter(positions, result), errors.scatter(positions, wrong)


def _from_zone(local: pl.Series, errors: pl.Series, profile: Profile) -> Parsed:
    """UTC of wall-clock times.  In the hour that a clock change skips, a clock that was not put forward is meant."""
    zone = profile.time_zone
    values = local.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    if values.null_count() > local.null_count():
        before = (local - timedelta(hours=1)).dt.replace_time_zone(
            zone, ambiguous="earliest", non_existent="null"
        )
        values = pl.select(pl.coalesce(values, before + timedelta(hours=1))).to_series()
    return values.dt.convert_time_zone("UTC"), errors


def _date(cells: pl.Series, _field: Field, profile: Profile) -> Parsed:
    if cells.dtype == pl.Date or isinstance(cells.dtype, pl.Datetime):
        return cells.cast(pl.Date), _no_errors(cells)
    text = cells.cast(pl.String, strict=False)
    days = text.str.replace(r"[ T]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?$", "")
    return _by_formats(days, _date_formats(profile), "not_a_date", pl.Date())


def _date_formats(profile: Profile) -> list[str]:
    year_first = ["%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%Y.%m.%d", "%Y年%m月%d日"]
    order = {"ymd": [], "dmy": ["%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y"], "mdy": ["%m/%d/%Y", "%m-%d-%Y"]}
    return [*order[profile.date_order], *year_first]


def _time_formats(profile: Profile) -> list[str]:
    days = _date_formats(profile)
    clocks = (" %H:%M:%S%.f", " %H:%M", "T%H:%M:%S%.f", "T%H:%M")
    combined = [day + clock for clock in clocks for day in days]
    return [*combined, "%Y%m%d%H%M%S", "%Y年%m月%d日%H时%M分%S秒", *days]


def _by_formats(text: pl.Series, formats: list[str], code: str, dtype: pl.DataType) -> Parsed:
    """Try the formats in turn, each only on what none before has read.

    First those that some of the first open cells use, so that a regular column costs one pass, then
    all of them on the few cells that are left.
    """
    values = pl.Series("v", [None], dtype=dtype).new_from_index(0, text.len())
    is_open = text.is_not_null() & ~_is_empty_word(text)
    strptime = _strptime_date if dtype == pl.Date else _strptime_time
    for is_second_pass in (False, True):
        for pattern in formats:
            positions = is_open.arg_true()
            if not positions.len():
                break
            rest = text.gather(positions)
            if not is_second_pass and strptime(rest.head(50), pattern).null_count() == min(50, rest.len()):
                continue
            values = values.scatter(positions, strptime(rest, pattern))
            is_open &= values.is_null()
    return values, _codes(is_open, code)


def _strptime_time(text: pl.Series, pattern: str) -> pl.Series:
    if "%H" not in pattern:
        return _strptime_date(text, pattern).cast(pl.Datetime("us"))
    return text.str.to_datetime(pattern, time_unit="us", strict=False)


def _strptime_date(text: pl.Series, pattern: str) -> pl.Series:
    return text.str.to_date(pattern, strict=False)


def _outside_time(values: pl.Series, field: Field, at: datetime) -> pl.Series:
    errors = _no_errors(values)
    if values.null_count() == values.len():
        return errors
    is_date = values.dtype == pl.Date
    oldest = OLDEST if is_date else datetime(1900, 1, 1, tzinfo=at.tzinfo)
    errors = _first(errors, _codes(values < oldest, "too_old"))
    if not field.may_be_future:
        limit = at + timedelta(days=1)
        errors = _first(errors, _codes(values > (limit.date() if is_date else limit), "in_future"))
    return errors


def _outside_range(values: pl.Series, field: Field) -> pl.Series:
    errors = _no_errors(values)
    if field.minimum is not None:
        errors = _first(errors, _codes(values < field.minimum, "too_small"))
    if field.maximum is not None:
        errors = _first(errors, _codes(values > field.maximum, "too_large"))
    return errors


_PARSERS: dict[str, Callable[[pl.Series, Field, Profile], Parsed]] = {
    "text": _text,
    "id": _id,
    "number": _number,
    "money": _money,
    "int": _int,
    "bool": _bool,
    "choice": _choice,
    "json": _json,
    "time": _time,
    "date": _date,
}
