"""Kinds of members, what goes with what, the trend, and market segments: answered, shown, saved, and refused."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import numpy as np
import pytest
from django.test import Client

from shuke.apps.audiences.queries.evaluating import bench
from shuke.apps.audiences.schemas import parsed
from shuke.apps.insights.operations import build_traits, run_study
from shuke.apps.insights.operations.measuring import measured
from shuke.apps.insights.pages.saving import in_layers
from shuke.apps.insights.queries import layer_names, scheme_name
from shuke.apps.insights.rules.measures import kind_name
from shuke.apps.insights.schemas import StudyView
from shuke.platform.accounts.models import User
from shuke.platform.warehouse import lake
from tests.apps.insights.conftest import AT, TODAY, order

pytestmark = [pytest.mark.django_db, pytest.mark.once]

YESTERDAY = TODAY - timedelta(days=1)
DAYS = 280
#: How often the members of a kind come, what they pay, and at what hour: often and little, seldom and much.
DESIGNS = ((5, 900, 10), (25, 9000, 19))
EACH = 110
#: The quarter at whose beginning four of five members of the second kind and one of five of the first stay away.
QUARTER = 91
KINDS = ("kinds", "drivers", "trend", "market")


def shopping(rng: np.random.Generator) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Orders with their lines of two kinds of members."""
    orders, lines = [], []
    for number in range(2 * EACH):
        kind, day = number // EACH, float(rng.integers(0, 10))
        gap, paid, hour = DESIGNS[kind]
        last = DAYS - QUARTER if bool(number % 5) == bool(kind) else DAYS
        while day < last:
            at = datetime.combine(YESTERDAY - timedelta(days=DAYS - 1 - int(day)), time(hour), UTC)
            money = int(paid * rng.lognormal(0, 0.3))
            made = order(f"{number}-{len(orders)}", f"p{number:03}", days_ago=0, paid=money) | {
                "placed_at": at
            }
            made["store_id"] = "s1" if number % 3 else "s2"
            orders.append(made)
            keys = {key: made[key] for key in ("order_id", "person_key", "placed_at", "store_id")}
            lines += [
                {**keys, "line_no": n, "paid_minor": money // (1 + kind), "product_id": f"g{rng.integers(6)}"}
                for n in range(1 + kind)
            ]
            day += max(1.0, gap * rng.lognormal(0, 0.4))
    return orders, lines


@pytest.fixture
def town(put: Any) -> None:
    people = [f"p{n:03}" for n in range(2 * EACH)]
    put("identity_map", [{"person_key": p, "member_id": p} for p in [*people, "never"]])
    put("products", [{"product_id": f"g{n}", "name": f"G{n}", "category": f"c{n}"} for n in range(6)])
    put(
        "stores",
        [{"store_id": s, "sales_channel": "store", "name": s.upper(), "batch_id": "b"} for s in ("s1", "s2")],
    )
    orders, lines = shopping(np.random.default_rng(5))
    put("orders", orders)
    put("order_lines", lines)
    told = [(p, "gender", "female" if n < EACH else "male") for n, p in enumerate(people)]
    told += [(p, "taste", ("plain", "bold", "either")[n % 3]) for n, p in enumerate(people)]
    put(
        "member_attributes",
        [dict(zip(("person_key", "attribute", "value"), row, strict=True)) for row in told],
    )
    at = datetime.combine(YESTERDAY - timedelta(days=30), time(9), UTC)
    put("messages", [
        {"message_id": p, "campaign_id": "c1", "channel": "email", "person_key": p, "event": "sent",
         "occurred_at": at, "is_machine": False} for p in people[:EACH]
    ])  # fmt: skip
    put("costs", [{"cost_id": "1", "campaign_id": "c1", "kind": "media", "amount_minor": 2200, "currency": "CNY",
                   "incurred_on": at.date()}])  # fmt: skip
    build_traits(at=AT, as_of=YESTERDAY)


@pytest.fixture
def console() -> Client:
    signed = Client()
    signed.force_login(User.objects.create(username="ma", role="marketer", created_at=AT))
    return signed


def members(conditions: str) -> list[str]:
    with bench(as_of=TODAY) as found:
        return found.member_ids(parsed(json.loads(conditions)))


def test_the_four_questions(town: None, console: Client) -> None:
    found = {kind: run_study(kind, at=AT, as_of=YESTERDAY) for kind in KINDS}
    for study in found.values():
        assert study.refusal is None, study.refusal
        assert study.readings
    _kinds(found["kinds"])
    _drivers(found["drivers"])
    _trend(found["trend"])
    _market(found["market"])
    for kind in KINDS:
        for language in ("en", "zh-hans"):
            page = console.get(f"/insights/{kind}/", headers={"accept-language": language}).content.decode()
            assert found[kind].readings[0].sentence.split("{")[0] in page or language == "zh-hans"
            assert "data-chart" in page
    page = console.get("/insights/market/?by=taste").content.decode()
    assert "&quot;scheme&quot;: &quot;market:taste&quot;, &quot;layers&quot;: [&quot;bold&quot;]" in page


def _kinds(study: StudyView) -> None:
    """Who comes often is one kind, named by what sets it apart, and can be saved; the seldom are divided further."""
    kinds = study.result["kinds"]
    assert sum(kind["members"] for kind in kinds) == 2 * EACH
    assert {kind["code"] for kind in kinds} == set(layer_names("kind"))
    often = next(kind for kind in kinds if kind["medians"]["orders"] > 20)
    assert sum(kind["share"] for kind in kinds) == pytest.approx(1)
    assert members(in_layers("kind", often["code"])) == [f"p{n:03}" for n in range(EACH)]
    assert often["means"]["average_order_minor"] < -0.5


def _drivers(study: StudyView) -> None:
    """Most of the seldom ones stay away; nothing of the last quarter is known."""
    result = study.result
    assert result["day"] == (YESTERDAY - timedelta(days=QUARTER)).isoformat()
    outcome = next(one for one in result["outcomes"] if one["name"] == "came_back")
    assert outcome["yes_share"] == pytest.approx(0.5, abs=0.02)
    # With measures of today the days since the last order would tell the two apart without an exception.
    assert "refusal" not in outcome
    assert outcome["ratios"]
    assert {"first", "second", "value", "lower", "upper"} <= set(result["pairs"][0])
    for row in outcome["ratios"]:
        assert row["lower"] <= row["ratio"] <= row["upper"]


def _trend(study: StudyView) -> None:
    result = study.result
    parts = [sum(values) for values in zip(result["trend"], result["season"], result["rest"], strict=True)]
    assert parts == pytest.approx(result["revenue"], abs=3)
    # With the quarter most of those who pay much stayed away.
    left = YESTERDAY - timedelta(days=QUARTER)
    last = result["breaks"][-1]
    assert abs((date.fromisoformat(last["day"]) - left).days) <= 14
    assert last["after"] < last["before"]


def _market(study: StudyView) -> None:
    """Shares add up to the members with an identifier, who never bought included."""
    dimensions = {dimension["code"]: dimension for dimension in study.result["dimensions"]}
    assert {"gender", "taste", "favourite_store", "lifecycle_stage"} <= set(dimensions)
    assert {dimensions[code]["family"] for code in ("gender", "taste")} == {"demography", "psychography"}
    for dimension in dimensions.values():
        assert sum(row["members"] for row in dimension["segments"]) == 2 * EACH + 1
        assert sum(row["revenue_share"] for row in dimension["segments"]) == pytest.approx(1, abs=0.001)
    gender = {row["segment"]: row for row in dimensions["gender"]["segments"]}
    assert gender["female"]["cost_minor"] == 2200
    assert gender["male"]["cost_minor"] is None
    assert gender["female"]["growth"] is not None
    assert gender["female"]["year_growth"] is None
    assert gender["male"]["index"] > gender[""]["index"] == 0
    assert {row[1] for row in dimensions["gender"]["history"]} == {0, 1, 2}
    assert layer_names("market:gender") == {"female": "Female", "male": "Male", "unknown": "Unknown"}
    assert scheme_name("market:favourite_store") == "Market segment: Favourite store"
    assert members(in_layers("market:gender", "unknown")) == ["never"]
    with lake().read() as snapshot:
        rows = snapshot.table("member_layers").to_pyarrow().to_pylist()
    per_scheme = Counter((row["scheme"], row["member_id"]) for row in rows)
    assert set(per_scheme.values()) == {1}


def test_the_measures_of_a_past_day_know_nothing_of_what_came_after(town: None) -> None:
    """The study of odds reads measures of a day a quarter ago: the later orders must not be in them."""
    from shuke.apps.insights.operations.bought import bought_orders
    from shuke.apps.insights.operations.studying import _facts

    day = YESTERDAY - timedelta(days=QUARTER)
    with lake().read() as snapshot:
        facts = _facts(snapshot, kind="drivers", as_of=YESTERDAY, report=None)
        bought = bought_orders(facts)
        rows = measured(facts, bought, as_of=day)
        seen = measured(facts, bought.filter(bought.local_date <= day), as_of=day)
    assert rows == seen
    assert min(rows["recency_days"].to_pylist()) >= 0


def test_little_data_is_refused_in_words(shop: None, console: Client) -> None:
    build_traits(at=AT, as_of=YESTERDAY)
    for kind in ("kinds", "drivers"):
        study = run_study(kind, at=AT, as_of=YESTERDAY)
        assert study.refusal is not None
        assert study.refusal.text.startswith("Only 3 members bought")
        assert "Only 3 members bought" in console.get(f"/insights/{kind}/").content.decode()


def test_a_kind_is_named_by_what_sets_it_apart() -> None:
    means = {"orders": 1.0, "categories": 0.9, "discount_share": -0.5, "weekend_share": 0.1}
    alike = {("categories", "orders"): 0.8}
    assert kind_name(means, alike=alike) == ("orders:high", "discount_share:low")
    taken = frozenset({"orders:high+discount_share:low"})
    assert kind_name(means, alike=alike, taken=taken)[2:] == ("weekend_share:high",)
    nothing = dict.fromkeys(means, 0.05)
    assert kind_name(nothing, alike={}) == ("middling",)
    assert kind_name(nothing, alike={}, taken=frozenset({"middling"})) == ("orders:high",)
