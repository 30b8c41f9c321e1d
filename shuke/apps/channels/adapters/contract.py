"""What every channel does: open a session, deliver messages one by one, say what happened."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

Kind = Literal["accepted", "temporary", "bounced", "failed", "uncertain"]


class ChannelUnavailable(Exception):
    """The channel as a whole does not work now (server down, wrong password); no message is to blame."""


@dataclass(frozen=True)
class Outgoing:
    """One message for one address.  ``unsubscribe_url`` is empty for messages that are not marketing."""

    message_id: str
    address: str
    subject: str
    text: str
    html: str
    queued_at: datetime
    unsubscribe_url: str = ""


@dataclass(frozen=True)
class Outcome:
    """What happened to a message.

    accepted: the other side has it · temporary: refused for now · bounced: the address does not
    work · failed: refused for a reason of ours · uncertain: the answer was lost.
    """

    kind: Kind
    reason: str = ""
    is_delivered: bool = False


class Journal(Protocol):
    """The worker's diary around the point of no return (docs/algorithms/sending.md)."""

    def before(self, message_id: str) -> None:
        """Written right before the act that cannot be taken back."""

    def after(self, message_id: str, code: int, at: datetime) -> None:
        """Written right after the answer."""


class Session(Protocol):
    """An open way to the outside, used by one worker."""

    def deliver(self, outgoing: Outgoing, *, journal: Journal, clock: Callable[[], datetime]) -> Outcome:
        """Hand one message over.  Raises ``ChannelUnavailable`` before anything irrevocable happened."""

    def close(self) -> None:
        """Say goodbye.  Never raises."""


class Adapter(Protocol):
    """A channel.  ``consent_channel``: whose consent it needs; ``address_kind``: the identifier it writes to."""

    name: str
    consent_channel: str
    address_kind: str

    def open(self) -> Session:
        """A session; connections may be made at the first message."""
