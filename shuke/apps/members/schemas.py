"""What others see of members."""

from dataclasses import dataclass
from datetime import date, datetime

from ninja import Schema


@dataclass(frozen=True)
class MemberProfile:
    """What is known of a person at import or entry; empty means unknown and changes nothing."""

    name: str = ""
    birthday: date | None = None
    joined_on: date | None = None
    language: str = ""


@dataclass(frozen=True)
class MemberRef:
    """A member's two keys: the database's and the public one."""

    pk: int
    public_id: str


class MemberView(Schema):
    """One member.  ``name`` is masked unless the reader may unmask."""

    id: str
    name: str
    status: str
    joined_on: date | None
    language: str
    source: str
    created_at: datetime
    updated_at: datetime
