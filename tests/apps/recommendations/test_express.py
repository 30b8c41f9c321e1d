"""The short way before Django: the same words, the same rights, the same limits, and no database."""

import json
import threading
import time
from typing import Any

import polars as pl
import pytest
from django.test import Client
from typer.testing import CliRunner

from shuke.apps.identity.operations import resolve_person_keys
from shuke.apps.identity.queries import find_members
from shuke.apps.recommendations.adapters.bundle_files import activate, write_bundle
from shuke.apps.recommendations.api import express as short_way
from shuke.apps.recommendations.api.express import Express
from shuke.apps.recommendations.operations.loading import load_all_lists
from shuke.apps.recommendations.operations.slots import create_slot, go_live, pause
from shuke.apps.recommendations.queries.bundles import bundle_root
from shuke.apps.recommendations.queries.list_spools import list_root
from shuke.apps.recommendations.schemas import SlotInput
from shuke.config.cli import app
from shuke.platform.accounts.operations import create_user, issue_token, revoke_token
from shuke.platform.clock import now
from shuke.platform.permissions import SYSTEM
from shuke.platform.warehouse import lake
from tests.apps.recommendations.small_bundles import small_bundle

PATH = "/api/v1/recommendations/"


def behind(_environ: Any, _start: Any) -> list[bytes]:
    """What stands for Django."""
    return [b"behind"]


@pytest.fixture
def express(db, lake_home, tmp_path, settings, monkeypatch) -> Express:
    """With a live slot and a bundle; what it reads aside is read when the test says so, and is never too old."""
    monkeypatch.setattr(short_way, "OLDEST_SECONDS", 600.0)
    settings.SHUKE_HOME = tmp_path
    bundle_root().mkdir()
    write_bundle(bundle_root() / "bdl_small", small_bundle())
    activate(bundle_root(), "bdl_small")
    for code, about, strategy in (
        ("home", "member", "personal-frequency"),
        ("cart", "basket", "complements"),
    ):
        arms = [{"name": "only", "strategy": strategy}]
        made = {"code": code, "name": code, "about": about, "places": 5, "arms": arms}
        create_slot(actor=SYSTEM, at=now(), slot=SlotInput.model_validate(made))
        go_live(actor=SYSTEM, at=now(), code=code)
    made = Express(behind)
    made._thread = threading.current_thread()
    return made


def token(
    *, scopes: tuple[str, ...] = ("recommendations.view",), role: str = "viewer", limit: int = 600
) -> Any:
    name = f"u{time.monotonic_ns()}"
    user = create_user(actor=SYSTEM, at=now(), username=name, password="correct horse 9", role=role)
    return issue_token(
        actor=SYSTEM, at=now(), owner_id=user.id, name="shop", scopes=scopes, requests_per_minute=limit
    )


def known_token(express: Express, **facts: Any) -> Any:
    issued = token(**facts)
    assert express.tokens.find(issued.secret) is None
    express.read()
    return issued


def ask(express: Express, query: str, secret: str, *, path: str = f"{PATH}home", **more: str) -> Any:
    """The answer, or ``behind``."""
    environ = {
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "REQUEST_METHOD": "GET",
        "HTTP_HOST": "127.0.0.1:8000",
    }
    environ |= {"HTTP_AUTHORIZATION": f"Bearer {secret}", **more}
    told: list[Any] = []
    (body,) = express(environ, lambda *a: told.append(a))
    if body == b"behind":
        assert told == []
        return "behind"
    assert told[0][0] == "200 OK"
    assert dict(told[0][1])["Content-Length"] == str(len(body))
    return json.loads(body)


QUESTIONS = (
    "home?member=mem_0003",
    "home?member=mem_0003&language=zh-hans&places=3&exclude=p009,p010&store=store0",
    "home?anonymous_id=device%201&reasons=false",
    "home?segment=regular",
    "home",
    "cart?basket=p003,p004&member=mem_0004",
)


@pytest.mark.parametrize("question", QUESTIONS)
def test_both_doors_give_the_same_answer(express, question):
    issued = known_token(express)
    code, _, query = question.partition("?")
    short = ask(express, query, issued.secret, path=PATH + code)
    long = Client().get(f"{PATH}{question}", headers={"authorization": f"Bearer {issued.secret}"})
    assert long.status_code == 200, long.content
    assert list(short) == list(long.json())
    assert {**short, "list_id": ""} == {**long.json(), "list_id": ""}
    assert short["items"]
    load_all_lists()
    with lake().read() as snapshot:
        rows = snapshot.table("recommendation_lists").to_pyarrow().to_pylist()
    noted = {row["list_id"]: row["product_ids"] for row in rows}
    assert noted == {
        answer["list_id"]: [item["product_id"] for item in answer["items"]] for answer in (short, long.json())
    }


def test_the_short_way_asks_no_database(express, django_assert_num_queries):
    issued = known_token(express)
    ask(express, "member=mem_0003", issued.secret)
    with django_assert_num_queries(0):
        for number in range(20):
            assert ask(express, f"member=mem_00{number:02}", issued.secret)["items"]


REFUSED = (
    ("membr=mem_0003", 422),
    ("places=51", 422),
    ("places=many", 422),
    ("language=fr", 422),
    ("member=" + "m" * 41, 422),
    ("member=a%00b", 400),
    ("reasons=perhaps", 422),
)


@pytest.mark.parametrize(("query", "status"), REFUSED)
def test_what_cannot_be_read_is_left_to_django_which_refuses_it(express, query, status):
    issued = known_token(express)
    assert ask(express, query, issued.secret) == "behind"
    answer = Client().get(f"{PATH}home?{query}", headers={"authorization": f"Bearer {issued.secret}"})
    assert answer.status_code == status
    assert set(answer.json()) == {"code", "message", "details"}


def test_whom_it_does_not_know_it_does_not_answer(express):
    issued = known_token(express)
    assert ask(express, "", issued.secret)["slot"] == "home"
    assert ask(express, "", "shk_guessed") == "behind"
    assert ask(express, "", "") == "behind"
    assert ask(express, "", issued.secret, HTTP_AUTHORIZATION=f"Basic {issued.secret}") == "behind"
    assert ask(express, "", issued.secret, HTTP_HOST="evil.example") == "behind"
    assert ask(express, "", issued.secret, REQUEST_METHOD="POST") == "behind"
    assert ask(express, "", issued.secret, path=f"{PATH}nothing") == "behind"
    assert ask(express, "", issued.secret, path=f"{PATH}home/batch") == "behind"
    assert ask(express, "", known_token(express, scopes=("members.view",)).secret) == "behind"
    assert ask(express, "member=a&member=b", issued.secret) == "behind"


def test_a_revoked_token_and_a_paused_slot_end_with_the_next_look(express):
    issued = known_token(express)
    revoke_token(actor=SYSTEM, at=now(), token_id=issued.token.id)
    assert ask(express, "", issued.secret) != "behind"  # The look is at most two seconds old.
    express.read()
    assert ask(express, "", issued.secret) == "behind"
    other = known_token(express)
    pause(actor=SYSTEM, at=now(), code="home")
    express.read()
    assert ask(express, "", other.secret) == "behind"
    refused = Client().get(f"{PATH}home", headers={"authorization": f"Bearer {other.secret}"})
    assert (refused.status_code, refused.json()["code"]) == (409, "slot_not_live")


def test_what_is_older_than_two_seconds_is_not_used(express, monkeypatch):
    issued = known_token(express)
    assert ask(express, "", issued.secret) != "behind"
    monkeypatch.undo()
    assert short_way.OLDEST_SECONDS == 2.0
    later = time.monotonic() + 2.0
    monkeypatch.setattr(short_way.time, "monotonic", lambda: later)
    assert ask(express, "", issued.secret) == "behind"


def test_calls_are_counted_at_both_doors_together(express, monkeypatch):
    issued = known_token(express, limit=3)
    headers = {"authorization": f"Bearer {issued.secret}"}
    moment = now()  # All calls are of one minute, however long they take.
    for door in ("shuke.apps.recommendations.api.express.now", "shuke.web.api.now"):
        monkeypatch.setattr(door, lambda: moment)
    assert ask(express, "", issued.secret) != "behind"
    assert Client().get(f"{PATH}home", headers=headers).status_code == 200
    assert ask(express, "", issued.secret) != "behind"
    assert ask(express, "", issued.secret) == "behind"
    assert Client().get(f"{PATH}home", headers=headers).status_code == 429


def test_an_answer_that_cannot_be_noted_has_no_list_id(express):
    issued = known_token(express)
    list_root().write_text("no folder")
    answer = ask(express, "member=mem_0003", issued.secret)
    assert answer["list_id"] == ""
    assert len(answer["items"]) == 5


def test_a_batch_answers_each_member_and_notes_it(express):
    issued = known_token(express)
    headers = {"authorization": f"Bearer {issued.secret}"}
    wanted = {"members": ["mem_0003", "stranger", "mem_0005"], "places": 4, "language": "zh-hans"}
    found = Client().post(f"{PATH}home/batch", wanted, content_type="application/json", headers=headers)
    assert found.status_code == 200, found.content
    answers = found.json()["answers"]
    assert [answer["member"] for answer in answers] == wanted["members"]
    assert [len(answer["items"]) for answer in answers] == [4, 4, 4]
    assert [answer["fallback"] for answer in answers] == ["", "popularity", ""]
    assert load_all_lists() == 3
    many = {"members": ["m"] * 1001}
    assert (
        Client().post(f"{PATH}home/batch", many, content_type="application/json", headers=headers).status_code
        == 422
    )


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_the_export_has_every_active_member_once_with_all_places(express, tmp_path, suffix):
    keys = resolve_person_keys(
        at=now(), scope="global", kind="email", values=["ann@example.com"], source="test"
    )
    (ann,) = find_members("ann@example.com")
    assert keys
    file = tmp_path / f"lists.{suffix}"
    result = CliRunner().invoke(
        app, ["recommend", "export", "home", "--out", str(file)], catch_exceptions=False
    )
    assert result.exit_code == 0, result.output
    frame = pl.read_csv(file) if suffix == "csv" else pl.read_parquet(file)
    assert frame.columns == ["member_id", "place", "product_id", "score", "reason"]
    assert frame["member_id"].unique().to_list() == [ann]
    assert frame["place"].to_list() == [1, 2, 3, 4, 5]
    assert load_all_lists() == 0
    assert [path.name for path in tmp_path.glob("*draft*")] == []


def test_an_export_that_cannot_be_says_why(express, tmp_path):
    for slot, file, word in (("home", "lists.xlsx", ".parquet"), ("nothing", "lists.csv", "no such slot")):
        result = CliRunner().invoke(app, ["recommend", "export", slot, "--out", str(tmp_path / file)])
        assert result.exit_code == 1
        assert word in result.stderr
        assert not (tmp_path / file).exists()
