"""The retailer's own history judged: kept, refused in words, told over page, API and command line."""

from __future__ import annotations

import json
from datetime import UTC, datetime, time, timedelta

import pytest
from django.test import Client
from django.utils import translation
from typer.testing import CliRunner

from shuke.apps.recommendations.models import EvaluationRun
from shuke.apps.recommendations.operations import evaluation_details, own_history
from shuke.apps.recommendations.operations.evaluation_process import judged_apart
from shuke.apps.recommendations.operations.evaluations import request_evaluation, run_evaluation
from shuke.apps.recommendations.operations.fitting import change_bundle_settings
from shuke.apps.recommendations.operations.own_history import OWN, NotJudged, Question, judged_history
from shuke.apps.recommendations.pages.comparison_words import DOES
from shuke.apps.recommendations.queries.evaluations import evaluation, evaluations, latest_evaluation
from shuke.apps.recommendations.schemas import BundleSettings
from shuke.apps.recommendations.schemas.comparison import EvaluationInput
from shuke.config.cli import app
from shuke.platform.accounts.models import User
from shuke.platform.audit.queries import audit_entries
from shuke.platform.errors import NotFound, Refused
from shuke.platform.permissions import SYSTEM
from shuke.platform.retailer.models import Retailer
from shuke.science.recommendations.named import STRATEGIES
from shuke.web.labels import label_of
from tests.apps.recommendations.town import AT, TODAY, YESTERDAY, put, settle

FAST = ["popularity", "personal-frequency"]


@pytest.fixture(autouse=True)
def _own_lake(settings, tmp_path, db, monkeypatch):
    # Intervals of forty members need no thousand draws.
    monkeypatch.setattr(own_history, "DRAWS", 200)
    monkeypatch.setattr(evaluation_details, "GROUP_DRAWS", 50)
    settings.LAKE_ROOT = tmp_path / "lake"
    settings.BUNDLE_ROOT = tmp_path / "bundles"
    Retailer.objects.update_or_create(pk=1, defaults={"currency": "CNY", "time_zone": "UTC"})


def judged(*, as_of=YESTERDAY, at=AT, **wanted):
    asked = EvaluationInput.model_validate({"strategies": FAST, **wanted})
    return run_evaluation(asked, at=at, as_of=as_of, judge=judged_history)


def signed_in(role="marketer"):
    client = Client()
    client.force_login(User.objects.create(username=role, role=role, created_at=AT))
    return client


def timeless(found):
    """The report without how long this machine took."""
    told = found.report.dict()
    rows = [{k: v for k, v in row.items() if not k.startswith("seconds")} for row in told["strategies"]]
    return told | {"strategies": rows}


def mean(found, name, metric="ndcg@10"):
    return next(row for row in found.report.strategies if row.name == name).figures[metric].mean


def test_figures_are_kept_with_what_they_mean_and_the_earlier_ones_stay():
    settle()
    first = judged()
    second = judged(at=AT + timedelta(hours=1))
    assert [head.id for head in evaluations()] == [second.id, first.id]
    assert latest_evaluation(level="product", protocol="last").id == second.id
    assert latest_evaluation(level="kind", protocol="last") is None
    assert timeless(evaluation(first.id)) == timeless(second)
    report = first.report
    # The baseline is judged, too, although nobody named it.
    assert {row.name for row in report.strategies} == {*FAST, "gp-topfreq"}
    assert report.baseline == "gp-topfreq"
    assert first.best in {"personal-frequency", "gp-topfreq"}
    assert mean(first, "popularity") < 0.6 < mean(first, first.best)
    # Two of three things of a basket are the member's staples.
    assert 0.6 < report.repeat_share < 0.95
    popular = next(row for row in report.strategies if row.name == "popularity")
    lost = popular.against_baseline["ndcg@10"]
    assert lost.is_clear
    assert lost.high < 0
    assert lost.worse > lost.better
    assert popular.behind_best["ndcg@10"].high < 0
    assert "popularity" in first.verdicts[2].values.get("others", []) + first.verdicts[3].values.get(
        "others", []
    )
    made = [entry for entry in audit_entries(limit=20)[0] if entry.verb == "evaluation.made"]
    assert {entry.subject_id for entry in made} == {first.id, second.id}


def test_groups_of_members_make_up_the_whole():
    settle(members=24)
    settle(members=24, weeks=40, seed=5, prefix="q")
    found = judged()
    groups = found.report.groups
    assert [group.name for group in groups] == ["few", "many"]
    assert sum(group.members for group in groups) == found.report.judged_members
    assert groups[0].most < groups[1].least
    for row in found.report.strategies:
        parts = [row.by_group[group.name]["ndcg@10"].mean * group.members for group in groups]
        assert sum(parts) / found.report.judged_members == pytest.approx(row.figures["ndcg@10"].mean)


@pytest.mark.once
def test_what_came_after_the_day_changes_nothing():
    settle()
    day = TODAY - timedelta(days=30)
    before = judged(as_of=day)
    at = datetime.combine(YESTERDAY, time(12), UTC)
    keys = {"order_id": "late", "person_key": "p01", "placed_at": at, "store_id": "s1", "paid_minor": 1}
    put("orders", [keys])
    put("order_lines", [{**keys, "line_no": n, "product_id": f"odd{n:02}"} for n in range(15)])
    assert timeless(judged(as_of=day)) == timeless(before)
    assert judged().report.last_day == YESTERDAY


@pytest.mark.once
def test_kinds_four_weeks_and_departments_that_are_left_out():
    settle()
    kinds = judged(level="kind", protocol="month")
    assert kinds.report.items == 11
    assert kinds.report.protocol.startswith("everything bought in the last 28 days")
    change_bundle_settings(
        actor=SYSTEM, at=AT, settings=BundleSettings(left_out_departments=["Other"], minimum_count=1)
    )
    assert judged().report.items == 12


@pytest.mark.once
def test_the_reason_of_no_answer_is_kept_and_can_be_read():
    assert "Import orders first" in judged().refusal.text
    settle(members=6, weeks=6)
    few = judged()
    assert few.is_refused
    assert few.report is None
    assert few.refusal.text.startswith("No member has 4 purchases or more; the most that anybody has is 3.")
    with translation.override("zh-hans"):
        assert few.refusal.text.startswith("没有会员购买过 4 次以上")
    short = judged(protocol="month")
    assert "days are known; the last four weeks can be judged from 56 days on" in short.refusal.text
    assert len(evaluations()) == 3


@pytest.mark.once
def test_a_day_that_is_not_over_and_unknown_strategies_change_nothing():
    settle()
    with pytest.raises(Refused, match="whole days"):
        judged(as_of=TODAY)
    with pytest.raises(Refused) as unknown:
        judged(strategies=["crystal-ball"])
    assert unknown.value.code == "strategy_unknown"
    with pytest.raises(Refused):
        request_evaluation(EvaluationInput(strategies=["crystal-ball"]), actor=SYSTEM, at=AT)
    assert not EvaluationRun.objects.exists()
    with pytest.raises(NotFound):
        evaluation("evl_none")


@pytest.mark.once
def test_a_process_of_its_own_says_the_same_and_why_not_and_ends_when_told(lake_home):
    question = Question(
        level="product",
        protocol="last",
        strategies=("popularity",),
        is_tuned=False,
        as_of=YESTERDAY,
        lake_root=str(lake_home),
        time_zone="UTC",
    )
    with pytest.raises(NotJudged, match="Nobody has bought anything"):
        judged_apart(question, tell=lambda *_told: None)
    settle()
    told = []
    apart = judged_apart(question, tell=lambda *said: told.append(said))
    assert "popularity" in {step for _done, _of, step in told}
    assert told[-1][2] == "intervals"
    assert apart["strategies"][0]["figures"]["ndcg@10"]["mean"] == mean(judged(), "popularity")

    class Stop(Exception):
        pass

    def stop(*_said):
        raise Stop

    with pytest.raises(Stop):
        judged_apart(question, tell=stop)


@pytest.mark.once
def test_api_lists_shows_and_queues_by_right():
    settle()
    found = judged()
    marketer, viewer = signed_in(), signed_in("viewer")
    heads = viewer.get("/api/v1/recommendations/evaluations", {"level": "product"}).json()
    assert [head["id"] for head in heads] == [found.id]
    assert "report" not in heads[0]
    assert viewer.get("/api/v1/recommendations/evaluations", {"level": "kind"}).json() == []
    body = viewer.get(f"/api/v1/recommendations/evaluations/{found.id}").json()
    assert body["report"]["strategies"][0]["figures"]["ndcg@10"]["mean"] > 0
    assert viewer.get("/api/v1/recommendations/evaluations/evl_none").status_code == 404

    def post(client, **wanted):
        csrf = {"content_type": "application/json"}
        return client.post("/api/v1/recommendations/evaluations", json.dumps(wanted), **csrf)

    assert post(viewer).status_code == 403
    assert post(marketer, level="shelf").status_code == 422
    assert post(marketer, strategies=["crystal-ball"]).status_code == 409
    answer = post(marketer, level="kind", protocol="month", strategies=["popularity"])
    assert (answer.status_code, answer.json()) == (202, {"level": "kind", "protocol": "month"})
    # Jobs run at once in tests, in a process of their own as they do at work.
    made = latest_evaluation(level="kind", protocol="month")
    assert made.report.last_day == YESTERDAY


@pytest.mark.once
def test_the_page_says_what_to_do_then_what_was_found_and_hands_it_out():
    client, viewer = signed_in(), signed_in("viewer")
    empty = client.get("/recommendations/strategies/").content.decode()
    assert "Not compared yet" in empty
    assert "Compare now" in empty
    assert "Compare now" not in viewer.get("/recommendations/strategies/").content.decode()
    judged()
    assert "Import orders first" in client.get("/recommendations/strategies/").content.decode()
    settle()
    found = judged(at=AT + timedelta(hours=1))
    page = client.get("/recommendations/strategies/", {"metric": "hit_rate"}).content.decode()
    for words in (
        "Members reached (hit rate)",
        "Most bought by the member, then popular",
        "Better than the simple rule?",
        "What they discover",
        "Earlier comparisons",
        "28 days",
    ):
        assert words in page
    assert client.get("/recommendations/strategies/", {"run": "evl_none"}).status_code == 404
    lines = client.get(f"/recommendations/strategies/{found.id}.csv").content.decode("utf-8-sig").splitlines()
    assert lines[0].startswith("strategy,metric,members,what,mean")
    assert any(line.startswith("popularity,ndcg@10,all,difference to gp-topfreq,-0.") for line in lines)
    whole = client.get(f"/recommendations/strategies/{found.id}.json").json()
    assert whole["id"] == found.id
    assert client.get(f"/recommendations/strategies/{found.id}.exe").status_code == 404
    assert client.get("/recommendations/strategies/progress/product/last/").status_code == 204
    assert client.get("/recommendations/strategies/progress/shelf/last/").status_code == 404
    assert viewer.post("/recommendations/strategies/evaluate/", {"level": "product"}).status_code == 403
    assert client.post("/recommendations/strategies/evaluate/", {"level": "shelf"}).status_code == 302
    assert len(evaluations()) == 2


@pytest.mark.once
def test_the_command_prints_what_is_kept():
    runner = CliRunner()
    assert runner.invoke(app, ["recommend", "report", "--kept"]).exit_code == 1
    settle()
    judged()
    printed = runner.invoke(app, ["recommend", "report", "--kept"], catch_exceptions=False)
    assert printed.exit_code == 0
    for words in ("Ties", "standard", "gp-topfreq", "baseline", "p (Holm)", "Repeats"):
        assert words in printed.output
    plain = runner.invoke(app, ["recommend", "report", "--kept", "--json"], catch_exceptions=False)
    assert json.loads(plain.stdout)["best"]
    assert runner.invoke(app, ["recommend", "report", "--strategies", "crystal-ball"]).exit_code == 1


@pytest.mark.once
def test_every_strategy_has_a_name_and_a_line_for_people():
    assert set(OWN) <= set(STRATEGIES) == set(DOES)
    assert all(label_of("strategy", name) != name for name in STRATEGIES)
