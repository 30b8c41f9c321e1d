"""What a connector to a shop or platform is, and what it hands to the frame that runs it.

A connector is small and pure but for the HTTP client it is handed: it asks one system, page by page,
and says in rows what the system answered.  It never writes, never sleeps, never reads a clock.  The
frame (``shuke.apps.connections``) checks, compares, quarantines and lands the rows exactly as it does
those of a file, saves the cursor only after they have landed, and may kill and repeat a pull at any
point.  docs/algorithms/sync.md says why that loses and doubles nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

import httpx

#: A row as a file would hold it: names of fields (``shuke.sources.files.kinds``) to cells of text.
Row = Mapping[str, str | None]
#: What a connector remembers between pulls.  JSON, without personal data.
Cursor = Mapping[str, Any]
#: The kinds of rows a connector may yield, in the order in which the frame lands them.
KINDS = ("members", "products", "stores", "listings", "stock", "orders", "refunds")


@dataclass(frozen=True)
class Rejection:
    """A record that the connector could not turn into rows.

    ``row`` shows it without direct identifiers.  ``message`` is an English sentence that says what is
    wrong and how to mend it; ``code`` is stable.
    """

    row: Mapping[str, str]
    code: str
    message: str


@dataclass(frozen=True)
class Batch:
    """Some rows of one kind, in the order of the system's answer.

    ``rows`` are written like rows of a file whose headers are the field names of the kind: money as
    exact decimal text in major units of ``currency`` ("" = the account's), times as ISO 8601 with a
    zone, yes and no as ``true`` and ``false``.  ``orders`` has one row per line with a stable
    ``line_no``, and all lines of an order in one batch.  Members may carry ``attribute:<name>``.
    ``cursor`` is where the next pull goes on once these rows and all before them have landed.
    ``digests`` are contents (hex, 64 digits at most) by record id to be remembered then, for systems
    without an update time (see ``Known``); never of members.
    """

    kind: str
    rows: Sequence[Row]
    cursor: Cursor
    rejected: Sequence[Rejection] = ()
    currency: str = ""
    digests: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class WebhookNews:
    """What a genuine webhook said: something of a stream changed.

    The body is a hint only; the frame pulls the record itself.  ``external_id`` is ``None`` if the
    message does not name one record: then the stream is pulled from its cursor.  ``is_ping``: the
    message only tests the address, nothing is pulled; only a ping may be unsigned.
    """

    delivery_id: str
    stream: str
    external_id: str | None
    is_ping: bool
    occurred_at: datetime | None


@dataclass(frozen=True)
class ConnectionField:
    """One setting or secret that the form asks for; ``label`` and ``help`` are English, translated by the app."""

    name: str
    label: str
    help: str = ""
    type: Literal["text", "url", "number"] = "text"
    is_required: bool = True
    default: str = ""


class ForgedWebhookError(Exception):
    """A webhook whose signature, time or shape is not what the shop would send.  Changes nothing."""


class SourceError(Exception):
    """The other side could not be asked.  ``code`` is stable, ``template`` an English sentence with ``facts``.

    ``is_transient``: the same call may work later.  ``retry_after`` are seconds that the system asked
    to wait.
    """

    def __init__(
        self,
        code: str,
        template: str,
        *,
        is_transient: bool = False,
        retry_after: float | None = None,
        **facts: object,
    ) -> None:
        super().__init__(template.format(**facts))
        self.code = code
        self.template = template
        self.is_transient = is_transient
        self.retry_after = retry_after
        self.facts: Mapping[str, object] = facts


#: Which records have landed with which content, for systems that tell no update time: from ids to id →
#: digest as it was last remembered for this connection and stream; unknown ids are left out.
Known = Callable[[Sequence[str]], Mapping[str, str]]


def nothing_known(_ids: Sequence[str]) -> Mapping[str, str]:
    """A ``Known`` for a first pull, and for tests."""
    return {}


@dataclass(frozen=True)
class Pull:
    """What a pull is given.

    ``http`` has the base address, the credentials, the rate limit and the retries of the connection.
    ``now`` is the time of the run.  ``wait`` sleeps that many seconds while the frame shows why (for
    throttling that a system reports in the body of its answer).
    """

    http: httpx.Client
    settings: Mapping[str, str]
    now: datetime
    known: Known = nothing_known
    wait: Callable[[float], None] = lambda _seconds: None


class Connector(Protocol):
    """One kind of system.  Instances hold no state."""

    @property
    def system(self) -> str:
        """Its short name, such as ``vendure``."""

    @property
    def label(self) -> str:
        """Its name as people write it."""

    @property
    def streams(self) -> tuple[str, ...]:
        """In the order in which they are pulled: members before the orders that name them."""

    @property
    def settings_fields(self) -> tuple[ConnectionField, ...]:
        """What the form asks for, such as the address."""

    @property
    def secret_fields(self) -> tuple[ConnectionField, ...]:
        """What is kept encrypted and never shown again."""

    @property
    def listed_streams(self) -> tuple[str, ...]:
        """Streams whose ``ids`` can be listed, to find records that were deleted: ``orders``, ``products``."""

    @property
    def silent_streams(self) -> tuple[str, ...]:
        """Streams in which a record can change without its update time: ``recent`` pulls them anew."""

    @property
    def requests_per_second(self) -> float:
        """The limit unless the connection says otherwise; 0 = none."""

    def client(
        self, *, settings: Mapping[str, str], secrets: Mapping[str, str], transport: httpx.BaseTransport
    ) -> httpx.Client:
        """A client with base address and credentials upon the frame's transport."""

    def check(self, pull: Pull) -> str:
        """Ask for something small and return the shop's own name.  Raises ``SourceError``."""

    def pull(self, *, stream: str, cursor: Cursor, pull: Pull) -> Iterator[Batch]:
        """Everything that changed since the cursor ({} = everything), page by page."""

    def recent(self, *, stream: str, since: datetime, pull: Pull) -> Iterator[Batch]:
        """Every record of a silent stream that was made since then, whatever its update time.

        The frame ignores the cursors of these batches.
        """

    def one(self, *, stream: str, external_id: str, pull: Pull) -> Iterator[Batch]:
        """One record, named by a webhook; nothing if it is gone.  The frame ignores its cursors."""

    def ids(self, *, stream: str, pull: Pull) -> Iterator[Sequence[str]]:
        """The ids of every record, as the rows write them (``order_no``, ``product_id``), page by page."""

    def webhook(
        self, *, headers: Mapping[str, str], body: bytes, secrets: Mapping[str, str], now: datetime
    ) -> WebhookNews:
        """Check the signature, then read.  ``headers`` are lower-case.  Raises ``ForgedWebhookError``."""


def product_key(*, sku: str | None, system: str, variant_id: str) -> str:
    """The product a variant is: the merchant's own code, which is the same on every platform, if it has one.

    >>> product_key(sku=" L2201 ", system="vendure", variant_id="7"), product_key(sku="", system="woo", variant_id="7")
    ('L2201', 'woo:7')
    """
    return (sku or "").strip() or f"{system}:{variant_id}"
