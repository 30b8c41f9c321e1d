"""The console outbox: messages are kept to be looked at and go nowhere."""

from collections.abc import Callable
from datetime import datetime

from shuke.apps.channels.adapters.contract import Journal, Outcome, Outgoing


class ConsoleSession:
    """Accepts everything.  Recording the message is the delivery, so there is no instant of doubt and no journal."""

    def deliver(self, outgoing: Outgoing, *, journal: Journal, clock: Callable[[], datetime]) -> Outcome:  # noqa: ARG002
        """Delivered at once."""
        return Outcome("accepted", is_delivered=True)

    def close(self) -> None:
        """Nothing was open."""


class ConsoleAdapter:
    """Stands in for email: it asks for the same consent, so that counts are those of the real thing."""

    name = "console"
    consent_channel = "email"
    address_kind = "email"

    def open(self) -> ConsoleSession:
        """A session."""
        return ConsoleSession()
