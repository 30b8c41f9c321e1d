"""When members were born and when they joined: for birthday points, in memory only."""

import re
from dataclasses import dataclass
from datetime import date

from shuke.apps.members.queries import days_of_life
from shuke.platform.warehouse import lake
from shuke.science.persons import current_attributes

#: What sources say of a birthday: a whole date, or month and day.
FORMS = re.compile(r"^(?:(\d{4})-)?(\d{2})-(\d{2})$")
#: The attribute under which sources tell a birthday that is no whole date.
ATTRIBUTE = "birthday"


@dataclass(frozen=True)
class LifeDays:
    """A birthday, whose year may be unknown, and the day of joining if it is known."""

    month: int
    day: int
    year: int | None
    joined_on: date | None


def life_days() -> dict[str, LifeDays]:
    """The birthdays of active members by public id: from the profile, or else the newest word of a source."""
    found, joined = {}, {}
    for member_id, born, joined_on in days_of_life():
        joined[member_id] = joined_on
        if born:
            found[member_id] = LifeDays(born.month, born.day, born.year, joined_on)
    for member_id, word in _told().items():
        match = FORMS.match(word)
        if member_id in joined and member_id not in found and match:
            year, month, day = match.groups()
            if 1 <= int(month) <= 12 and 1 <= int(day) <= 31:
                number = int(year) if year else None
                found[member_id] = LifeDays(int(month), int(day), number, joined[member_id])
    return found


def _told() -> dict[str, str]:
    with lake().read() as snapshot:
        told = snapshot.table("member_attributes")
        born = told.filter(told.attribute == ATTRIBUTE)
        rows = current_attributes(born, snapshot.table("identity_map")).select("member_id", "value")
        return {row["member_id"]: row["value"] for row in rows.to_pyarrow().to_pylist()}
