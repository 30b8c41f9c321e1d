"""What others see of permission."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from ninja import Schema
from pydantic import Field

from shuke.apps.compliance.rules import Told
from shuke.web.parsing import Moment


@dataclass(frozen=True)
class Decision:
    """A member's decision about a brand (empty: all), channel and purpose; ``state`` is granted or withdrawn.

    ``place`` is where it was said (a form, a till, a page), ``wording`` the text shown, in ``language``.
    """

    member_id: str
    channel: str
    purpose: str
    state: str
    decided_at: datetime
    source: str
    evidence: Mapping[str, Any] = field(default_factory=dict)
    brand: str = ""
    place: str = ""
    wording: str = ""
    language: str = ""

    def told(self, revision: int) -> Told:
        """The decision as the rules see it."""
        return Told(self.decided_at, self.decided_at, revision, self.state)


@dataclass(frozen=True)
class Verdict:
    """Whether a member may be contacted, and why not: no_consent, withdrawn, suppressed:<reason>, erased."""

    allowed: bool
    reason: str = ""


@dataclass(frozen=True)
class ImportedConsent:
    """A decision of a file: whose by its key in the lake, and everything a ``Decision`` says."""

    row_no: int
    person_key: str
    brand: str
    channel: str
    purpose: str
    state: str
    decided_at: datetime
    source: str
    place: str
    wording: str
    language: str


@dataclass(frozen=True)
class DeviceWord:
    """What somebody said on a device that may belong to nobody yet."""

    person_key: str
    channel: str
    purpose: str
    state: str
    decided_at: datetime
    source: str
    place: str = ""
    wording: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)


class ConsentView(Schema):
    """What holds for a channel and purpose; ``brand`` empty means all brands."""

    brand: str = ""
    channel: str
    purpose: str
    state: str
    decided_at: datetime


class DecisionView(Schema):
    """One decision of the history.  ``revision`` above 0 corrects what was told of the same instant before."""

    id: int
    brand: str
    channel: str
    purpose: str
    state: str
    decided_at: datetime
    recorded_at: datetime
    revision: int
    source: str
    place: str
    wording: str
    language: str
    evidence: dict[str, Any]

    @classmethod
    def of(cls, row: Any) -> "DecisionView":
        """The view of a row with its text."""
        names = set(cls.model_fields) - {"id", "wording", "language"}
        return cls(
            id=row.pk,
            wording=row.wording.body if row.wording else "",
            language=row.wording.language if row.wording else "",
            **{name: getattr(row, name) for name in names},
        )


class SuppressionView(Schema):
    """An address that gets nothing; ``shown`` is what may be shown of it."""

    id: int
    channel: str
    shown: str
    reason: str
    source: str
    suppressed_at: datetime


class ErasureView(Schema):
    """A person who is to be forgotten.  ``counts`` says how much was removed where."""

    id: str
    member_id: str
    step: str
    reason: str
    source: str
    actor_name: str
    counts: dict[str, int]
    error: str
    requested_at: datetime
    started_at: datetime | None
    settle_at: datetime | None
    finished_at: datetime | None

    @property
    def is_open(self) -> bool:
        """Whether it has not come to its end."""
        return self.step not in {"done", "cancelled"}


class RetentionView(Schema):
    """A place that keeps things: its rule, what it does without one, and what a run would delete now."""

    place: str
    label: str
    keep_days: int | None
    usual_days: int | None
    least_days: int
    too_old: int | None = None


class AskView(Schema):
    """A consent that the preference centre asks for; ``texts`` maps a language to the text."""

    id: int
    brand: str
    brand_name: str
    channel: str
    purpose: str
    texts: dict[str, str]
    position: int
    is_offered: bool


@dataclass(frozen=True)
class Preference:
    """One thing a member is asked, in their language, and whether it holds now."""

    ask_id: int
    brand: str
    brand_name: str
    channel: str
    purpose: str
    text: str
    is_granted: bool


class NewDecision(Schema):
    """A decision told by API; the time is now unless given, the source the API."""

    channel: str = Field(min_length=1, max_length=20, pattern="^[a-z_]+$")
    purpose: str = Field(min_length=1, max_length=20, pattern="^[a-z_]+$")
    state: Literal["granted", "withdrawn"]
    brand: str = Field("", max_length=40, pattern="^[a-z0-9_-]*$", description="Empty for all brands.")
    decided_at: Moment | None = Field(None, description="When the member said it; not in the future.")
    place: str = Field("", max_length=200, description="Where it was said.")
    wording: str = Field("", max_length=5000, description="The text that was shown.")
    language: str = Field("", max_length=10, description="Language of the text.")
    evidence: str = Field("", max_length=500)


class Correction(Schema):
    """What a decision of that very moment really was; ``void``: there was none."""

    channel: str = Field(min_length=1, max_length=20, pattern="^[a-z_]+$")
    purpose: str = Field(min_length=1, max_length=20, pattern="^[a-z_]+$")
    brand: str = Field("", max_length=40, pattern="^[a-z0-9_-]*$")
    decided_at: Moment
    state: Literal["granted", "withdrawn", "void"] = "void"
    reason: str = Field("", max_length=200, description="Why; without names.")


class NewErasure(Schema):
    """How soon a member is forgotten."""

    is_urgent: bool = Field(default=False, description="Now, and not in the night.")


class NewAddress(Schema):
    """An address that is to get nothing."""

    address: str = Field(min_length=3, max_length=254)
    channel: Literal["email", "sms", "phone"] = "email"
    reason: str = Field("asked", min_length=1, max_length=40, pattern="^[a-z_]+$")


class NewRetention(Schema):
    """A rule: days, or nothing for as long as the place keeps things by itself."""

    place: str = Field(min_length=1, max_length=60)
    keep_days: int | None = Field(None, ge=1, le=36_500)
