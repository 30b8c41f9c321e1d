"""What others see of identifiers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

from ninja import Schema
from pydantic import Field

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
    """Something of a row that was not taken: invalid_<kind>, identifier_taken, person_erased or no_identifier."""

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


class KindPolicy(Schema):
    """What a kind of identifier may do: link members that share a value, unless more than ``limit`` do."""

    kind: str
    links: bool
    limit: int = Field(ge=2, le=20)
    may_ever_link: bool = True


class PolicyView(Schema):
    """The rules in force.  Thresholds are probabilities in thousandths."""

    kinds: list[KindPolicy]
    review_from: int
    link_from: int
    is_nightly: bool


class PolicyChange(Schema):
    """New rules; kinds that are not named stay as they are."""

    kinds: list[KindPolicy] = Field(default_factory=list, max_length=20)
    review_from: int = Field(ge=500, le=1000)
    link_from: int = Field(ge=500, le=1000)
    is_nightly: bool = False


class MatchRunView(Schema):
    """One search: what it found, and whether that was applied.

    ``counts``: members looked at, sure (would be merged), unsure (for the queue), kept_apart (a person had
    said they are two), over_limit (values that too many share), undone (merges the rules no longer stand by).
    """

    id: str
    method: str
    state: str
    counts: dict[str, int]
    fault: str
    actor_name: str
    created_at: datetime
    finished_at: datetime | None
    applied_at: datetime | None


class PersonSide(Schema):
    """One member of a pair as the reviewer sees it; names and identifiers are masked.

    ``claims``: identifiers that stood in a row of this member and belong to another.
    """

    id: str
    name: str
    status: str
    joined_on: date | None
    language: str
    source: str
    created_at: datetime
    identifiers: list[IdentifierView]
    claims: list[IdentifierView]


class SuggestionView(Schema):
    """Two members that may be one.  ``confidence`` in thousandths.

    ``evidence``: ``fields`` maps a field to same, near, close, half, different or missing; ``kind`` is the
    identifier that both claim and ``shared_by`` how many members do.
    """

    id: str
    state: str
    basis: str
    confidence: int
    is_sure: bool
    evidence: dict[str, Any]
    left_id: str
    right_id: str
    left_name: str
    right_name: str
    created_at: datetime
    decided_at: datetime | None
    decided_by: str


class SuggestionDetail(Schema):
    """A suggestion with both sides."""

    suggestion: SuggestionView
    sides: list[PersonSide]


class MergeView(Schema):
    """One merge."""

    id: str
    survivor_id: str
    absorbed_id: str
    survivor_name: str
    absorbed_name: str
    basis: str
    confidence: int
    evidence: dict[str, Any]
    identifiers: int
    actor_name: str
    merged_at: datetime
    undone_at: datetime | None
    undone_by: str


class GraphNode(Schema):
    """An identifier (``kind``, masked ``value``) or a merged member (kind ``member``) of one person."""

    key: str
    kind: str
    value: str
    origin: str
    source: str
    since: datetime


class GraphEdge(Schema):
    """Why two nodes are of one person: who said so, when, how sure in thousandths."""

    left: str
    right: str
    basis: str
    source: str
    at: datetime
    confidence: int


class LinkGraph(Schema):
    """Why a member is one person."""

    member_id: str
    nodes: list[GraphNode]
    edges: list[GraphEdge]
    merges: list[MergeView]


class NewMerge(Schema):
    """Two members to be merged; the first stays."""

    survivor_id: str = Field(min_length=1, max_length=40)
    absorbed_id: str = Field(min_length=1, max_length=40)


class NewMatchRun(Schema):
    """A search to start: by rules or by the learned model."""

    method: Literal["rules", "model"]


class Started(Schema):
    """The id of what was started or made."""

    id: str
