"""Pages and API of tiers: from the form to the published programme, the member's page, the list, audiences."""

import json
import re
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django_tasks import default_task_backend

from shuke.apps.audiences.operations import create_audience
from shuke.apps.audiences.queries import audience_member_ids
from shuke.apps.loyalty.models import TierTrial, TierVersion
from shuke.apps.loyalty.operations import tiers as operations
from shuke.apps.loyalty.pages import tiers as pages
from shuke.apps.loyalty.queries import tiers as queries
from shuke.apps.loyalty.queries.tiers import trials
from shuke.apps.loyalty.schemas.tiers import TierWindowView
from shuke.apps.loyalty.tasks.tiers import place_all_members
from shuke.platform.accounts.operations import create_user
from shuke.platform.clock import now
from shuke.platform.errors import Refused
from shuke.platform.jobs.schemas import JobView
from shuke.platform.outbox.relay import drain
from shuke.platform.permissions import SYSTEM
from tests.apps.loyalty.tiers.conftest import Publish, order, terms, told

PASSWORD = "correct horse battery"
API = "/api/v1"
#: What was bought the day before counts on New Year's Day as well.
ROLLING = TierWindowView(kind="rolling", days=90)


def today() -> date:
    """Asked anew by each test, since a run may begin before midnight."""
    return now().date()


def signed_in(role: str) -> Client:
    create_user(actor=SYSTEM, at=now(), username=role, password=PASSWORD, role=role, language="en")
    client = Client()
    assert client.login(username=role, password=PASSWORD)
    return client


@pytest.fixture
def client(people: list[str]) -> Client:
    return signed_in("marketer")


def ladder(*rows: tuple[str, str, str], **more: str) -> dict[str, str]:
    """The form as a browser sends it."""
    data = {
        "name_en": "Club",
        "counter": "spend",
        "events": "",
        "window": "rolling",
        "days": "90",
        "up": "at_once",
        "down": "one_step",
        "grace_days": "0",
        "note": "",
        "valid_from": str(today() - timedelta(days=60)),
        "tiers-TOTAL_FORMS": str(len(rows)),
        "tiers-INITIAL_FORMS": "0",
    }
    for place, (name, reach, keep) in enumerate(rows):
        data |= {f"tiers-{place}-name_en": name, f"tiers-{place}-reach": reach, f"tiers-{place}-keep": keep}
    return data | more


def test_from_an_empty_page_to_members_in_tiers(people: list[str], client: Client) -> None:
    told(
        order("k0", today() - timedelta(days=20), 150_000),
        order("k1", today() - timedelta(days=40), 90_000),
    )
    assert "Set tiers up" in client.get("/membership/tiers/").content.decode()
    assert client.get("/membership/tiers/new/").status_code == 200
    rows = (("Silver", "800", ""), ("金卡", "1200.50", "1000"), ("", "", ""))
    answer = client.post("/membership/tiers/new/", ladder(*rows, **{"try": "1"}))
    assert answer.status_code == 302
    trial = TierTrial.objects.get()
    tiers = TierVersion.objects.get().terms["tiers"]
    assert [(t["code"], t["reach"], t["keep"]) for t in tiers] == [
        ("silver", 80_000, 80_000),
        ("tier-1", 120_050, 100_000),
    ]
    waiting = client.get("/membership/tiers/")
    assert (waiting.status_code, "A draft waits" in waiting.content.decode()) == (200, True), (
        "the first draft"
    )
    page = client.get(answer["Location"]).content.decode()
    assert "Publish as tried" in page
    assert "data-confirm" in page
    listed = client.get(f"{answer['Location']}?code_from=&code_to=tier-1").content.decode()
    assert people[0] in listed
    assert people[1] not in listed
    done = client.post(f"{answer['Location']}publish/", {"valid_from": str(today() - timedelta(days=60))})
    assert done.status_code == 302
    assert TierVersion.objects.get().tried_id == trial.pk
    # Publishing queued the placement.
    deferred = default_task_backend.deferred
    assert deferred[-1].task.func is place_all_members.func
    place_all_members.call()
    overview = client.get(done["Location"]).content.decode()
    assert "金卡" in overview
    assert "sankey" in overview
    assert queries.tiers_of(people, at=now()) == {people[0]: "tier-1", people[1]: "silver", people[2]: ""}
    program = queries.tier_programs(today=today())[0]
    assert people[0] in client.get(f"/membership/tiers/{program.id}/moves/").content.decode()
    edit = client.get(f"/membership/tiers/{program.id}/edit/").content.decode()
    assert 'value="1200.50"' in edit
    assert 'value="tier-1"' in edit


def test_faults_stand_at_their_fields_and_nothing_is_kept(client: Client) -> None:
    rows = (("Silver", "800", ""), ("Gold", "700", ""), ("Diamond", "900", "950"))
    answer = client.post("/membership/tiers/new/", ladder(*rows, window="rolling", up="at_end"))
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "A tier needs more than the one below it." in text
    assert "Keeping a tier may not need more than reaching it." in text
    assert "A rolling window has no end" in text
    assert not TierVersion.objects.exists()
    more = client.post("/membership/tiers/new/", ladder(*rows, more="1"))
    assert more.status_code == 200
    assert 'name="tiers-4-name_en"' in more.content.decode()


def test_a_draft_is_kept_tried_and_thrown_away(client: Client, publish: Publish) -> None:
    program = publish()
    path = f"/membership/tiers/{program.id}"
    assert client.post(f"{path}/edit/", ladder(("Silver", "5", ""))).status_code == 302
    assert "A draft waits" in client.get("/membership/tiers/").content.decode()
    trial = client.post(f"{path}/try/")["Location"]
    early = client.post(f"{trial}publish/", {"valid_from": "2020-01-01"})
    assert early.status_code == 422
    assert "earliest" in early.content.decode()
    assert client.post(f"{path}/drop/").status_code == 302
    assert "A draft waits" not in client.get("/membership/tiers/").content.decode()


def test_a_large_history_is_tried_in_the_background(
    client: Client, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = publish()
    path = f"/membership/tiers/{program.id}"
    client.post(f"{path}/edit/", ladder(("Silver", "5", "")))
    monkeypatch.setattr(trials, "LARGE", -1)
    asked = client.post(f"{path}/try/")
    assert asked["Location"] == f"{path}/trying/"
    # Jobs run at once in tests, without a row that tells of them.
    trial = TierTrial.objects.get(version__number=None)
    assert trial.tried_by == "marketer"
    where = f"{path}/trials/{trial.public_id}/"
    assert client.get(f"{path}/trying/", headers={"HX-Request": "true"})["HX-Redirect"] == where
    assert client.get(f"{path}/trying/")["Location"] == where

    waiting = JobView.model_construct(state="running", progress_total=10, progress_done=4, progress_label="")
    monkeypatch.setattr(pages, "job_of_key", lambda _key: waiting)
    shown = client.get(f"{path}/trying/").content.decode()
    assert "Members are being counted" in shown
    assert "40 %" in shown
    assert "every 1s" in client.get(f"{path}/trying/", headers={"HX-Request": "true"}).content.decode()
    waiting.state = "failed"
    assert "The trial failed" in client.get(f"{path}/trying/").content.decode()


def test_the_page_of_a_member_and_the_list(people: list[str], client: Client, publish: Publish) -> None:
    told(order("k0", today() - timedelta(days=1), 450_000))
    publish(terms(window=ROLLING), valid_from=today() - timedelta(days=300), today=today())
    operations.place_members(at=now(), today=today())
    page = client.get(f"/members/{people[0]}/").content.decode()
    card = page[page.index('id="tier"') :]
    assert re.search(r"500\.00 missing", card)
    invited = {"tier": "gold", "first_date": str(today()), "last_date": str(today()), "reason": "VIP"}
    assert client.post(f"/members/{people[2]}/tier/", invited).status_code == 302
    assert queries.members_in_tier("gold") == [people[2]]
    invitation = queries.tier_invitations(people[2])[0]
    assert client.post(f"/members/{people[2]}/tier/{invitation.id}/").status_code == 302
    assert queries.members_in_tier("gold") == []
    chosen = client.get("/members/?tier=silver").content.decode()
    assert people[0] in chosen
    assert people[1] not in chosen
    none = client.get("/members/?tier=-").content.decode()
    assert people[1] in none
    assert people[0] not in none


def test_who_may_only_look(people: list[str], publish: Publish) -> None:
    program = publish()
    viewer = signed_in("viewer")
    assert viewer.get("/membership/tiers/").status_code == 200
    assert viewer.get(f"/membership/tiers/{program.id}/edit/").status_code == 403
    for path in ("try", "drop"):
        assert viewer.post(f"/membership/tiers/{program.id}/{path}/").status_code == 403
    assert viewer.post(f"/members/{people[0]}/tier/", {}).status_code == 403
    assert viewer.post(f"{API}/tier-programs/{program.id}/trials").status_code == 403


def send(client: Client, method: str, path: str, body: Any = None) -> Any:
    if method == "get":
        answer = client.get(f"{API}{path}")
    else:
        answer = getattr(client, method)(f"{API}{path}", json.dumps(body), content_type="application/json")
    return answer.status_code, answer.json() if answer.content else None


def test_a_programme_by_api(people: list[str], client: Client) -> None:
    told(order("k0", today() - timedelta(days=3), 150_000))
    body = {
        "name": "Club",
        "terms": terms(window=ROLLING).model_dump(),
        "valid_from": str(today() - timedelta(days=10)),
    }
    status, program = send(client, "post", "/tier-programs", body)
    assert status == 201
    path = f"/tier-programs/{program['id']}"
    _status, trial = send(client, "post", f"{path}/trials")
    assert trial["movers"] == 1
    moves = send(client, "get", f"/tier-trials/{trial['id']}/moves")[1]
    assert [move["member_id"] for move in moves["moves"]] == [people[0]]
    wanted = {"trial_id": trial["id"], "valid_from": str(today() - timedelta(days=10))}
    assert send(client, "post", f"{path}/publications", wanted)[0] == 201
    assert send(client, "post", f"{path}/publications", wanted)[0] == 404
    operations.place_members(at=now(), today=today())
    tier = send(client, "get", f"/members/{people[0]}/tier")[1]
    assert (tier["code"], tier["missing_to_reach"], tier["next_code"]) == ("silver", 350_000, "gold")
    many = client.get(f"{API}/tiers-of-members", {"member_id": people}).json()["tiers"]
    assert many == {people[0]: "silver", people[1]: "", people[2]: ""}
    wrong = {"terms": terms(tiers=[]).model_dump()}
    status, fault = send(client, "put", f"{path}/draft", wrong)
    assert (status, fault["code"]) == (422, "tier_terms_invalid")


def test_audiences_ask_for_tiers(people: list[str], publish: Publish) -> None:
    told(order("k0", today() - timedelta(days=3), 150_000))
    program = publish(terms(window=ROLLING), valid_from=today() - timedelta(days=200), today=today())
    operations.place_members(at=now(), today=today())
    drain()
    key = f"{program.id}:silver"

    def size(**node: Any) -> list[str]:
        tree = {"type": "tier", **node}
        saved = create_audience(actor=SYSTEM, at=now(), as_of=today(), name=str(node), conditions=tree)
        return audience_member_ids(saved, as_of=today())

    assert size(tiers=[key]) == [people[0]]
    assert sorted(size(tiers=[key], did=False)) == sorted(people[1:])
    with pytest.raises(Refused):
        size(tiers=[f"{program.id}:nothing"])
