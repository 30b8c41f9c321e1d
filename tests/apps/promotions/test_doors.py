"""Pages, API, background work and privacy of vouchers."""

import json
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from django.utils import translation

from shuke.apps.audiences.operations import create_audience
from shuke.apps.audiences.queries import business_today
from shuke.apps.audiences.schemas import EVERYONE, as_data
from shuke.apps.identity.operations import merge_members
from shuke.apps.promotions import operations, privacy, queries, tasks
from shuke.apps.promotions.models import MemberVoucherCount, Voucher, VoucherBatch, VoucherEvent
from shuke.platform.accounts.models import User
from shuke.platform.accounts.operations import create_user
from shuke.platform.audit.models import AuditEntry
from shuke.platform.clock import now
from shuke.platform.errors import Refused
from shuke.platform.permissions import SYSTEM
from shuke.platform.warehouse import lake
from shuke.tables import TABLES
from tests.apps.promotions.conftest import START, TWENTY, defined
from tests.apps.promotions.test_flow import held

pytestmark = pytest.mark.django_db
FORM = {
    "name_en": "Twenty off",
    "kind": "amount",
    "amount": "20",
    "minimum": "100",
    "days_after_claim": "30",
    "gift_times": "1",
    "on_return": "keep",
    "give_back": "if_valid",
}


@pytest.fixture
def sign_in(client, members):
    def enter(role: str = "marketer"):
        create_user(actor=SYSTEM, at=START, username=role, password="correct horse battery", role=role)
        client.force_login(User.objects.get(username=role))
        return client

    return enter


def everybody(members: list[str]) -> str:
    """An audience of all members, who are known to the lake."""
    table = TABLES["identity_map"]
    rows = [
        {
            "person_key": f"k{number}",
            "member_id": member,
            "kind": "card",
            "valid_from": START,
            "draw": number,
        }
        for number, member in enumerate(members)
    ]
    filled = [{c.name: row.get(c.name) for c in table.columns} for row in rows]
    lake().append("identity_map", pa.Table.from_pylist(filled, schema=table.arrow_schema))
    today = business_today(now())
    return create_audience(
        actor=SYSTEM, at=now(), as_of=today, name="Everybody", conditions=as_data(EVERYONE)
    )


def call(client, method: str, path: str, **body):
    given = {"data": json.dumps(body), "content_type": "application/json"} if method != "get" else {}
    answer = getattr(client, method)(f"/api/v1{path}", **given)
    return answer.status_code, answer.json() if answer.content else None


def test_a_marketer_writes_publishes_and_issues_a_voucher(sign_in, members):
    client = sign_in()
    assert "No vouchers" in client.get("/vouchers/").content.decode()
    page = client.post("/vouchers/new/", FORM | {"amount": "", "days_after_claim": ""})
    assert "This number is out of range." in page.content.decode()
    assert "Say how long" in page.content.decode()
    saved = client.post("/vouchers/new/", FORM)
    address = saved["Location"]
    assert "A draft" in client.get(address).content.decode()
    client.post(f"{address}publish/")
    audience = everybody(members)
    shown = client.post(f"{address}size/", {"audience_id": audience}).content.decode()
    assert "<b>4</b>" in shown
    client.post(f"{address}issue/", {"audience_id": audience, "key": "k"})
    client.post(f"{address}issue/", {"audience_id": audience, "key": "k"})
    client.post(f"{address}codes/", {"count": "25", "label": "Flyers", "key": "c"})
    client.post(f"{address}share/", {"word": "AUTUMN", "label": ""})
    assert tasks.carry_on_all.func() == 2
    assert tasks.carry_on_all.func() == 0
    text = client.get(address).content.decode()
    assert "AUTUMN" in text
    assert "Flyers" in text
    assert Voucher.objects.filter(state="claimed").count() == 4
    assert Voucher.objects.filter(state="issued").count() == 25
    member = client.get(f"/members/{members[0]}/").content.decode()
    assert "Twenty off" in member
    translation.activate("zh-hans")
    assert "满" in queries.member_vouchers(members[0], at=now())[0].summary


def test_the_example_is_worked_out_while_one_writes(sign_in):
    client = sign_in()
    text = client.post("/vouchers/example/", FORM).content.decode()
    assert "6.83" in text
    assert "13.15" in text
    text = client.post("/vouchers/example/", FORM | {"minimum": "200"}).content.decode()
    assert "53.95" in text
    assert "this basket shows it" in client.post("/vouchers/example/", {"kind": "x"}).content.decode()
    text = client.post(
        "/vouchers/example/", FORM | {"kind": "gift", "gift_product_id": "mug"}
    ).content.decode()
    assert "hands over: mug" in text


def test_a_code_is_found_without_being_written_anywhere(sign_in, members, monkeypatch):
    client, moment = sign_in("viewer"), now()
    # Wrong codes are counted by the minute.
    monkeypatch.setattr("shuke.apps.promotions.pages.listing.now", lambda: moment)
    batch = operations.order_codes(actor=SYSTEM, at=START, key="b", definition_id=defined(), count=1)
    operations.make_codes(batch_id=batch)
    ((code, _state),) = queries.batch_codes(batch)
    found = client.post("/vouchers/check/", {"code": code.lower()})
    assert found["Location"].startswith("/vouchers/one/vch_")
    page = client.get(found["Location"]).content.decode()
    assert "Voucher received" in page
    assert "nobody in particular" in page
    assert code not in page + found["Location"]
    for n in range(10):
        assert "Nobody issued" in client.post("/vouchers/check/", {"code": f"WRONG{n}"}).content.decode()
    assert "Too many wrong codes" in client.post("/vouchers/check/", {"code": code}).content.decode()


def test_a_voucher_calls_its_holder_by_the_masked_name(sign_in, members):
    held = operations.issue_voucher(
        actor=SYSTEM, at=now(), key="h", definition_id=defined(), member_id=members[0]
    )
    page = sign_in("viewer").get(f"/vouchers/one/{held}/").content.decode()
    assert f'<a href="/members/{members[0]}/">A**</a>' in page


def test_codes_leave_the_house_streamed_and_audited_and_for_editors_only(sign_in):
    batch = operations.order_codes(actor=SYSTEM, at=START, key="b", definition_id=defined(), count=1_500)
    operations.make_codes(batch_id=batch)
    client = sign_in("viewer")
    assert client.post(f"/vouchers/batches/{batch}/codes/").status_code == 403
    assert client.get("/vouchers/").status_code == 200
    client = sign_in()
    lines = b"".join(client.post(f"/vouchers/batches/{batch}/codes/")).decode().splitlines()
    assert lines[0] == "code,state"
    assert len(set(lines)) == 1_501
    assert AuditEntry.objects.get(verb="voucher_batch.exported").changes == {"codes": [None, 1500]}


def test_vouchers_are_cancelled_with_a_reason(sign_in, members):
    client, definition = sign_in(), defined()
    client.post(f"/vouchers/to/{members[0]}/", {"definition_id": definition, "key": "g"})
    client.post(f"/vouchers/to/{members[0]}/", {"definition_id": definition, "key": "g"})
    voucher = Voucher.objects.get()
    client.post(f"/vouchers/one/{voucher.public_id}/cancel/", {"reason": "mistake"})
    voucher.refresh_from_db()
    assert voucher.state == "cancelled"
    assert AuditEntry.objects.get(verb="voucher.cancelled").changes["reason"] == [None, "mistake"]
    batch = operations.order_codes(actor=SYSTEM, at=now(), key="b", definition_id=definition, count=5)
    client.post(f"/vouchers/batches/{batch}/cancel/")
    tasks.carry_on_all.func()
    assert queries.batch(batch).state == "cancelled"
    assert operations.make_codes(batch_id=batch) == 0


def test_the_api_does_what_the_pages_do(sign_in, members):
    client = sign_in()
    status, made = call(client, "post", "/vouchers/definitions", name="Twenty", terms=TWENTY)
    assert (status, made["status"], made["summary"]) == (201, "draft", "CN¥20.00 off")
    base = f"/vouchers/definitions/{made['id']}"
    assert call(client, "post", f"{base}/issue", key="k", member_id=members[0])[0] == 409
    assert call(client, "post", f"{base}/publish", note="first") == (200, {"version": 1})
    status, issued = call(client, "post", f"{base}/issue", key="k", member_id=members[0])
    assert status == 201
    assert call(client, "post", f"{base}/issue", key="k", member_id=members[0])[1] == issued
    assert (
        call(client, "post", f"{base}/issue", key="k", member_id=members[1])[1]["code"]
        == "idempotency_conflict"
    )
    (own,) = call(client, "get", f"/members/{members[0]}/vouchers")[1]
    lines = [{"line_no": 1, "product_id": "bread", "list_minor": 4990}]
    status, answer = call(
        client, "post", "/vouchers/check", codes=[own["code"], "NOTHING"], member_id=members[0], lines=lines
    )
    assert status == 200
    assert [use["off_minor"] for use in answer["uses"]] == [2000]
    assert [(r["code"], r["hint"]) for r in answer["refusals"]] == [("unknown_code", 1)]
    assert call(client, "post", "/vouchers/check", codes=["A"], lines=lines * 2)[0] == 409
    assert call(client, "post", "/vouchers/definitions", name="x", terms={"kind": "cash"})[0] == 422
    assert call(client, "get", "/vouchers/vch_nothing")[0] == 404
    status, claimed = call(
        client, "post", "/vouchers/claims", key="k", member_id=members[0], definition_id=made["id"]
    )
    assert (status, claimed["code"]) == (409, "voucher_not_claimable")
    status, refused = call(client, "post", "/vouchers/claims", key="k", member_id=members[0], code="NOTHING")
    assert (status, refused["code"]) == (409, "voucher_unknown_code")
    assert call(client, "post", f"/vouchers/{own['voucher_id']}/cancel", reason="test")[0] == 204
    assert call(client, "get", f"{base}/curve")[0] == 200


def test_an_issue_that_is_run_again_gives_nobody_a_second_one(members):
    batch = operations.order_issue(
        actor=SYSTEM,
        at=now(),
        key="k",
        definition_id=defined(),
        audience_id=everybody(members),
        as_of=business_today(now()),
    )
    assert operations.issue_to_audience(batch_id=batch) == 4
    assert operations.issue_to_audience(batch_id=batch) == 0
    # As after a kill just before the batch was called whole.
    VoucherBatch.objects.update(state="making")
    assert operations.issue_to_audience(batch_id=batch) == 0
    assert VoucherEvent.objects.filter(event="issued").count() == 4
    assert queries.batch(batch).made == 4


def test_a_member_gets_a_copy_and_is_forgotten(members):
    ann, bob = members[:2]
    definition = defined(is_claimable=True, limits={"claims_per_member": 2, "budget_minor": 10_000})
    for key, member in (("a", ann), ("b", ann), ("c", bob)):
        operations.claim_voucher(key=key, definition_id=definition, member_id=member, at=START)
    first = queries.member_vouchers(ann, at=START)[0]
    held(ann, first.code)
    operations.redeem_vouchers(key="r1", order_id="o:1", at=START)
    copy = privacy.export(ann)
    assert {row["state"] for row in copy} == {"redeemed", "claimed"}
    assert copy[0]["steps"][0]["event"] == "claimed"
    assert first.printed_code in {row["code"] for row in copy}
    privacy.erase(ann, START + timedelta(days=1))
    assert privacy.export(ann) == []
    assert MemberVoucherCount.objects.filter(member__public_id=ann).count() == 0
    assert sorted(Voucher.objects.values_list("state", flat=True)) == ["cancelled", "claimed", "redeemed"]
    assert queries.definition(definition).off_minor == 2000


def test_vouchers_follow_a_member_who_was_merged(members):
    ann, bob = members[:2]
    operations.issue_voucher(actor=SYSTEM, at=START, key="k", definition_id=defined(), member_id=bob)
    merge_members(actor=SYSTEM, at=START, survivor_id=ann, absorbed_id=bob)
    (own,) = queries.member_vouchers(ann, at=START)
    assert held(ann, own.code).state == "held"


def test_the_curve_counts_business_days(members):
    definition = defined(is_claimable=True)
    # 23:30 and 00:30 in Shanghai.
    for key, hour in (("a", 15), ("b", 16)):
        at = datetime(2026, 1, 6, hour, 30, tzinfo=UTC)
        operations.claim_voucher(key=key, definition_id=definition, member_id=members[0], at=at)
    curve = [(point.day.isoformat(), point.issued) for point in queries.redemption_curve(definition)]
    assert curve == [("2026-01-06", 1), ("2026-01-07", 1)]


def test_a_cancelled_job_leaves_a_batch_that_goes_on(members):
    batch = operations.order_codes(actor=SYSTEM, at=START, key="b", definition_id=defined(), count=30)

    def stop(_done: int, _total: int) -> None:
        raise Refused("stopped", "stopped")

    with pytest.raises(Refused):
        operations.make_codes(batch_id=batch, tell=stop)
    assert operations.make_codes(batch_id=batch) == 30
