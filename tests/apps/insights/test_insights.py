from datetime import timedelta

import pytest
from django.test import Client

from shuke.apps.insights import rules
from shuke.apps.insights.models import TraitsBuild
from shuke.apps.insights.operations import build_traits
from shuke.apps.insights.queries import latest_build, overview, portrait, traits_of
from shuke.apps.insights.rules import Situation, period_until
from shuke.platform.accounts.models import User
from shuke.platform.audit.models import AuditEntry
from shuke.platform.errors import Refused
from shuke.platform.warehouse import lake
from tests.apps.insights.conftest import AT, TODAY, order

YESTERDAY = TODAY - timedelta(days=1)


def kpis(found):
    return {kpi.name: kpi for kpi in found.kpis}


def test_the_overview_counts_the_period_and_the_one_before(shop):
    found = kpis(overview(today=TODAY, days=28))
    assert (found["orders"].value, found["orders"].before) == (4 + 1, 4 + 1)
    assert (found["revenue"].value, found["revenue"].before) == (4700, 9000)
    assert found["revenue"].change == pytest.approx((4700 - 9000) / 9000)
    assert (found["active_members"].value, found["new_members"].value, found["new_members"].before) == (
        2,
        1,
        0,
    )
    assert found["average_order"].value == 940
    assert (found["repeat_rate"].value, found["repeat_rate"].before) == (0.5, 0.5)


def test_today_is_not_over_and_not_counted(shop, put):
    put("orders", [order("today", "a", days_ago=0, paid=99)])
    found = overview(today=TODAY, days=28)
    assert found.last_day == YESTERDAY
    assert kpis(found)["revenue"].value == 4700
    assert sum(point.revenue_minor for point in found.trend) == 4700
    assert sum(point.revenue_before_minor for point in found.trend) == 9000
    assert len(found.trend) == 28


@pytest.mark.parametrize(("late", "last_day"), [(1, 1), (6, 6), (8, 8), (9, 1)])
def test_orders_that_arrive_late_are_no_collapse(put, late, last_day):
    put("identity_map", [{"person_key": "a", "member_id": "mem_a"}])
    put("orders", [order(f"a{day}", "a", days_ago=day) for day in range(late, 60)])
    found = overview(today=TODAY, days=28)
    assert found.last_day == TODAY - timedelta(days=last_day)
    assert len(found.trend) == 28


def test_data_that_began_within_the_period_before_is_not_compared_with(shop):
    found = kpis(overview(today=TODAY, days=91))
    assert (found["revenue"].before, found["revenue"].change) == (None, None)


def test_refunds_lower_the_revenue_of_their_order(shop, put):
    put(
        "refunds",
        [
            {
                "refund_id": "r",
                "order_id": "c1",
                "person_key": "c",
                "refunded_at": AT - timedelta(days=1),
                "amount_minor": 200,
            }
        ],
    )
    assert kpis(overview(today=TODAY, days=28))["revenue"].value == 4500


def test_an_empty_lake_has_an_overview_that_says_so():
    found = overview(today=TODAY)
    assert not found.has_orders
    assert (found.alerts, found.lifecycle) == ([], [])
    assert portrait() is None
    assert latest_build() is None
    assert traits_of("mem_a") is None


def test_a_build_is_found_again_and_repeating_it_changes_nothing(shop):
    first = build_traits(at=AT, as_of=YESTERDAY)
    again = build_traits(at=AT, as_of=YESTERDAY)
    assert (first.members, again.members, TraitsBuild.objects.count()) == (4, 4, 1)
    with lake().read() as snapshot:
        assert snapshot.table("traits").count().to_pyarrow().as_py() == 4
    assert AuditEntry.objects.filter(verb="traits.built").count() == 2


def test_a_build_of_another_day_leaves_the_first(shop):
    build_traits(at=AT, as_of=YESTERDAY)
    build_traits(at=AT, as_of=YESTERDAY - timedelta(days=30))
    assert latest_build().as_of == YESTERDAY
    assert traits_of("mem_c").orders_total == 1
    with lake().read() as snapshot:
        assert snapshot.table("traits").count().to_pyarrow().as_py() == 8


def test_a_day_that_is_not_over_is_refused(shop):
    with pytest.raises(Refused) as refused:
        build_traits(at=AT, as_of=TODAY)
    assert refused.value.code == "day_not_over"
    assert latest_build() is None


def test_the_portrait_leaves_nobody_out(shop):
    build_traits(at=AT, as_of=YESTERDAY)
    found = portrait()
    assert sum(stage.members for stage in found.lifecycle) == 4
    assert sum(segment.members for segment in found.segments) == 3
    assert sum(cell.members for cell in found.matrix) == 3
    assert {row["measure"] for row in found.build.thresholds} == {"recency", "frequency", "monetary"}
    assert traits_of("mem_d").lifecycle_stage == "prospect"
    assert traits_of("mem_a").favourite_store == "s1"


def situation(**more):
    given = {
        "today": TODAY, "revenue_change": 0.0, "traits_as_of": YESTERDAY,
        "has_orders": True, "stages": {}, "rejected_rows": 0,
    }  # fmt: skip
    return Situation(**{**given, **more})


@pytest.mark.parametrize(
    ("facts", "codes"),
    [
        ({}, []),
        ({"revenue_change": -0.2}, ["revenue_falls"]),
        ({"revenue_change": -0.05}, []),
        ({"traits_as_of": None}, ["traits_missing"]),
        ({"traits_as_of": None, "has_orders": False}, []),
        ({"traits_as_of": TODAY - timedelta(days=3)}, ["traits_stale"]),
        ({"rejected_rows": 7}, ["rows_rejected"]),
        ({"stages": {"at_risk": 3, "active": 7}}, ["many_at_risk"]),
        ({"stages": {"at_risk": 1, "active": 9, "prospect": 90}}, ["members_at_risk"]),
    ],
)
def test_alerts(facts, codes):
    assert [code for code, _number in rules.alerts(situation(**facts))] == codes


def test_periods_meet_without_a_gap():
    period = period_until(YESTERDAY, days=28)
    assert (period.days, period.before().days) == (28, 28)
    assert period.before().last + timedelta(days=1) == period.first


@pytest.fixture
def client():
    user = User(username="ann", role="analyst", created_at=AT)
    user.set_password("a long password")
    user.save()
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.once
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_pages_answer_empty_and_full_in_both_languages(client, shop, language):
    for url in ("/", "/?days=7", "/?days=nonsense", "/insights/", "/insights/portrait/"):
        assert client.get(url, headers={"accept-language": language}).status_code == 200
    assert client.post("/insights/build/").status_code == 302
    for url in ("/", "/insights/", "/insights/portrait/"):
        assert client.get(url, headers={"accept-language": language}).status_code == 200


def test_a_viewer_may_look_and_not_build(shop):
    user = User.objects.create(username="vic", role="viewer", created_at=AT)
    client = Client()
    client.force_login(user)
    assert client.get("/insights/").status_code == 200
    assert client.post("/insights/build/").status_code == 403
    assert latest_build() is None
