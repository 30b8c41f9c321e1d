"""What others see of accounts and imports."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from ninja import Schema
from pydantic import Field


class AccountView(Schema):
    """One channel account."""

    id: str
    name: str
    sales_channel: str
    time_zone: str
    currency: str
    region: str


class ProfileView(Schema):
    """One saved mapping."""

    id: str
    name: str
    kind: str
    settings: dict[str, Any]
    updated_at: datetime


class ReasonCount(Schema):
    """How many rows were put aside for a reason, with the numbers of the first."""

    code: str
    column: str
    message: str
    count: int
    rows: list[int]


class OutlierView(Schema):
    """Values of a field that lie far from the rest; ``examples`` are (row number, value)."""

    field: str
    count: int
    lower: float
    upper: float
    examples: list[tuple[int, float]]
    label: str = ""
    usual: str = ""

    @property
    def rows(self) -> str:
        """Numbers of the example rows."""
        return ", ".join(str(number) for number, _value in self.examples)


class TableCounts(Schema):
    """What a run did to a table of the lake."""

    table: str
    new: int
    corrected: int
    unchanged: int


class Gap(Schema):
    """Empty cells of a field: their share, and how many the chosen rule filled."""

    field: str
    label: str
    share: float
    filled: int


class Report(Schema):
    """What a check or a run found.

    ``accepted`` counts rows that were taken or would be, ``corrected`` rows that replaced another
    content, ``unchanged`` rows that were there already, ``rejected`` rows put aside.  ``missing`` maps a
    field to its share of empty cells, ``filled`` to the number of cells filled by the chosen rule.
    """

    is_dry_run: bool
    total: int
    accepted: int = 0
    corrected: int = 0
    unchanged: int = 0
    rejected: int = 0
    duplicates: int = 0
    flagged: int = 0
    persons: int = 0
    anonymous: int = 0
    reasons: list[ReasonCount] = Field(default_factory=list)
    notices: list[ReasonCount] = Field(default_factory=list)
    missing: dict[str, float] = Field(default_factory=dict)
    filled: dict[str, int] = Field(default_factory=dict)
    outliers: list[OutlierView] = Field(default_factory=list)
    tables: list[TableCounts] = Field(default_factory=list)
    gaps: list[Gap] = Field(default_factory=list)
    format: str = ""
    encoding: str = ""
    separator: str = ""
    seconds: float = 0.0

    @property
    def separator_name(self) -> str:
        """The separator so that it can be seen."""
        return "Tab" if self.separator == "\t" else self.separator

    @property
    def has_changed_nothing(self) -> bool:
        """Whether everything the file says was known already."""
        return not self.is_dry_run and not self.accepted and not self.corrected


class BatchView(Schema):
    """One import."""

    id: str
    account_id: str
    account: str
    kind: str
    file_name: str
    file_hash: str
    file_bytes: int
    is_stored: bool
    state: str
    settings: dict[str, Any]
    report: Report | None
    error_code: str
    error_message: str
    progress_done: int
    progress_total: int
    progress_label: str
    actor: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def progress_percent(self) -> int:
        """0 to 100."""
        return round(100 * self.progress_done / self.progress_total) if self.progress_total else 0

    @property
    def layout(self) -> str:
        """Name of the platform's export that was recognised; empty for ordinary files."""
        return str(self.settings.get("layout") or "")

    @property
    def is_open(self) -> bool:
        """Whether the mapping may still be changed and the run started."""
        return self.state in {"uploaded", "checked", "failed"} and self.is_stored


class RejectedRow(Schema):
    """One fault of one row of a batch."""

    row_no: int
    column: str
    code: str
    message: str
    raw: dict[str, Any]


class FieldChoice(Schema):
    """One field of a kind with the column chosen for it."""

    name: str
    label: str
    type: str
    is_required: bool
    header: str
    fill_rule: str
    fill_value: str


class Preview(Schema):
    """The first rows of a file and its mapping."""

    headers: list[str]
    rows: list[list[str]]
    fields: list[FieldChoice]
    missing: list[str]
    total: int


class QualityDay(Schema):
    """All imports of a day together."""

    day: date
    batches: int
    total: int
    rejected: int


class Quality(Schema):
    """Data quality over time: by day, by kind of file, and the most frequent reasons."""

    days: list[QualityDay]
    kinds: list[dict[str, Any]]
    reasons: list[ReasonCount]
    total: int
    rejected: int
    flagged: int

    @property
    def rejected_share(self) -> float:
        """Rows put aside out of all."""
        return self.rejected / self.total if self.total else 0.0


@dataclass(frozen=True)
class Origin:
    """Where rows that are landed come from."""

    batch_id: str
    account_id: str
    account_name: str
    sales_channel: str
    region: str
    source: str


@dataclass(frozen=True)
class RowIssue:
    """Something of a row that its lander did not take.  ``is_fatal``: nothing of the row was taken."""

    row_no: int
    column: str
    code: str
    is_fatal: bool = False


@dataclass(frozen=True)
class Landed:
    """What a lander did with its rows."""

    created: int
    changed: int
    unchanged: int
    issues: tuple[RowIssue, ...] = ()
    facts: Mapping[str, int] = field(default_factory=dict)


class Pace(Schema):
    """How often and how gently a connection asks.

    ``requests_per_second`` null is the connector's own limit, 0 none.  ``rescan_days`` is how far back
    records are asked for again whose changes move no update time, every ``rescan_hours``;
    ``listing_days`` is the time between two comparisons of all ids, 0 = never.
    """

    every_minutes: int = Field(default=60, ge=1, le=10_080)
    requests_per_second: float | None = Field(default=None, ge=0, le=1000)
    rescan_days: int = Field(default=30, ge=0, le=3650)
    rescan_hours: int = Field(default=24, ge=1, le=720)
    listing_days: int = Field(default=7, ge=0, le=365)


class SystemField(Schema):
    """One setting or secret of a kind of system, in the active language."""

    name: str
    label: str
    help: str
    type: str
    is_required: bool
    is_secret: bool
    default: str


class SystemView(Schema):
    """One kind of system that can be connected."""

    system: str
    label: str
    streams: list[str]
    fields: list[SystemField]


class StreamView(Schema):
    """How far a stream has landed; ``reached`` is the time its cursor names, if it names one."""

    stream: str
    reached: datetime | None = None
    updated_at: datetime | None = None
    rescanned_at: datetime | None = None
    listed_at: datetime | None = None


class ConnectionView(Schema):
    """One connection.  Secrets are never shown: ``secrets`` names those that are set."""

    id: str
    system: str
    system_label: str
    account_id: str
    account: str
    settings: dict[str, str]
    secrets: list[str]
    pace: Pace
    state: str
    webhook_url: str
    forged_webhooks: int
    next_run_at: datetime | None
    created_at: datetime
    last_run: "SyncRunView | None" = None
    streams: list[StreamView] = Field(default_factory=list)


class SyncPartView(Schema):
    """What a run did with one stream.

    ``part``: pull (what changed), recent (silent changes), listed (deletions), webhooks (what they named).
    ``note`` says why something was left undone, empty if nothing was.
    """

    id: str
    stream: str
    part: str
    state: str
    rows: int
    new: int
    corrected: int
    unchanged: int
    rejected: int
    closed: int
    reasons: list[ReasonCount]
    note: str
    cursor_before: dict[str, Any]
    cursor_after: dict[str, Any]
    started_at: datetime
    finished_at: datetime | None


class SyncRunView(Schema):
    """One run of a connection."""

    id: str
    connection_id: str
    account: str
    trigger: str
    is_full: bool
    state: str
    actor: str
    error_code: str
    error_message: str
    progress_label: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    resume_at: datetime | None
    parts: list[SyncPartView] = Field(default_factory=list)

    @property
    def is_open(self) -> bool:
        """Whether it may still do something by itself."""
        return self.state in {"queued", "running", "waiting"}

    @property
    def rows(self) -> int:
        """Rows pulled in all."""
        return sum(part.rows for part in self.parts)

    @property
    def progress_stream(self) -> str:
        """The stream that is pulled now."""
        return self.progress_label.partition(":")[0]

    @property
    def progress_rows(self) -> int | None:
        """Rows of it so far; ``None`` while the system asked to wait."""
        count = self.progress_label.partition(":")[2]
        return int(count) if count.isdigit() else None

    @property
    def changes(self) -> int:
        """Rows that were new, corrected or closed."""
        return sum(part.new + part.corrected + part.closed for part in self.parts)

    @property
    def rejected(self) -> int:
        """Rows put aside."""
        return sum(part.rejected for part in self.parts)


class WebhookAnswer(Schema):
    """What became of a webhook: accepted, repeated or ping."""

    result: str
