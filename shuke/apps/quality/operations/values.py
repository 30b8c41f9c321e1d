"""Reading and setting one value of one row, in the lake or of a member."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import pyarrow as pa
from django.utils.translation import gettext_lazy as _

from shuke.apps.members.operations import change_profiles
from shuke.apps.members.queries import member_refs, profiles_in_clear
from shuke.apps.members.schemas import MemberProfile
from shuke.apps.quality.rules import LARGEST, WHOLE_NUMBERS
from shuke.platform.errors import Invalid, Refused
from shuke.platform.warehouse import lake
from shuke.tables import TABLES


def readable(column: str, text: str) -> Any:
    """What a person typed as the column's value.  Raises ``Invalid``."""
    bare = text.strip()
    if column in WHOLE_NUMBERS:
        if not bare.isdecimal() or int(bare) > LARGEST:
            raise Invalid("not_whole", _("Give a whole number."), {"column": column})
        return int(bare)
    if column == "birthday":
        try:
            return date.fromisoformat(bare).isoformat()
        except ValueError as error:
            raise Invalid("not_a_date", _("Give a date such as 1990-01-31."), {"column": column}) from error
    if column == "lifecycle_status" and bare not in {"open", "completed", "cancelled"}:
        raise Invalid("not_allowed", _("Choose open, completed or cancelled."), {"column": column})
    if not bare or len(bare) > 500 or "\x00" in bare:
        raise Invalid("not_a_text", _("Give a text of up to 500 characters."), {"column": column})
    return bare


def value_of(table: str, key: Mapping[str, Any], *, column: str) -> Any:
    """The value that the row has now.  Refuses a row that is gone."""
    if table == "members":
        profile = profiles_in_clear([key["member_id"]]).get(key["member_id"])
        if profile is None:
            raise _gone()
        value = getattr(profile, column)
        return value.isoformat() if isinstance(value, date) else value
    return _row(table, key)[column]


def _row(table: str, key: Mapping[str, Any]) -> dict[str, Any]:
    with lake().read() as snapshot:
        source = snapshot.table(table)
        for name, value in key.items():
            source = source.filter(source[name] == value)
        rows: list[dict[str, Any]] = source.limit(1).to_pyarrow().to_pylist()
    if not rows:
        raise _gone()
    return rows[0]


def _gone() -> Refused:
    return Refused("row_gone", _("What the issue is about is no longer there."))


def set_value(table: str, key: Mapping[str, Any], *, column: str, value: Any, at: datetime) -> None:
    """Write the value.  The caller holds the lock ``imports``; writing it twice is writing it once."""
    if table == "members":
        _set_profile(key["member_id"], column, value, at=at)
        return
    row = _row(table, key) | {column: value}
    names = TABLES[table].column_names
    whole = pa.Table.from_pylist([{name: row[name] for name in names}], schema=TABLES[table].arrow_schema)
    lake().upsert(table, whole)


def _set_profile(member_id: str, column: str, value: Any, *, at: datetime) -> None:
    refs = member_refs([member_id])
    if member_id not in refs:
        raise _gone()
    profile = (
        MemberProfile(birthday=date.fromisoformat(value))
        if column == "birthday"
        else MemberProfile(name=value)
    )
    change_profiles(at=at, profiles={refs[member_id].pk: profile})
