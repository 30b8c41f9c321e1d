"""What a member is worth and who is about to leave: studies, pages, panel, audiences' layers, and refusals."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any

import numpy as np
import pytest
from django.template.loader import render_to_string
from django.test import Client

from shuke.apps.insights.operations import build_traits, run_study
from shuke.apps.insights.queries import latest_study
from shuke.apps.insights.queries.worth import most_at_risk, most_worth, worth_of
from shuke.apps.insights.schemas.worth import MemberWorth
from shuke.platform.accounts.models import User
from shuke.platform.warehouse import lake
from tests.apps.insights.conftest import AT, TODAY, order

YESTERDAY = TODAY - timedelta(days=1)
#: The first day of the shop's year.
DAYS = 260

pytestmark = pytest.mark.django_db


def year(*, members: int, seed: int = 1) -> list[dict[str, Any]]:
    """Members with cycles of their own; some leave for good, with each purchase one in twenty-five."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(members):
        cycle, scale, day = rng.lognormal(2.3, 0.6), rng.lognormal(8, 0.5), float(rng.integers(0, 60))
        while day < DAYS:
            at = datetime.combine(YESTERDAY - timedelta(days=DAYS - 1 - int(day)), time(12), UTC)
            rows.append(
                order(f"o{number}_{len(rows)}", f"p{number}", days_ago=0, paid=int(scale * rng.gamma(4) / 4))
                | {"placed_at": at}
            )
            if rng.random() < 0.04:
                break
            day += max(1.0, rng.lognormal(np.log(cycle), 0.4))
    return rows


@pytest.fixture
def town(put):
    put("identity_map", [{"person_key": f"p{n}", "member_id": f"mem_{n:03}"} for n in range(500)])
    put("orders", year(members=500))
    build_traits(at=AT, as_of=YESTERDAY)


@pytest.fixture
def console() -> Client:
    user = User.objects.create(username="ma", role="marketer", created_at=AT)
    signed = Client()
    signed.force_login(user)
    return signed


def rows_of(name: str) -> list[dict[str, Any]]:
    with lake().read() as snapshot:
        found: list[dict[str, Any]] = snapshot.table(name).to_pyarrow().to_pylist()
    return found


@pytest.mark.once
def test_values_and_risks_are_told_shown_and_kept_as_layers(town, console, put):
    for kind in ("lifetime", "churn"):
        study = run_study(kind, at=AT, as_of=YESTERDAY)
        assert study.refusal is None, study.refusal
        assert len(study.readings) == 4
    _values_are_whole()
    _risks_are_whole()
    _layers_divide_everybody()
    _lists_and_panel_agree()
    _pages_show_them(console)
    _accounts_merged_since_are_one_member(put)


def _values_are_whole() -> None:
    values = rows_of("lifetime_values")
    result = latest_study("lifetime").result
    assert len(values) == 500 == result["members"]
    assert sum(row["value_minor"] for row in values) == result["value_minor"]
    assert all(0 <= row["low_minor"] <= row["high_minor"] for row in values)
    assert all((row["probability_alive"] is None) != result["gate"]["is_identified"] for row in values)
    assert sum(row["share"] for row in result["layers"]) == pytest.approx(1)
    assert sum(row["members"] for row in result["deciles"]) == 500


def _risks_are_whole() -> None:
    risks = rows_of("churn_risks")
    result = latest_study("churn").result
    assert len(risks) == 500
    assert all(0 < row["probability"] < 1 for row in risks)
    assert sum(row["members"] for row in result["layers"]) == 500
    assert set(result["judgements"]) == {"classifier", "recency", "own_cycle", "gone", "no_orders"}
    assert result["judgements"]["classifier"]["auc"] > 0.8
    assert all(row["reason_1"] for row in risks if row["probability"] >= 0.5)


def _layers_divide_everybody() -> None:
    layers = rows_of("member_layers")
    by_value = [row["layer"] for row in layers if row["scheme"] == "value"]
    assert {name: by_value.count(name) for name in ("top", "high", "middle", "low")} == {
        "top": 25, "high": 75, "middle": 150, "low": 250,
    }  # fmt: skip
    risky = {row["member_id"] for row in layers if row["scheme"] == "churn" and row["layer"] == "high"}
    assert risky == {row["member_id"] for row in rows_of("churn_risks") if row["probability"] >= 0.5}


def _lists_and_panel_agree() -> None:
    best = most_worth(limit=3)
    values = sorted((row["value_minor"] for row in rows_of("lifetime_values")), reverse=True)
    assert [row.value_minor for row in best] == values[:3]
    first = most_at_risk(limit=1)[0]
    assert first.at_risk_minor == round(first.value_minor * first.probability)
    assert worth_of(first.member_id).at_risk_minor == first.at_risk_minor
    assert worth_of("mem_none") is None


def _pages_show_them(console: Client) -> None:
    page = console.get("/insights/lifetime/").content.decode()
    assert "What is a member worth?" in page
    assert most_worth(limit=1)[0].member_id in page
    # The button of a layer hands over the layer's condition.
    assert "&quot;scheme&quot;: &quot;value&quot;, &quot;layers&quot;: [&quot;top&quot;]" in page
    page = console.get("/insights/churn/").content.decode()
    assert most_at_risk(limit=1)[0].member_id in page
    assert (
        "&quot;scheme&quot;: &quot;churn&quot;, &quot;layers&quot;: [&quot;high&quot;, &quot;medium&quot;]"
        in page
    )
    assert "Longer away than usual" in page


def _accounts_merged_since_are_one_member(put: Callable[[str, list[dict[str, Any]]], None]) -> None:
    best, second = most_worth(limit=2)
    merged = {"person_key": best.member_id, "member_id": second.member_id, "kind": "member"}
    put("identity_map", [merged | {"valid_from": AT}])
    assert worth_of(best.member_id) is None
    assert worth_of(second.member_id).value_minor == best.value_minor
    assert [row.member_id for row in most_worth(limit=3)].count(second.member_id) == 1


def test_too_little_is_refused_in_words_and_an_old_answer_is_not_shown(shop, console, put):
    build_traits(at=AT, as_of=YESTERDAY)
    before = YESTERDAY - timedelta(days=7)
    for day in (YESTERDAY, before):
        risk = {
            "member_id": "mem_a",
            "as_of": day,
            "horizon_days": 30,
            "probability": 0.9,
            "silence_ratio": 1.0,
        }
        put("churn_risks", [risk | dict.fromkeys(("reason_1", "reason_2", "reason_3"))])
        layer = {"member_id": "mem_a", "as_of": day, "scheme": "churn", "layer": "high", "score": 0.9}
        put("member_layers", [layer])
    for kind in ("lifetime", "churn"):
        study = run_study(kind, at=AT, as_of=YESTERDAY)
        assert study.refusal is not None
        page = console.get(f"/insights/{kind}/").content.decode()
        assert study.refusal.text.split(":")[0] in page
    assert "needed are 50 members" in latest_study("lifetime").refusal.text
    assert "No chance is shown" in latest_study("churn").refusal.text
    assert most_worth() == most_at_risk() == []
    assert worth_of("mem_a") is None
    for table in ("churn_risks", "member_layers"):
        assert [row["as_of"] for row in rows_of(table)] == [before], (
            "what nobody stands by goes, other days stay"
        )


def test_a_range_from_nothing_to_nothing_is_said_in_words():
    """Worth much in few futures: nought to nought beside a high value would read like a mistake."""
    seldom = MemberWorth(
        member_id="mem_1", value_minor=90_000, low_minor=0, high_minor=0, expected_orders=0.4,
        value_horizon_days=364, probability=0.9, currency="USD",
    )  # fmt: skip
    often = seldom.model_copy(update={"high_minor": 120_000})
    panel = [render_to_string("insights/worth_panel.html", {"worth": worth}) for worth in (seldom, often)]
    rows = [render_to_string("insights/worth_rows.html", {"rows": [worth]}) for worth in (seldom, often)]
    assert ["nine of ten futures" in text for text in panel] == [True, False]
    assert ["nothing in nine of ten" in text for text in rows] == [True, False]
    assert ["$0.00 – $1,200.00" in text for text in rows] == [False, True]
