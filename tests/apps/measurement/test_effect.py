"""The report of a campaign, read from a real lake: Hillstrom's test and small worlds."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shuke.apps.measurement.queries import campaign_effect
from shuke.apps.measurement.rules import increment, roi
from shuke.platform.warehouse import lake
from shuke.tables import TABLES
from tests.science.conftest import DEFAULTS

HILLSTROM = Path(__file__).parents[2] / "data" / "hillstrom.parquet"
SENT = datetime(2025, 3, 10, 9, tzinfo=UTC)
UNTIL = SENT + timedelta(days=14)
pytestmark = [pytest.mark.django_db, pytest.mark.once]


def put(name, rows):
    schema = TABLES[name].arrow_schema
    day = {"local_date": SENT.date(), "local_month": "2025-03", "local_hour": 9}
    lake().append(
        name, pa.Table.from_pylist([{**day, **DEFAULTS.get(name, {}), **row} for row in rows], schema=schema)
    )


@pytest.fixture(autouse=True)
def _own_lake(settings, tmp_path):
    settings.LAKE_ROOT = tmp_path / "lake"


def columns(name, count, **given):
    """A table of ``count`` rows, made of whole columns: 64,000 rows are slow to make one by one."""
    day = {"local_date": SENT.date(), "local_month": "2025-03", "local_hour": 9}
    constants = {**DEFAULTS.get(name, {}), **day}
    arrays = []
    for field in TABLES[name].arrow_schema:
        value = given.get(field.name, constants.get(field.name))
        is_column = isinstance(value, list)
        arrays.append(pa.array(value if is_column else [value] * count, field.type))
    return pa.Table.from_arrays(arrays, schema=TABLES[name].arrow_schema)


@pytest.fixture
def hillstrom():
    rows = pq.read_table(HILLSTROM).to_pydict()
    keys = [f"k{member}" for member in rows["member"]]
    later = SENT + timedelta(days=1)
    before = SENT - timedelta(days=40)
    store = lake()
    store.append(
        "identity_map",
        columns("identity_map", len(keys), person_key=keys, member_id=[f"m{key}" for key in keys]),
    )
    store.append(
        "exposures",
        columns(
            "exposures",
            len(keys),
            person_key=keys,
            arm=rows["arm"],
            assigned_at=SENT,
            eligible_at=SENT,
            campaign_id="cmp_h",
        ),
    )
    bought = [i for i, converted in enumerate(rows["conversion"]) if converted]
    store.append(
        "orders",
        columns(
            "orders",
            len(bought),
            order_id=[f"o{i}" for i in bought],
            person_key=[keys[i] for i in bought],
            placed_at=later,
            paid_minor=[rows["spend_minor"][i] for i in bought],
        ),
    )  # fmt: skip
    store.append(
        "orders",
        columns(
            "orders",
            len(keys),
            order_id=[f"h{key}" for key in keys],
            person_key=keys,
            placed_at=before,
            paid_minor=rows["history_minor"],
        ),
    )
    came = [i for i, visited in enumerate(rows["visit"]) if visited]
    store.append(
        "events",
        columns(
            "events",
            len(came),
            message_id=[f"e{i}" for i in came],
            person_key=[keys[i] for i in came],
            occurred_at=later,
            received_at=later,
        ),
    )


WEIGHTS = {"control": 1, "mens": 1, "womens": 1}


def test_hillstroms_campaign_gives_the_known_figures_to_the_last_digit(hillstrom):
    report = campaign_effect(experiment_id="exp", until=UNTIL, weights=WEIGHTS)
    arms = {arm.arm: arm for arm in report.arms}
    assert [arm.arm for arm in report.arms] == ["control", "mens", "womens"]
    assert [round(100 * arms[a].visits_per_member, 4) for a in arms] == [10.6167, 18.2757, 15.14]
    assert [round(100 * arms[a].conversion, 4) for a in arms] == [0.5726, 1.2531, 0.8837]
    assert [round(arms[a].revenue_per_member_minor / 100, 6) for a in arms] == [0.652789, 1.422617, 1.077202]
    lifts = {lift.arm: lift for lift in report.lifts if lift.metric == "revenue"}
    found = {
        arm: [round(x / 100, 6) for x in (lift.difference, lift.lower, lift.upper)]
        for arm, lift in lifts.items()
    }
    assert found == {"mens": [0.769827, 0.48514, 1.054515], "womens": [0.424412, 0.168957, 0.679868]}
    assert {arm: round(p, 6) for arm, p in report.sample_ratio.p_values.items()} == {
        "mens": 1.0,
        "womens": 0.698624,
    }
    assert not report.sample_ratio.is_mismatch


def test_cuped_narrows_hillstroms_interval_and_says_so(hillstrom):
    plain = campaign_effect(experiment_id="exp", until=UNTIL)
    cuped = campaign_effect(experiment_id="exp", until=UNTIL, cuped=True)
    width = [
        next(x.upper - x.lower for x in r.lifts if (x.metric, x.arm) == ("revenue", "mens"))
        for r in (cuped, plain)
    ]
    assert width[0] < width[1]
    assert (cuped.is_adjusted, plain.is_adjusted, plain.variance_removed, plain.sample_ratio) == (
        True,
        False,
        None,
        None,
    )
    assert 0 < cuped.variance_removed < 0.01


def small_world(*, is_randomised=True, arms=("control", "treated")):
    people = [f"p{number}" for number in range(8)]
    put("identity_map", [{"person_key": p, "member_id": f"m{p}"} for p in people])
    put(
        "exposures",
        [
            {
                "person_key": p,
                "arm": arms[i % len(arms)],
                "assigned_at": SENT,
                "eligible_at": SENT,
                "campaign_id": "cmp",
                "is_randomised": is_randomised,
            }
            for i, p in enumerate(people)
        ],
    )
    put(
        "orders",
        [
            {
                "order_id": f"o{i}",
                "person_key": p,
                "placed_at": SENT + timedelta(hours=i),
                "paid_minor": 1000 + 100 * i,
            }
            for i, p in enumerate(people[:6])
        ],
    )


def test_a_campaign_that_was_not_randomised_is_reported_without_a_lift():
    small_world(is_randomised=False)
    report = campaign_effect(experiment_id="exp", until=UNTIL, weights={"control": 1, "treated": 1})
    assert (report.is_randomised, report.no_lift_reason, report.lifts, report.sample_ratio) == (
        False,
        "not_randomised",
        [],
        None,
    )
    assert (report.roi, report.incremental_revenue) == (None, None)
    assert sum(arm.revenue_minor for arm in report.arms) == sum(1000 + 100 * i for i in range(6))


def test_without_a_control_there_is_no_lift():
    small_world(arms=("treated",))
    assert campaign_effect(experiment_id="exp", until=UNTIL).no_lift_reason == "no_control"


def test_nobody_exposed_gives_an_empty_report_on_an_empty_lake():
    report = campaign_effect(experiment_id="none", until=UNTIL)
    assert (report.no_lift_reason, report.arms, report.since) == ("nobody_exposed", [], None)
    assert [step.messages for step in report.funnel] == [0] * 6


def test_the_funnel_leaves_scanners_out_and_counts_a_click_as_an_opening():
    small_world()
    seen = [
        ("1", "p1", "queued"), ("1", "p1", "sent"), ("1", "p1", "delivered"), ("1", "p1", "clicked"),
        ("2", "p3", "queued"), ("2", "p3", "sent"),
        ("3", "p5", "queued"), ("3", "p5", "bounced"),
        ("4", "p7", "queued"), ("4", "p7", "sent"), ("4", "p7", "delivered"), ("4", "p7", "opened"),
    ]  # fmt: skip
    common = {"channel": "email", "campaign_id": "cmp", "occurred_at": SENT}
    put(
        "messages",
        [{**common, "message_id": m, "person_key": p, "event": e, "is_machine": False} for m, p, e in seen],
    )
    put(
        "messages",
        [{**common, "message_id": "2", "person_key": "p3", "event": "clicked", "is_machine": True}],
    )
    report = campaign_effect(experiment_id="exp", until=UNTIL)
    counts = {step.step: step.messages for step in report.funnel}
    assert counts == {"queued": 4, "sent": 3, "delivered": 3, "opened": 2, "clicked": 1, "ordered": 2}
    assert report.funnel[1].share_of_previous == 0.75


def test_costs_of_the_campaign_make_the_return():
    small_world()
    put(
        "costs",
        [
            {
                "cost_id": "c1",
                "campaign_id": "cmp",
                "kind": "message",
                "amount_minor": 400,
                "currency": "CNY",
                "incurred_on": date(2025, 3, 10),
            },
            {
                "cost_id": "c2",
                "campaign_id": "other",
                "kind": "message",
                "amount_minor": 9,
                "currency": "CNY",
                "incurred_on": date(2025, 3, 10),
            },
        ],
    )
    report = campaign_effect(experiment_id="exp", until=UNTIL)
    assert report.cost_minor == 400
    value = report.incremental_revenue.value_minor
    assert value == (1100 + 1300 + 1500) - (1000 + 1200 + 1400)
    assert report.incremental_revenue.lower_minor < value < report.incremental_revenue.upper_minor
    assert report.roi == pytest.approx((value - 400) / 400)


def test_no_cost_and_no_lift_give_no_return():
    assert roi(incremental_minor=100, cost_minor=0) is None
    assert roi(incremental_minor=None, cost_minor=5) is None
    assert increment([], members={}) is None
