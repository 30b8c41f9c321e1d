"""A process of its own that plays people in through every door, or forgets one of them; prints JSON.

``python -m tests.privacy.story`` with SHUKE_HOME (and SHUKE_DATABASE_URL) set reads one action per line:
play, sums, erase <member>, settle, import.
"""

import hashlib
import json
import os
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import django

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
EMAIL, PHONE, EXTERNAL, CARD, NAME = (
    "zoe.quill@example.com",
    "+8613761508834",
    "CUST-771-ZQ",
    "CARD-998877",
    "Zoe Quillfeather",
)
DEVICE = "device-zq-0042"
MEMBERS = f"""external,card,email,phone,name,birthday,city,hobby,consent_email
{EXTERNAL},{CARD},{EMAIL},137 6150 8834,{NAME},1990-05-01,Suzhou,chess,yes
CUST-1,CARD-1,bo@example.com,13800000001,Bo Other,1980-01-01,Wuxi,golf,yes
CUST-2,CARD-2,cy@example.com,13800000002,Cy Third,1970-01-01,Wuxi,golf,no
"""
ORDERS = f"""order_no,external,placed_at,product_id,quantity,paid
A1,{EXTERNAL},2026-02-01 10:00:00,P1,1,10.00
A2,CUST-1,2026-02-01 11:00:00,P1,2,20.00
A3,{EXTERNAL},2026-02-02 12:00:00,P2,1,7.50
A4,CUST-2,2026-02-03 13:00:00,P2,nonsense,5.00
A5,CUST-2,2026-02-03 13:30:00,P2,1,5.00
"""
#: A refund that is put aside because of its amount, with a phone where nobody expects one.
REFUNDS = f"""refund_no,order_no,refunded_at,amount,reason
R1,A1,2026-02-05 10:00:00,1.00,too sweet
R2,A3,2026-02-05 10:00:00,much,call {EMAIL}
R3,A2,2026-02-05 10:00:00,2.00,too sour
"""
EVENTS = f"""message_id,external,occurred_at,name,properties
E1,{EXTERNAL},2026-02-06 10:00:00,Product Viewed,"{{""sku"": ""P1""}}"
E2,CUST-1,2026-02-06 10:00:00,Product Viewed,"{{""sku"": ""P1""}}"
"""


def import_files() -> None:
    """Through the door of files, in the usual order."""
    from shuke.apps.connections.operations import ensure_account, run_batch, upload
    from shuke.platform.permissions import SYSTEM

    account = ensure_account(
        actor=SYSTEM, at=AT, name="Tills", sales_channel="store", currency="CNY", time_zone="Asia/Shanghai"
    )
    files = {"members": MEMBERS, "orders": ORDERS, "refunds": REFUNDS, "events": EVENTS}
    for kind, text in files.items():
        view = upload(
            actor=SYSTEM,
            at=AT,
            account_id=account.id,
            kind=kind,
            file_name=f"{kind}.csv",
            blocks=[text.encode("gb18030" if kind == "orders" else "utf-8")],
        )
        report = run_batch(at=AT, batch_id=view.id).report
        assert report is not None
        assert report.rejected <= 1, (kind, report)


def collect() -> None:
    """Through the door of the collector: events that were loaded, and some that still lie in the spool."""
    from shuke.apps.collector.operations import create_source, load_once
    from shuke.apps.collector.queries import spool
    from shuke.apps.connections.queries import accounts
    from shuke.platform.permissions import SYSTEM
    from shuke.sources.collector.records import packed

    source = create_source(actor=SYSTEM, at=AT, account_id=accounts()[0].id, name="Site", kind="web")
    assert spool().identity
    for segment in (1, 2):
        batch = [
            {
                "type": "identify",
                "userId": EXTERNAL,
                "anonymousId": DEVICE,
                "messageId": f"i{segment}",
                "traits": {"email": EMAIL, "phone": PHONE, "name": NAME},
            },
            {"type": "track", "event": "Viewed", "userId": EXTERNAL, "messageId": f"z{segment}"},
            {"type": "track", "event": "Viewed", "userId": "CUST-1", "messageId": f"b{segment}"},
        ]
        body = json.dumps({"batch": batch}).encode()
        with spool().path(segment).open("ab") as file:
            received = int(AT.timestamp()) * 1_000_000
            file.write(packed(received_at=received, kind=b"b", role="server", source=source, body=body))
        if segment == 1:
            load_once(at=AT)


def recommend_to(member_ids: list[str]) -> None:
    """Lists that were shown to each and to a device: some are in the lake, some wait in the spool."""
    from shuke.apps.recommendations.operations.listing import record_lists
    from shuke.apps.recommendations.operations.loading import load_all_lists
    from shuke.apps.recommendations.schemas import Answer, Listed

    for number in (1, 2):
        listed = [
            Listed(
                Answer("home", f"lst_{who}_{number}", "", None, "a", "popularity", "", ()), member_id, device
            )
            for who, member_id, device in (
                ("zoe", member_ids[0], DEVICE),
                ("device", "", DEVICE),
                ("bo", member_ids[1], "device-of-bo"),
            )
        ]
        assert record_lists(listed, at=AT)
        if number == 1:
            assert load_all_lists() == 3


def receive() -> None:
    """A parcel of the person, and one of somebody else that goes to the person's phone."""
    from shuke.apps.commerce.operations import keep_receivers
    from shuke.apps.commerce.schemas import Receiver
    from shuke.apps.identity.queries import find_members, primary_person_keys

    people = [find_members(EMAIL)[0], find_members("bo@example.com")[0]]
    keys = primary_person_keys(people)
    told = {"name": NAME, "phone": PHONE, "address": "Quill Road 7, Suzhou"}
    receivers = [Receiver(order_id=f"o:{n}", person_key=keys[m], **told) for n, m in enumerate(people)]
    keep_receivers(at=AT, source="story", region="CN", receivers=receivers)


def write_to(member_ids: list[str]) -> None:
    """A rendered message that greets each by name, sent through the console outbox, and a click."""
    from shuke.apps.channels.models import Message
    from shuke.apps.channels.operations import queue_messages, record_click, send_queued, unsubscribe
    from shuke.apps.channels.queries.tracking import LinkMaker
    from shuke.apps.channels.schemas import Content, Recipient
    from shuke.apps.identity.queries import primary_person_keys
    from shuke.apps.members.queries import member_names

    keys, names = primary_person_keys(member_ids), member_names(member_ids)
    queue_messages(
        at=AT,
        campaign_id="cmp_story",
        run_id="run_story",
        channel="console",
        recipients=[Recipient(m, keys[m], "a", "en", {"name": names[m]}) for m in member_ids],
        contents={("a", "en"): Content("Hello {{ member.name }}", "Dear {{ member.name }}", "")},
        context={},
    )
    send_queued(run_id="run_story", channel="console", clock=lambda: AT)
    for message_id in Message.objects.values_list("public_id", flat=True):
        token = LinkMaker().clicked(message_id, "https://example.com/").rsplit("/", 1)[-1]
        record_click(at=AT + timedelta(minutes=9), token=token, user_agent="Mozilla/5.0")
        leave = LinkMaker().unsubscribe(message_id).rsplit("/", 1)[-1]
        unsubscribe(at=AT + timedelta(minutes=10), token=leave)


def play() -> dict[str, Any]:
    """Everything that the system can know of people."""
    from shuke.apps.audiences.operations import create_audience
    from shuke.apps.compliance.operations import record_consents, suppress, suppress_addresses
    from shuke.apps.compliance.schemas import Decision
    from shuke.apps.connections.queries import accounts
    from shuke.apps.identity.operations import resolve_person_keys
    from shuke.apps.identity.queries import find_members
    from shuke.platform.outbox.relay import drain
    from shuke.platform.permissions import SYSTEM

    import_files()
    zoe, bo = find_members(EMAIL)[0], find_members("bo@example.com")[0]
    drain()
    decision = Decision(
        zoe, "sms", "marketing", "granted", AT, "till", brand="fresh", wording="Yes!", place="7"
    )
    record_consents(actor=SYSTEM, at=AT, decisions=[decision])
    suppress(at=AT, member_ids=[zoe], channel="sms", reason="bounced")
    suppress_addresses(
        actor=SYSTEM,
        at=AT,
        channel="email",
        addresses={EMAIL: "z***@example.com"},
        reason="complained",
        source="old",
    )
    resolve_person_keys(
        at=AT, scope=accounts()[0].id, kind="anonymous", values=[DEVICE, "device-of-bo"], source="story"
    )
    create_audience(
        actor=SYSTEM,
        at=AT,
        name="Picked",
        as_of=AT.date(),
        conditions={"type": "members", "member_ids": [zoe, bo]},
    )
    write_to([zoe, bo])
    receive()
    recommend_to([zoe, bo])
    collect()
    return {"zoe": zoe, "bo": bo}


def known_by(member_id: str) -> dict[str, Any]:
    """What must be found nowhere afterwards: values in every usual form, their hashes, the keys."""
    from shuke.apps.members.rules import name_words
    from shuke.apps.recommendations.queries.list_spools import device_key
    from shuke.platform.crypto import keyed_hash
    from shuke.platform.privacy import trace_of

    trace = trace_of(member_id)
    values = {item.value for item in trace.identifiers} | {PHONE[3:], "137 6150 8834"}
    hashes = {item.value_hash for item in trace.identifiers if item.value_hash}
    hashes |= {keyed_hash(word, purpose="name") for word in name_words(NAME)}
    guesses = [hashlib.sha256(form.encode()).hexdigest() for form in (PHONE, PHONE[1:], PHONE[3:])]
    return {
        "phone": PHONE,
        "guesses": guesses,
        "values": sorted(values),
        "hashes": sorted(hashes),
        "keys": [*sorted(trace.person_keys), device_key(DEVICE)],
    }


def sums() -> dict[str, Any]:
    """What must stay true: others' facts, the audit, and what is known of others."""
    from shuke.apps.identity.queries import find_members
    from shuke.platform.audit.models import AuditEntry
    from shuke.platform.outbox.relay import drain
    from shuke.platform.privacy import export_all
    from shuke.platform.warehouse import lake

    drain()
    (bo,) = find_members("bo@example.com")
    with lake().read() as snapshot:
        rows = {
            name: snapshot.table(name).to_pyarrow().to_pylist()
            for name in lake().tables
            if snapshot.version(name) is not None
        }
    return {
        "bo": json.loads(json.dumps(export_all(bo), default=str)),
        "paid": {row["order_id"].split(":")[-1]: row["paid_minor"] for row in rows["orders"]},
        "refunded": sum(row["amount_minor"] for row in rows["refunds"]),
        "counts": {name: len(found) for name, found in rows.items()},
        "audit": AuditEntry.objects.count(),
        "zoe_found": find_members(EMAIL) + find_members(EXTERNAL) + find_members(NAME),
    }


def act(action: str, *arguments: str) -> dict[str, Any]:
    """Do it and tell what came of it."""
    from shuke.apps.compliance.operations import erase_member, run_erasures
    from shuke.platform.permissions import SYSTEM

    if action == "play":
        told = play()
        return told | {"known_by": known_by(told["zoe"])}
    if action == "sums":
        return sums()
    if action == "erase":
        return {"rows": erase_member(actor=SYSTEM, at=AT, member_id=arguments[0])}
    if action == "settle":
        return {"done": run_erasures(at=AT + timedelta(hours=2))}
    import_files()
    return {}


def main() -> None:
    """Do what each line of the input says."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shuke.config.settings")
    django.setup()
    for line in sys.stdin:
        sys.stdout.write(json.dumps(act(*line.split())) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
