"""What others see of identifiers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ninja import Schema

from shuke.apps.members.schemas import MemberProfile


@dataclass(frozen=True)
class MemberRegistration:
    """A row of a member list: the identifiers (kind → value as written), the profile and further attributes.

    ``row_no`` names the row in reports.  ``consents`` maps (channel, purpose) to granted or withdrawn.
    """

    row_no: int
    identifiers: Mapping[str, str]
    profile: MemberProfile = field(default_factory=MemberProfile)
    attributes: Mapping[str, str] = field(default_factory=dict)
    consents: Mapping[tuple[str, str], str] = field(default_factory=dict)


@dataclass(frozen=True)
class RegistrationIssue:
    """Something of a row that was not taken: its code is invalid_email, invalid_phone or identifier_taken."""

    row_no: int
    kind: str
    code: str


@dataclass(frozen=True)
class RegistrationOutcome:
    """What a registration did."""

    created: int
    changed: int
    unchanged: int
    issues: tuple[RegistrationIssue, ...] = ()


class IdentifierView(Schema):
    """One identifier; ``value`` is masked unless the reader may unmask."""

    person_key: str
    kind: str
    scope: str
    value: str
    source: str
    created_at: datetime
