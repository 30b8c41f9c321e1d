"""Sending through a real SMTP server: the mail itself, the gate, refusals, and what comes back."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.test import Client

from shuke.apps.channels.adapters.contract import ChannelUnavailable
from shuke.apps.channels.adapters.journal import FileJournal
from shuke.apps.channels.models import Message
from shuke.apps.channels.operations import (
    change_email_settings,
    recover_dead_workers,
    resolve_uncertain,
    send_queued,
)
from shuke.apps.channels.operations.claiming import claim
from shuke.apps.channels.operations.sending import journal_folder
from shuke.apps.channels.queries import message_content, run_counts
from shuke.apps.channels.schemas import Content
from shuke.apps.compliance.operations import record_consents, suppress_addresses
from shuke.apps.compliance.queries import may_contact, suppressions_of
from shuke.apps.compliance.schemas import Decision
from shuke.platform.errors import Refused
from shuke.platform.outbox.relay import drain
from shuke.platform.permissions import SYSTEM
from shuke.platform.warehouse import lake
from tests.apps.channels.conftest import AT
from tests.apps.channels.smtp_server import Mailbox

Queue = Callable[..., list[str]]
PERSON = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15"


def send(run_id: str = "run_test", at: object = AT) -> None:
    send_queued(run_id=run_id, channel="email", clock=lambda: at)  # type: ignore[arg-type,return-value]


def states() -> dict[str, int]:
    return {name: n for name, n in run_counts("run_test").model_dump().items() if n}


def test_the_mail_has_both_parts_a_stable_id_and_one_click_unsubscribe(
    queued: Queue, mailbox: Mailbox
) -> None:
    queued(1)
    send()
    (address, mail), row = mailbox.mails[0], Message.objects.get()
    assert address == "m0@example.com"
    assert mail["Subject"] == "Hello Ann0"
    assert mail["From"] == "Test Market <shop@example.com>"
    assert mail["Message-ID"] == f"<{row.public_id}@example.com>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    leave = mail["List-Unsubscribe"].strip("<>")
    assert "/u/" in leave
    kinds = [part.get_content_type() for part in mail.walk()]
    assert kinds == ["multipart/alternative", "text/plain", "text/html"]
    html = mail.get_body(("html",)).get_content()  # type: ignore[union-attr]
    text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "Dear Ann0" in html
    assert "Dear Ann0" in text
    assert leave in html
    assert leave in text
    assert "m0@" not in html + leave
    assert "https://example.com/offer" not in html


def test_one_connection_serves_all(queued: Queue, mailbox: Mailbox) -> None:
    queued(120)
    send()
    assert len(mailbox.mails) == 120
    assert mailbox.connections == 1


def test_a_chinese_subject_arrives_as_written(queued: Queue, mailbox: Mailbox) -> None:
    queued(1, content=Content("您好 {{ member.first_name }}，周末礼遇", "满一百减二十\n.一行以点开头\n", ""))
    send()
    mail = mailbox.mails[0][1]
    assert mail["Subject"] == "您好 Ann0，周末礼遇"
    assert ".一行以点开头" in mail.get_content()


def test_links_lead_on_only_where_they_were_signed_to(queued: Queue, mailbox: Mailbox) -> None:
    queued(1)
    send()
    html = mailbox.mails[0][1].get_body(("html",)).get_content()  # type: ignore[union-attr]
    link = urlsplit(re.search(r'http[^"\']*/t/c/[^"\']+', html)[0]).path  # type: ignore[index]
    client = Client(headers={"user-agent": PERSON})
    answer = client.get(link)
    assert (answer.status_code, answer["Location"]) == (302, "https://example.com/offer?a=1&b=2")
    row = Message.objects.get()
    assert row.clicked_at is not None
    assert row.opened_at is not None
    for forged in (link[:-3], link.replace("/t/c/", "/t/c/x"), "/t/c/https://evil.example"):
        assert client.get(forged).status_code == 404


def test_machines_do_not_open(queued: Queue, mailbox: Mailbox) -> None:
    queued(1)
    send()
    html = mailbox.mails[0][1].get_body(("html",)).get_content()  # type: ignore[union-attr]
    pixel = urlsplit(re.search(r'http[^"]*/t/o/[^"]+', html)[0]).path  # type: ignore[index]
    for agent in ("Mozilla/5.0", "Barracuda Sentinel", ""):
        assert Client(headers={"user-agent": agent}).get(pixel)["Content-Type"] == "image/gif"
    assert Message.objects.get().opened_at is None
    Client(headers={"user-agent": "Mozilla/5.0 (Windows NT 5.1) via ggpht.com GoogleImageProxy"}).get(pixel)
    assert Message.objects.get().opened_at is not None
    drain()
    with lake().read() as snapshot:
        rows = snapshot.table("messages").to_pyarrow().to_pylist()
    assert sorted(row["is_machine"] for row in rows if row["event"] == "opened") == [False, True, True, True]


def test_unsubscribing_takes_one_post_and_no_get(queued: Queue, mailbox: Mailbox) -> None:
    (member_id,) = queued(1)
    send()
    leave = urlsplit(mailbox.mails[0][1]["List-Unsubscribe"].strip("<>")).path
    client = Client(enforce_csrf_checks=True)
    assert client.get(leave).status_code == 200
    assert may_contact([member_id], channel="email", purpose="marketing")[member_id].allowed
    assert client.post(leave, {"List-Unsubscribe": "One-Click"}).status_code == 200
    verdict = may_contact([member_id], channel="email", purpose="marketing")[member_id]
    assert (verdict.allowed, verdict.reason) == (False, "withdrawn")
    assert client.post(leave[:-2]).status_code == 404


def test_consent_is_asked_at_sending_not_at_queueing(queued: Queue, mailbox: Mailbox) -> None:
    ids = queued(3)
    decision = Decision(ids[1], "email", "marketing", "withdrawn", AT + timedelta(seconds=1), "test")
    record_consents(actor=SYSTEM, at=AT, decisions=[decision])
    send()
    assert [address for address, _ in mailbox.mails] == ["m0@example.com", "m2@example.com"]
    assert states() == {"sent": 2, "suppressed": 1}
    assert Message.objects.get(state="suppressed").reason == "withdrawn"


def test_an_address_that_does_not_work_is_suppressed_and_ours_faults_are_not(
    queued: Queue, mailbox: Mailbox
) -> None:
    ids = queued(4)
    mailbox.answers["m0@example.com"] = "550 5.1.1 No such user"
    mailbox.data_answers["m1@example.com"] = "554 5.7.1 Looks like spam"
    mailbox.answers["m2@example.com"] = "451 4.7.1 Greylisted"
    send()
    assert states() == {"queued": 1, "sent": 1, "bounced": 1, "failed": 1}
    assert suppressions_of(ids[0]) == {"email": "bounced"}
    assert suppressions_of(ids[1]) == {}
    del mailbox.answers["m2@example.com"]
    send(at=AT + timedelta(seconds=30))
    assert states()["queued"] == 1
    send(at=AT + timedelta(minutes=2))
    assert states() == {"sent": 2, "bounced": 1, "failed": 1}


def test_a_server_that_is_down_loses_nothing(queued: Queue, mailbox: Mailbox) -> None:
    queued(2)
    change_email_settings(actor=SYSTEM, at=AT, port=1)
    with pytest.raises(ChannelUnavailable):
        send()
    change_email_settings(actor=SYSTEM, at=AT, port=mailbox.port)
    send()
    assert states() == {"sent": 2}
    assert len(mailbox.mails) == 2


def test_a_recipient_cannot_smuggle_a_header(queued: Queue, mailbox: Mailbox) -> None:
    queued(1, content=Content("Hi {{ member.name }}\n", "x", ""))
    queued(1, run_id="run_evil", content=Content("Hi\nBcc: everybody@example.com", "x", ""))
    assert Message.objects.get(run_id="run_evil").state == "failed"
    send()
    send("run_evil")
    assert len(mailbox.mails) == 1
    assert mailbox.mails[0][1]["Bcc"] is None


def report(message_id: str, *, action: str = "failed", status: str = "5.1.1") -> bytes:
    return (
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        "--b\r\n\r\nSorry.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.com\r\n\r\n"
        f"Final-Recipient: rfc822; m0@example.com\r\nAction: {action}\r\nStatus: {status}\r\n\r\n"
        f"--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <{message_id}@example.com>\r\nSubject: x\r\n\r\nHi\r\n"
        "--b--\r\n"
    ).encode()


def test_a_bounce_that_comes_back_later_suppresses(queued: Queue, mailbox: Mailbox) -> None:
    from shuke.apps.channels.operations import record_delivery_report

    ids = queued(2)
    send()
    first, second = Message.objects.order_by("id")
    for _ in range(2):
        assert record_delivery_report(at=AT, raw=report(first.public_id)) == first.public_id
    record_delivery_report(at=AT, raw=report(second.public_id, status="5.7.1"))
    assert record_delivery_report(at=AT, raw=b"Subject: hello\r\n\r\nI am on holiday") is None
    assert states() == {"bounced": 2}
    assert suppressions_of(ids[0]) == {"email": "bounced"}
    assert suppressions_of(ids[1]) == {}
    drain()
    with lake().read() as snapshot:
        rows = snapshot.table("messages").to_pyarrow().to_pylist()
    assert sum(row["event"] == "bounced" for row in rows) == 2


def killed_worker(*, lines: Callable[[FileJournal, list[Message]], None]) -> None:
    """A worker that claimed three messages, wrote those lines, and died."""
    journal = FileJournal(journal_folder())
    rows = claim(run_id="run_test", worker=journal.worker, at=AT, size=3)
    lines(journal, rows)
    journal.abandon()


def test_recovery_places_each_message_by_the_journal(queued: Queue) -> None:
    queued(3)

    def lines(journal: FileJournal, rows: list[Message]) -> None:
        journal.before(rows[0].public_id)
        journal.after(rows[0].public_id, 250, AT)
        journal.before(rows[1].public_id)

    killed_worker(lines=lines)
    assert recover_dead_workers(at=AT) == {"sent": 1, "uncertain": 1, "queued": 1}
    assert recover_dead_workers(at=AT) == {}
    assert list(Message.objects.order_by("id").values_list("state", flat=True)) == [
        "sent",
        "uncertain",
        "queued",
    ]


def test_after_a_power_cut_or_a_lost_journal_nothing_is_guessed(queued: Queue) -> None:
    queued(3)
    killed_worker(lines=lambda journal, rows: None)
    (path,) = journal_folder().glob("*.journal")
    path.write_text("H another-boot\n")
    assert recover_dead_workers(at=AT) == {"uncertain": 3}


def test_a_living_worker_is_left_alone(queued: Queue) -> None:
    queued(3)
    journal = FileJournal(journal_folder())
    claim(run_id="run_test", worker=journal.worker, at=AT, size=3)
    assert recover_dead_workers(at=AT) == {}
    journal.path.unlink()
    assert recover_dead_workers(at=AT) == {"uncertain": 3}


def test_only_a_person_resolves_what_is_uncertain(queued: Queue, mailbox: Mailbox) -> None:
    queued(2)

    def lines(journal: FileJournal, rows: list[Message]) -> None:
        for row in rows:
            journal.before(row.public_id)

    killed_worker(lines=lines)
    send()
    assert states() == {"uncertain": 2}
    assert mailbox.mails == []
    first, second = Message.objects.order_by("id")
    resolve_uncertain(actor=SYSTEM, at=AT, message_id=first.public_id, as_="sent")
    resolve_uncertain(actor=SYSTEM, at=AT, message_id=second.public_id, as_="queued")
    send()
    assert states() == {"sent": 2}
    assert [address for address, _ in mailbox.mails] == ["m1@example.com"]
    with pytest.raises(Refused, match="nothing to decide"):
        resolve_uncertain(actor=SYSTEM, at=AT, message_id=first.public_id, as_="queued")


def test_what_was_sent_can_be_looked_at_without_counting_as_an_open(queued: Queue, home: Path) -> None:
    queued(1)
    row = Message.objects.get()
    content = message_content(row.public_id, unmask=True)
    assert "/t/o/" not in content.html
    assert "Ann0" in content.html
    assert "Ann0" not in message_content(row.public_id, unmask=False).html


def test_an_address_on_the_list_gets_nothing_whoever_it_belongs_to(queued, mailbox):
    queued(2)
    listed = {"m1@example.com": "m***@example.com"}
    suppress_addresses(
        actor=SYSTEM, at=AT, channel="email", addresses=listed, reason="complained", source="old system"
    )
    send()
    assert states() == {"sent": 1, "suppressed": 1}
    assert Message.objects.get(state="suppressed").reason == "suppressed:complained"
