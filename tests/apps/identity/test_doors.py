"""Pages and API of identity: who may, what is shown, what happens."""

import pytest
from django.test import Client
from django.utils import translation

from shuke.apps.identity.models import MatchRun, Merge, Suggestion
from shuke.apps.identity.operations import register_members
from shuke.apps.identity.queries import find_members, match_policy
from shuke.apps.identity.schemas import MemberRegistration
from shuke.apps.members.models import Member
from shuke.apps.members.schemas import MemberProfile
from shuke.platform.accounts.models import User
from shuke.platform.accounts.operations import create_user, issue_token
from shuke.platform.audit.models import AuditEntry
from shuke.platform.clock import now
from shuke.platform.permissions import PERMISSIONS, SYSTEM

PHONE = "13800138000"


@pytest.fixture
def couple(db, lake_home):
    """Two customers of one shop who gave one phone, under two names."""
    rows = [("Ann Lee", "c1"), ("Bob Lee", "c2")]
    register_members(
        at=now(),
        account="acc_1",
        source="till",
        registrations=[
            MemberRegistration(number, {"external": external, "phone": PHONE}, MemberProfile(name=name))
            for number, (name, external) in enumerate(rows)
        ],
    )
    return [find_members(external)[0] for _, external in rows]


@pytest.fixture
def client_of(db):
    def sign_in(role):
        view = create_user(actor=SYSTEM, at=now(), username=role, password="correct horse 9", role=role)
        client = Client()
        client.force_login(User.objects.get(public_id=view.id))
        return client

    return sign_in


@pytest.fixture
def jobs_run(django_capture_on_commit_callbacks):
    """Calls inside this block run their jobs at its end, as a commit would."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


@pytest.fixture
def api(db):
    view = create_user(
        actor=SYSTEM, at=now(), username="api", password="correct horse 9", role="administrator"
    )
    token = issue_token(actor=SYSTEM, at=now(), owner_id=view.id, name="t", scopes=PERMISSIONS)
    client = Client(headers={"Authorization": f"Bearer {token.secret}"})

    def call(method, path, body=None):
        answer = getattr(client, method)(f"/api/v1{path}", data=body, content_type="application/json")
        return answer.status_code, answer.json()

    return call


def text_of(answer, status=200):
    assert answer.status_code == status, answer.content.decode()[:2000]
    return answer.content.decode()


def test_a_search_is_shown_before_it_is_applied_and_its_doubts_are_decided(couple, client_of, jobs_run):
    client = client_of("administrator")
    assert "No search yet" in text_of(client.get("/identity/"))
    with jobs_run():
        client.post("/identity/searches/start/", {"method": "rules"})
    run = MatchRun.objects.get()
    page = text_of(client.get(f"/identity/searches/{run.public_id}/"))
    assert "Nothing has been changed yet" in page
    assert "Their names differ." in page
    assert Suggestion.objects.get().state == "proposed"
    with jobs_run():
        client.post(f"/identity/searches/{run.public_id}/apply/")
    pair = Suggestion.objects.get()
    assert pair.state == "open"
    page = text_of(client.get(f"/identity/pairs/{pair.public_id}/"))
    assert PHONE not in page
    assert "Ann Lee" not in page
    assert "claimed, but belongs to another" in page
    client.post(f"/identity/pairs/{pair.public_id}/decide/", {"decision": "merge", "survivor": couple[1]})
    merge = Merge.objects.get()
    assert merge.survivor.public_id == couple[1]
    assert couple[0] in text_of(client.get("/identity/merges/"))
    page = text_of(client.get(f"/members/{couple[1]}/"))
    assert "Why this is one person" in page
    client.post(f"/identity/merges/{merge.public_id}/undo/")
    assert Member.objects.filter(status="active").count() == 2
    assert "kept the two apart" in text_of(client.get(f"/identity/pairs/{pair.public_id}/"))


def test_both_sides_are_shown_in_full_to_who_may_with_a_trace(couple, client_of, jobs_run):
    client = client_of("administrator")
    with jobs_run():
        client.post("/identity/searches/start/", {"method": "rules"})
    pair = Suggestion.objects.get()
    answer = client.post(f"/identity/pairs/{pair.public_id}/reveal/")
    assert "Ann Lee" in text_of(answer)
    assert answer["Cache-Control"] == "no-store"
    assert AuditEntry.objects.filter(verb="member.unmasked").count() == 2
    assert client_of("marketer").post(f"/identity/pairs/{pair.public_id}/reveal/").status_code == 403


def test_two_known_members_are_merged_from_the_page_of_one(couple, client_of):
    client = client_of("marketer")
    page = text_of(client.get(f"/members/{couple[0]}/merge/?q=c2"))
    assert couple[1] in page
    client.post(f"/members/{couple[0]}/merge/", {"other": couple[1], "stays": couple[0]})
    assert Member.objects.get(public_id=couple[1]).status == "merged"
    answer = client.post(
        f"/members/{couple[0]}/merge/", {"other": couple[1], "stays": couple[0]}, follow=True
    )
    assert "can be merged" in text_of(answer)


def test_rules_are_changed_by_who_may_and_faults_are_named(couple, client_of):
    client = client_of("administrator")
    page = client.get("/identity/rules/")
    given = {name: field.value() for name, field in ((f.html_name, f) for f in page.context["form"])}
    given = {name: value for name, value in given.items() if value not in (None, False)}
    assert client.post("/identity/rules/", given | {"limit_phone": "5"}).status_code == 302
    assert {kind.kind: kind.limit for kind in match_policy().kinds}["phone"] == 5
    assert "at least the certainty" in text_of(
        client.post("/identity/rules/", given | {"link_from": "60"}), 422
    )
    assert client.post("/identity/rules/", given | {"limit_phone": "1"}).status_code == 422
    assert client_of("viewer").post("/identity/rules/", given).status_code == 403


def test_pages_are_in_chinese_and_viewers_only_look(couple, client_of):
    client = client_of("viewer")
    for path in ("/identity/", "/identity/searches/", "/identity/merges/", "/identity/rules/"):
        with translation.override("zh-hans"):
            page = text_of(client.get(path, headers={"Accept-Language": "zh-hans"}))
        assert "<form" in page or "card" in page
    for path in ("/identity/searches/start/", f"/members/{couple[0]}/merge/"):
        assert client.post(path).status_code == 403
    assert client.get("/identity/pairs/sug_none/").status_code == 404
    assert client.get("/identity/searches/mtc_none/").status_code == 404


def test_the_api_says_and_does_the_same(couple, api, jobs_run):
    with jobs_run():
        status, run = api("post", "/identity/searches", {"method": "rules"})
    assert status == 202
    assert api("get", f"/identity/searches/{run['id']}")[1]["counts"]["unsure"] == 1
    with jobs_run():
        assert api("post", f"/identity/searches/{run['id']}/apply")[0] == 202
    assert api("post", f"/identity/searches/{run['id']}/apply")[0] == 409
    pair = api("get", "/identity/pairs")[1]["items"][0]
    assert api("post", f"/identity/pairs/{pair['id']}/decision", {"decision": "apart"})[0] == 200
    assert api("post", f"/identity/pairs/{pair['id']}/decision", {"decision": "merge"})[0] == 409
    status, merge = api("post", "/identity/merges", {"survivor_id": couple[0], "absorbed_id": couple[1]})
    assert (status, merge["identifiers"]) == (201, 1)
    links = api("get", f"/members/{couple[0]}/links")[1]
    assert [len(links[name]) for name in ("nodes", "edges", "merges")] == [3, 2, 1]
    assert api("post", f"/identity/merges/{merge['id']}/undo")[1]["undone_by"] == "t"
    assert api("get", "/identity/rules")[1]["link_from"] == 990
    wrong = {"review_from": 900, "link_from": 800}
    assert api("put", "/identity/rules", wrong)[0] == 422
