"""The frame of the API: who may call, how often, with what, and how every failure answers."""

import json
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.http import Http404, HttpRequest
from django.test import Client
from django.urls import path
from ninja import File, Form, Query, Schema, UploadedFile
from pydantic import Field

from shuke.platform.accounts.models import User
from shuke.platform.accounts.operations import create_user, issue_token, revoke_token
from shuke.platform.clock import now
from shuke.platform.errors import Refused
from shuke.platform.permissions import SYSTEM
from shuke.web.api import Page, Paging, build_api, paginate, permit

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery staple"


class Note(Schema):
    """A body."""

    text: str
    count: int = 0
    extra: dict[str, Any] = Field(default_factory=dict)


def small_api() -> ModuleType:
    """URLs of an API with one endpoint for each behaviour."""
    api = build_api()
    api.urls_namespace = "frame"

    @api.get("/notes", response=Page[int])
    def notes(request: HttpRequest, paging: Query[Paging], text: str = "") -> dict[str, Any]:
        permit(request, "members.view")
        return paginate(range(paging.offset, paging.offset + paging.limit), 1000, paging)

    @api.post("/notes", response=Note)
    def add(request: HttpRequest, note: Note) -> Note:
        permit(request, "members.edit")
        return note

    @api.post("/files", response=Note)
    def upload(request: HttpRequest, text: Form[str], file: File[UploadedFile]) -> Note:
        return Note(text=text, count=file.size or 0)

    @api.get("/refused")
    def refuse(request: HttpRequest) -> None:
        raise Refused("too_late", "The campaign has ended.", {"ended": "2026-01-01"})

    @api.get("/missing")
    def miss(request: HttpRequest) -> None:
        raise Http404

    @api.get("/fault")
    def fault(request: HttpRequest) -> None:
        raise RuntimeError("the password is swordfish")

    urls = ModuleType("frame_urls")
    urls.urlpatterns = [path("api/v1/", api.urls)]  # type: ignore[attr-defined]
    return urls


@pytest.fixture
def frame(settings: Any, tmp_path: Path) -> None:
    settings.ROOT_URLCONF = small_api()
    settings.SHUKE_HOME = tmp_path


@pytest.fixture
def owner() -> str:
    return create_user(actor=SYSTEM, at=now(), username="ann", password=PASSWORD, role="administrator").id


def caller(owner: str, *scopes: str, **options: Any) -> tuple[Client, str]:
    """A client with a new token of the owner, and the token's id."""
    issued = issue_token(actor=SYSTEM, at=now(), owner_id=owner, name="till", scopes=scopes, **options)
    headers = {"Authorization": f"Bearer {issued.secret}"}
    return Client(headers=headers, raise_request_exception=False), issued.token.id


def problem(response: Any, status: int, code: str) -> dict[str, Any]:
    """The problem of an answer, after checking its form."""
    assert response.status_code == status
    assert response.headers["Content-Type"].startswith("application/json")
    body = response.json()
    assert set(body) == {"code", "message", "details"}
    assert body["code"] == code
    assert body["message"]
    return dict(body)


def post(client: Client, body: Any, **options: Any) -> Any:
    text = body if isinstance(body, (str, bytes)) else json.dumps(body)
    return client.post("/api/v1/notes", text, content_type="application/json", **options)


@pytest.mark.usefixtures("frame")
class TestTokens:
    def test_nobody_gets_401(self) -> None:
        client = Client()
        problem(client.get("/api/v1/notes"), 401, "not_authenticated")
        problem(post(client, {"text": "a"}), 401, "not_authenticated")

    def test_a_token_may_what_its_scopes_say(self, owner: str) -> None:
        client, _ = caller(owner, "members.view")
        assert client.get("/api/v1/notes").status_code == 200
        body = problem(post(client, {"text": "a"}), 403, "not_permitted")
        assert body["details"] == {"permission": "members.edit"}

    def test_a_token_never_may_more_than_its_owner(self) -> None:
        viewer = create_user(actor=SYSTEM, at=now(), username="bo", password=PASSWORD, role="viewer")
        client, _ = caller(viewer.id, "members.view", "members.edit")
        assert client.get("/api/v1/notes").status_code == 200
        problem(post(client, {"text": "a"}), 403, "not_permitted")

    def test_a_revoked_or_expired_token_gets_401(self, owner: str) -> None:
        client, token_id = caller(owner, "members.view")
        revoke_token(actor=SYSTEM, at=now(), token_id=token_id)
        problem(client.get("/api/v1/notes"), 401, "not_authenticated")
        client, _ = caller(owner, "members.view", expires_at=now() - timedelta(seconds=1))
        problem(client.get("/api/v1/notes"), 401, "not_authenticated")

    def test_a_wrong_token_is_refused_whoever_is_signed_in(self, owner: str) -> None:
        client = Client(headers={"Authorization": "Bearer shk_wrong"})
        client.force_login(User.objects.get(public_id=owner))
        problem(client.get("/api/v1/notes"), 401, "not_authenticated")


@pytest.mark.usefixtures("frame")
class TestSessions:
    def test_a_session_reads_and_needs_the_csrf_token_to_write(self, owner: str) -> None:
        client = Client(enforce_csrf_checks=True)
        client.force_login(User.objects.get(public_id=owner))
        assert client.get("/api/v1/notes").status_code == 200
        problem(post(client, {"text": "a"}), 403, "not_permitted")
        token = "a" * 32
        client.cookies["csrftoken"] = token
        assert post(client, {"text": "a"}, headers={"X-CSRFToken": token}).status_code == 200
        problem(post(client, {"text": "a"}, headers={"X-CSRFToken": "b" * 32}), 403, "not_permitted")


@pytest.mark.usefixtures("frame")
class TestProblems:
    @pytest.mark.parametrize(
        ("address", "status", "code"),
        [
            ("/api/v1/refused", 409, "too_late"),
            ("/api/v1/missing", 404, "not_found"),
            ("/api/v1/nowhere", 404, "not_found"),
            ("/api/v2", 404, "not_found"),
            ("/api/v1/notes%00", 404, "not_found"),
            ("/api/v1/notes?limit=0", 422, "invalid"),
            ("/api/v1/notes?limit=many", 422, "invalid"),
            ("/api/v1/notes?text=%00", 400, "bad_request"),
        ],
    )
    def test_every_failure_has_the_same_form(self, owner: str, address: str, status: int, code: str) -> None:
        client, _ = caller(owner, "members.view")
        problem(client.get(address), status, code)

    def test_a_refusal_brings_its_details(self, owner: str) -> None:
        client, _ = caller(owner)
        body = problem(client.get("/api/v1/refused"), 409, "too_late")
        assert body["message"] == "The campaign has ended."
        assert body["details"] == {"ended": "2026-01-01"}

    def test_a_validation_names_the_field(self, owner: str) -> None:
        client, _ = caller(owner, "members.view")
        assert "limit" in str(problem(client.get("/api/v1/notes?limit=0"), 422, "invalid")["details"])

    def test_a_wrong_method_says_which_are_allowed(self, owner: str) -> None:
        client, _ = caller(owner)
        response = client.delete("/api/v1/notes")
        problem(response, 405, "method_not_allowed")
        assert response.headers["Allow"] in {"GET, POST", "POST, GET"}

    def test_a_fault_tells_nothing_of_the_inside(self, owner: str) -> None:
        client, _ = caller(owner)
        response = client.get("/api/v1/fault")
        problem(response, 500, "fault")
        assert b"swordfish" not in response.content

    def test_a_body_that_is_too_large_gets_413(self, owner: str, settings: Any) -> None:
        settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
        client, _ = caller(owner, "members.edit")
        problem(post(client, {"text": "a" * 2000}), 413, "too_large")

    def test_a_strange_host_gets_400(self, owner: str) -> None:
        client, _ = caller(owner)
        problem(client.get("/api/v1/notes", headers={"Host": "evil.example"}), 400, "bad_request")

    def test_pages_keep_their_own_errors(self) -> None:
        assert not Client().get("/nowhere").headers["Content-Type"].startswith("application/json")


@pytest.mark.usefixtures("frame")
class TestBodies:
    @pytest.mark.parametrize(
        "body",
        [
            b'{"text": "a\\u0000b"}',
            b'{"text": "\\ud800"}',
            b'{"text": "a", "extra": {"k\\u0000": 1}}',
            b'{"text": "a", "extra": {"deep": ["\\udfff"]}}',
            b'{"text": "a", "count": 9223372036854775808}',
            b'{"text": "a", "extra": {"ratio": NaN}}',
            b'{"text": "a", "extra": ' + b'{"a":' * 60 + b"1" + b"}" * 60 + b"}",
            b"[" * 200_000,
            b"\xff\xfe",
            b"not json",
        ],
    )
    def test_what_no_database_could_hold_gets_400(self, owner: str, body: bytes) -> None:
        client, _ = caller(owner, "members.edit")
        problem(post(client, body), 400, "bad_request")

    def test_what_a_database_can_hold_passes(self, owner: str) -> None:
        client, _ = caller(owner, "members.edit")
        body = {"text": "熟客 \U0001f600", "count": 2**63 - 1, "extra": {"a": [1.5, None, True, {"b": "c"}]}}
        assert post(client, body).json() == body

    def test_forms_are_read_as_strictly(self, owner: str, tmp_path: Path) -> None:
        client, _ = caller(owner)
        upload = tmp_path / "a.csv"
        upload.write_text("a,b")
        with upload.open("rb") as file:
            assert client.post("/api/v1/files", {"text": "x", "file": file}).json()["count"] == 3
        with upload.open("rb") as file:
            problem(client.post("/api/v1/files", {"text": "x\0", "file": file}), 400, "bad_request")
        problem(client.post("/api/v1/files", {"text": "x"}), 422, "invalid")


@pytest.mark.usefixtures("frame")
class TestLimits:
    def test_a_token_that_calls_too_often_waits(self, owner: str) -> None:
        client, _ = caller(owner, "members.view", requests_per_minute=3)
        answers = [client.get("/api/v1/notes") for _ in range(8)]
        refused = [answer for answer in answers if answer.status_code == 429]
        # The minute may turn in between, once.
        assert 2 <= len(refused) <= 5
        body = problem(refused[0], 429, "too_many_requests")
        assert "Retry-After" in body["message"]
        assert 1 <= int(refused[0].headers["Retry-After"]) <= 60

    def test_each_token_has_its_own_limit(self, owner: str) -> None:
        for _ in range(3):
            client, _token = caller(owner, "members.view", requests_per_minute=1)
            assert client.get("/api/v1/notes").status_code == 200

    def test_a_session_is_limited_too(self, owner: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("shuke.web.api.SESSION_REQUESTS_PER_MINUTE", 2)
        client = Client()
        client.force_login(User.objects.get(public_id=owner))
        assert 429 in {client.get("/api/v1/notes").status_code for _ in range(6)}


@pytest.mark.usefixtures("frame")
def test_paging(owner: str) -> None:
    client, _ = caller(owner, "members.view")
    answer = client.get("/api/v1/notes?limit=2&offset=10").json()
    assert answer == {"items": [10, 11], "total": 1000, "limit": 2, "offset": 10}
    assert len(client.get("/api/v1/notes").json()["items"]) == 50
