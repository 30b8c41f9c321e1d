"""Pages and API of the ledger and of a member's points."""

import json
from collections import Counter
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils.translation import override

from shuke.apps.loyalty.models import Adjustment, PointsTransaction, Verification, Wallet
from shuke.apps.loyalty.operations import (
    award_points,
    commit_hold,
    hold_points,
    rename_points_type,
    verify_ledger,
)
from shuke.apps.loyalty.pages.ledger import VERIFY_KEY
from shuke.apps.loyalty.queries.member_points import member_points
from shuke.apps.loyalty.queries.verifications import postings_by_day
from shuke.apps.loyalty.schemas import Request
from shuke.platform.accounts.models import User
from shuke.platform.accounts.operations import create_user, issue_token
from shuke.platform.clock import now
from shuke.platform.jobs.models import Job
from shuke.platform.permissions import SYSTEM
from shuke.platform.retailer.operations import change_retailer

# What pages ask runs on PostgreSQL in tests/security/test_doors.py and tests/test_api_schema.py; texts are the same.
pytestmark = pytest.mark.once

DAY = timedelta(days=1)


@pytest.fixture
def member(members) -> str:
    at = now() - 10 * DAY
    for number, points in enumerate((100, 50)):
        request = Request(key=f"a{number}", actor="till", at=at, source=f"web:{number}")
        award_points(request=request, member_id=members[0], points_type="gift", points=points)
    held = hold_points(
        request=Request(key="h", actor="till", at=at + DAY),
        member_id=members[0],
        points_type="gift",
        points=120,
        expires_at=at + 2 * DAY,
    )
    commit_hold(request=Request(key="c", actor="till", at=at + DAY), hold_id=held.transaction_id)
    return members[0]


def signed_in(role: str) -> Client:
    create_user(actor=SYSTEM, at=now(), username=role, password="a password of ten", role=role)
    client = Client()
    assert client.login(username=role, password="a password of ten")
    return client


def _form(client: Client, address: str) -> dict[str, str]:
    return {"key": client.get(address).context["form"].initial["key"], "reason": "goodwill", "note": "sorry"}


def test_the_statement_shows_every_lot_and_what_a_posting_did_to_it(member):
    page = signed_in("viewer").get(f"/members/{member}/points/gift/")
    text = page.content.decode()
    assert page.status_code == 200
    assert [lot.number for lot in page.context["lots"]] == [2, 1]
    assert page.context["lots"][1].buckets == {"spent": 100}
    for words in ("Spent", "web:0", "Lot 1, Available", "-120", "Lots, the next to be used"):
        assert words in text
    assert "Points by hand" not in text
    assert signed_in("administrator").get(f"/members/{member}/points/none/").status_code == 404


def test_the_members_page_has_a_card_and_a_timeline(member):
    client = signed_in("marketer")
    page = client.get(f"/members/{member}/").content.decode()
    assert f"/members/{member}/points/gift/" in page
    assert "Adjust Gift points" in page
    told = client.get(f"/members/{member}/timeline/", {"kind": "points"}).content.decode()
    assert "-120 Gift points: Spent" in told
    assert "+100 Gift points: Earned" in told
    assert "Put on hold" not in told


def test_points_by_hand_are_booked_once_or_wait(member):
    client = signed_in("marketer")
    address = f"/members/{member}/points/gift/"
    form = _form(client, address)
    for _ in range(2):
        assert client.post(f"{address}adjust/", form | {"points": "5"}).status_code == 302
    assert Adjustment.objects.count() == 1
    assert client.post(f"{address}adjust/", form | {"points": "-500", "key": "x"}).status_code == 422
    assert client.post(f"{address}adjust/", form | {"points": "", "key": "y"}).status_code == 422
    assert client.post(f"{address}adjust/", form | {"points": "5000", "key": "z"}).status_code == 302
    assert "wait for a second person" in client.get(address).content.decode()
    waiting = Adjustment.objects.get(state="waiting")
    decide = f"/membership/adjustments/{waiting.public_id}/"
    assert client.post(decide, {"decision": "approve"}).status_code == 403
    approver = signed_in("approver")
    assert "5,000" in approver.get("/membership/adjustments/").content.decode()
    assert approver.post(decide, {"decision": "approve"}).status_code == 302
    assert approver.get(address).context["summary"].balances.available == 30 + 5 + 5000


def test_the_limit_is_set_on_the_page_and_the_first_person_cannot_decide(member):
    admin = signed_in("administrator")
    limits = {"points": "100", "gift": ""}
    assert admin.post("/membership/adjustments/limits/", limits).status_code == 302
    address = f"/members/{member}/points/gift/"
    admin.post(f"{address}adjust/", _form(admin, address) | {"points": "5000"})
    assert Adjustment.objects.get().state == "posted"
    admin.post("/membership/adjustments/limits/", {"points": "100", "gift": "10"})
    admin.post(f"{address}adjust/", _form(admin, address) | {"points": "11"})
    waiting = Adjustment.objects.get(state="waiting")
    answer = admin.post(f"/membership/adjustments/{waiting.public_id}/", {"decision": "reject"}, follow=True)
    assert "Somebody other than the one who asked" in answer.content.decode()
    assert "Somebody else must decide" in answer.content.decode()


def test_the_ledger_page_says_whether_it_is_sound(member):
    client = signed_in("administrator")
    assert "was not verified yet" in client.get("/membership/ledger/").content.decode()
    verify_ledger(actor=SYSTEM, clock=now)
    page = client.get("/membership/ledger/")
    assert "Sound: 4 transactions of 1 wallets" in page.content.decode()
    assert len(page.context["look"].checks) == 21
    assert page.context["accounts"][-1] == ("", [0, 0])
    Wallet.objects.update(available=31)
    verify_ledger(actor=SYSTEM, clock=now)
    text = client.get("/membership/ledger/").content.decode()
    assert "1 finding: the ledger is not as it must be" in text
    assert "its balances are" in text
    heads = json.loads(client.get("/membership/ledger/heads.json").content)
    assert len(heads) == 2
    assert client.post("/membership/ledger/verify/").status_code == 302
    assert Verification.objects.latest("pk").started_by == "administrator"


def test_the_ledger_page_says_that_a_verification_waits_or_runs_and_when_the_last_one_ended(member):
    client, at = signed_in("administrator"), now()
    text = client.get("/membership/ledger/").content.decode()
    assert "waits for its turn" not in text
    job = Job.objects.create(
        task="t", unique_key=VERIFY_KEY, state="ready", enqueued_at=at, run_after=at, priority=0, queue="long"
    )
    text = client.get("/membership/ledger/").content.decode()
    assert "A verification waits for its turn" in text
    assert "None has ended yet." in text
    verify_ledger(actor=SYSTEM, clock=now)
    job.state, job.started_at = "running", at
    job.save()
    part = client.get("/membership/ledger/verifying/")
    assert "is being verified since" in part.content.decode()
    assert "The last one ended" in part.content.decode()
    assert "HX-Refresh" not in part.headers
    job.state, job.finished_at = "succeeded", at
    job.save()
    assert client.get("/membership/ledger/verifying/").headers["HX-Refresh"] == "true"
    assert 'id="verifying"' not in client.get("/membership/ledger/").content.decode()
    job.state = "failed"
    job.save()
    assert "did not come to its end" in client.get("/membership/ledger/").content.decode()


def test_the_api_tells_and_adjusts(member):
    owner = create_user(
        actor=SYSTEM, at=now(), username="o", password="a password of ten", role="administrator"
    )
    scopes = ["loyalty.view", "points.adjust", "points.approve"]
    issued = issue_token(actor=SYSTEM, at=now(), owner_id=owner.id, name="crm", scopes=scopes)
    client = Client(headers={"Authorization": f"Bearer {issued.secret}"})
    (summary,) = client.get(f"/api/v1/members/{member}/points").json()
    assert (summary["points_type"], summary["balances"]["available"]) == ("gift", 30)
    lines = client.get(f"/api/v1/members/{member}/points/gift/statement").json()
    assert (lines["total"], lines["items"][0]["change"]) == (4, -120)
    past = (now() - 9 * DAY - timedelta(hours=1)).isoformat()
    assert client.get(f"/api/v1/members/{member}/points/gift", {"at": past}).json()["balances"] == {
        "pending": 0, "available": 150, "held": 0, "debt": 0,
    }  # fmt: skip
    assert client.get(f"/api/v1/members/{member}/points/gift/lots").json()["total"] == 2
    body = {"member_id": member, "points_type": "gift", "points": 7, "reason": "goodwill"}
    call = {"content_type": "application/json", "headers": {"Idempotency-Key": "crm-0000001"}}
    first = client.post("/api/v1/points/adjustments", body, **call).json()
    assert first["state"] == "posted"
    assert client.post("/api/v1/points/adjustments", body, **call).json() == first
    assert client.post("/api/v1/points/adjustments", body | {"points": 8}, **call).status_code == 409
    assert client.post("/api/v1/points/adjustments", body, content_type="application/json").status_code == 422
    call["headers"]["Idempotency-Key"] = "crm-0000002"
    waiting = client.post("/api/v1/points/adjustments", body | {"points": 5000}, **call).json()
    decide = f"/api/v1/points/adjustments/{waiting['id']}/decision"
    refused = client.post(decide, {"decision": "approve"}, content_type="application/json")
    assert (refused.status_code, refused.json()["code"]) == (409, "person_needed")
    assert client.get("/api/v1/points/adjustments", {"state": "waiting"}).json()["total"] == 1
    assert sum(row["points"] for row in client.get("/api/v1/points/ledger/trial-balance").json()) == 0
    assert len(client.get("/api/v1/points/ledger/heads").json()) == 2
    assert client.get("/api/v1/points/ledger/verifications").json() == []


def test_postings_are_counted_on_the_business_day_they_were_recorded_on(member):
    paris = ZoneInfo("Europe/Paris")
    change_retailer(actor=SYSTEM, at=now(), time_zone="Europe/Paris")
    # Winter time begins on October 25th, 2026: that day has 25 hours.
    moments = [
        datetime(2026, 10, 24, 23, 59, tzinfo=paris),
        datetime(2026, 10, 25, 0, 0, tzinfo=paris),
        datetime(2026, 10, 25, 23, 59, tzinfo=paris),
        datetime(2026, 10, 28, 0, 30, tzinfo=paris),
    ]
    for row, moment in zip(PointsTransaction.objects.order_by("pk"), moments, strict=True):
        PointsTransaction.objects.filter(pk=row.pk).update(recorded_at=moment)
    found = postings_by_day(today_ends_at=datetime(2026, 10, 28, 12, tzinfo=paris), days=5)
    days = Counter()
    for posting in found:
        days[posting.day.day] += posting.count
    assert days == {24: 1, 25: 2, 28: 1}
    assert postings_by_day(today_ends_at=datetime(2026, 12, 28, tzinfo=paris), days=5) == []


def test_everybody_reads_the_name_of_points_in_their_language(member):
    rename_points_type(
        actor=SYSTEM, at=now(), code="gift", names={"en": "Gift points", "zh-hans": "礼品积分"}
    )
    client = signed_in("viewer")
    with override("zh-hans"):
        assert [summary.name for summary in member_points(member, at=now())] == ["礼品积分"]
    User.objects.update(language="zh-hans")
    page = client.get(f"/members/{member}/").content.decode()
    assert "礼品积分" in page
    assert "Gift points" not in page
