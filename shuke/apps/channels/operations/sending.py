"""Sending a run's queue; docs/algorithms/sending.md says what is written when and why."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from django.conf import settings

from shuke.apps.channels.adapters.contract import Outcome, Outgoing, Session
from shuke.apps.channels.adapters.journal import FileJournal
from shuke.apps.channels.models import Message
from shuke.apps.channels.operations.claiming import claim, has_waiting, release
from shuke.apps.channels.operations.recording import Ending, record_endings
from shuke.apps.channels.operations.recovery import recover_dead_workers
from shuke.apps.channels.queries.rendering import unsealed
from shuke.apps.channels.queries.settings import adapter_of
from shuke.apps.channels.queries.tracking import LinkMaker
from shuke.apps.channels.schemas import SendingOutcome
from shuke.apps.compliance.queries import may_contact, suppressed_addresses
from shuke.apps.identity.queries import addresses

BATCH_SIZE = 50
#: A verdict on consent, and the decision to go on, are read again when they are older than this.
VERDICT_SECONDS = 1.0

Clock = Callable[[], datetime]


def journal_folder() -> Path:
    """Where the workers of this home keep their journals."""
    return Path(settings.SHUKE_HOME) / "journals"


def send_queued(
    *,
    run_id: str,
    channel: str,
    clock: Clock,
    should_stop: Callable[[], bool] = lambda: False,
    on_batch: Callable[[], None] = lambda: None,
    batch_size: int = BATCH_SIZE,
) -> SendingOutcome:
    """Send what is queued and due until nothing is left or ``should_stop``.

    May run in several processes at once, and be killed and called again at any time.  Raises
    ``ChannelUnavailable`` if the channel as a whole does not work; nothing is lost then.
    """
    adapter = adapter_of(channel)
    recover_dead_workers(at=clock(), folder=journal_folder())
    totals: Counter[str] = Counter()
    journal = FileJournal(journal_folder())
    session = adapter.open()
    try:
        while not should_stop():
            rows = claim(run_id=run_id, worker=journal.worker, at=clock(), size=batch_size)
            if not rows:
                break
            batch = _Batch(rows, journal=journal, session=session, clock=clock, should_stop=should_stop)
            batch.consent_channel, batch.address_kind = adapter.consent_channel, adapter.address_kind
            totals.update(batch.send())
            on_batch()
    except BaseException:
        # The message at hand is placed by recovery, as after a kill.
        journal.abandon()
        raise
    finally:
        session.close()
    journal.discard()
    recover_dead_workers(at=clock(), folder=journal_folder())
    return SendingOutcome(dict(totals), is_finished=not has_waiting(run_id))


class _Batch:
    """The messages one worker has claimed at once."""

    consent_channel: str
    address_kind: str

    def __init__(
        self,
        rows: Sequence[Message],
        *,
        journal: FileJournal,
        session: Session,
        clock: Clock,
        should_stop: Callable[[], bool],
    ) -> None:
        self.rows, self.journal, self.session = list(rows), journal, session
        self.clock, self.should_stop = clock, should_stop
        self.links = LinkMaker()
        self._checked_at = 0.0
        self._stopped = False

    def send(self) -> dict[str, int]:
        """Send one by one, then record all in one transaction.  Returns counts by state.

        Whatever interrupts it, the finished ones are recorded and the untouched ones go back.
        """
        endings: list[Ending] = []
        touched = 0
        try:
            for position, row in enumerate(self.rows):
                self._check_if_old(position)
                if self._stopped:
                    break
                touched = position + 1
                endings.append(self._send_one(row))
        except Exception:
            # Recovery reads the journal for the message at hand; see send_queued.
            record_endings(endings, worker=self.journal.worker)
            release(self.rows[touched:], worker=self.journal.worker)
            raise
        counts = record_endings(endings, worker=self.journal.worker)
        release(self.rows[touched:], worker=self.journal.worker)
        return counts

    def _check_if_old(self, position: int) -> None:
        """Read consent, suppression and addresses anew when what we know is older than a second."""
        if position and time.monotonic() - self._checked_at < VERDICT_SECONDS:
            return
        self._stopped = bool(position) and self.should_stop()
        waiting = [row.member.public_id for row in self.rows[position:]]
        self.verdicts = may_contact(
            waiting, channel=self.consent_channel, purpose=self.rows[position].purpose
        )
        self.addresses = addresses(waiting, kind=self.address_kind)
        self.stopped = suppressed_addresses(self.addresses.values(), channel=self.consent_channel)
        self._checked_at = time.monotonic()

    def _send_one(self, row: Message) -> Ending:
        member_id = row.member.public_id
        verdict = self.verdicts[member_id]
        if not verdict.allowed:
            return Ending(row, "suppressed", self.clock(), verdict.reason)
        address = self.addresses.get(member_id)
        if address is None:
            return Ending(row, "suppressed", self.clock(), "no_address")
        if address in self.stopped:
            return Ending(row, "suppressed", self.clock(), f"suppressed:{self.stopped[address]}")
        outcome = self._deliver(row, address)
        return Ending(row, outcome.kind, self.clock(), outcome.reason, outcome.is_delivered)

    def _deliver(self, row: Message, address: str) -> Outcome:
        content = unsealed(row.content_encrypted)
        leave = self.links.unsubscribe(row.public_id) if row.purpose == "marketing" else ""
        outgoing = Outgoing(
            message_id=row.public_id,
            address=address,
            subject=content.subject,
            text=content.text,
            html=content.html,
            queued_at=row.queued_at,
            unsubscribe_url=leave,
        )
        return self.session.deliver(outgoing, journal=self.journal, clock=self.clock)
