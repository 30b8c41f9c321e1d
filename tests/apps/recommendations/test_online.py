"""The competition in a slot: counted, judged in words, learned from; each on shoppers whose taste is known."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from shuke.apps.experiments.models import Experiment
from shuke.apps.experiments.operations import expose
from shuke.apps.recommendations.models import BanditArm, BanditDay, Slot
from shuke.apps.recommendations.operations.competition import count_online
from shuke.apps.recommendations.operations.learning import learn
from shuke.apps.recommendations.operations.slots import create_slot, go_live
from shuke.apps.recommendations.queries.bandits import current_posteriors, posteriors
from shuke.apps.recommendations.queries.online import online_view
from shuke.apps.recommendations.queries.slots import slot
from shuke.apps.recommendations.schemas import SlotInput
from shuke.platform.accounts.models import User
from shuke.platform.errors import NotFound
from shuke.platform.outbox.relay import drain
from shuke.platform.permissions import SYSTEM
from shuke.platform.warehouse import lake
from tests.apps.recommendations import shoppers
from tests.apps.recommendations.shoppers import Taste
from tests.apps.recommendations.slot_shop import signed_in

pytestmark = pytest.mark.django_db
FIRST = date(2025, 3, 3)
BEFORE = datetime(2025, 3, 2, 12, tzinfo=UTC)


def night(days: int) -> datetime:
    return datetime(2025, 3, 3, 23, 50, tzinfo=UTC) + timedelta(days=days)


def competing(code="home", arms=(("usual", "popularity"), ("new", "up-cf")), bandit=()):
    setup = SlotInput(
        code=code,
        name=code,
        arms=[{"name": name, "strategy": strategy} for name, strategy in arms],
        bandit=list(bandit),
    )
    create_slot(actor=SYSTEM, at=BEFORE, slot=setup)
    go_live(actor=SYSTEM, at=BEFORE, code=code)
    # The draw of arms depends on the experiment's id: the same at every run.
    Experiment.objects.update(public_id=f"exp_{code}")
    Slot.objects.filter(code=code).update(experiment_id=f"exp_{code}")
    return slot(code)


@pytest.mark.once
def test_the_better_arm_is_found_and_named(lake_home):
    view = competing()
    shoppers.settle(members=400)
    tastes = {"popularity": Taste(0.06, 0.10), "up-cf": Taste(0.12, 0.30)}
    shoppers.play("home", tastes, first=FIRST, days=8, members=400, rng=np.random.default_rng(1))
    report = count_online("home", at=night(8))
    usual, new = report.arms
    assert (usual.arm, new.arm, usual.strategy) == ("usual", "new", "popularity")
    assert usual.units + new.units <= 400
    assert report.sample_ratio.p_value > 0.001
    assert usual.click_rate.low < 0.06 < usual.click_rate.high
    assert new.click_rate.low < 0.12 < new.click_rate.high
    assert new.revenue.low < 150 < new.revenue.high
    assert report.readings[0].sentence.startswith("{arm} earns {difference_minor} more")
    assert report.readings[0].values["arm"] == "new"
    # Clicks fall with the place, and everything shown is in the catalogue.
    first, *_, last = [place for place in report.places if place.arm == "new"]
    assert first.clicked / first.shown > last.clicked / last.shown
    assert 0 < new.coverage <= 1
    assert online_view("home").report == report
    assert view.experiment_id == report.experiment_id


@pytest.mark.once
def test_lift_is_read_of_all_that_exposed_members_bought(lake_home):
    view = competing()
    shoppers.settle(members=60)
    tastes = {"popularity": Taste(0.1, 0.2), "up-cf": Taste(0.1, 0.2)}
    shoppers.play("home", tastes, first=FIRST, days=2, members=60, rng=np.random.default_rng(2))
    assert count_online("home", at=night(2)).effect is None
    # The answers' log tells the experiment whom it met (test_listing); here the test does.
    with lake().read() as snapshot:
        lists = snapshot.table("recommendation_lists").to_pyarrow().to_pylist()
    met = {row["person_key"]: row["arm"] for row in lists}
    expose(
        experiment_id=view.experiment_id,
        campaign_id=None,
        assignments={key.replace("k", "mem_"): arm for key, arm in met.items()},
        at=BEFORE,
        person_keys={key.replace("k", "mem_"): key for key in met},
    )
    drain()
    report = count_online("home", at=night(2))
    assert {a["arm"]: a["members"] for a in report.effect["arms"]} == {a.arm: a.units for a in report.arms}
    assert sum(a["orders"] for a in report.effect["arms"]) == sum(a.converted for a in report.arms)


def test_too_early_says_so_and_nothing_at_all_says_what_to_do(lake_home):
    competing()
    report = count_online("home", at=night(0))
    assert report.readings == []
    assert [arm.lists for arm in report.arms] == [0, 0]
    shoppers.settle(members=50)
    tastes = {"popularity": Taste(0.0, 0.0), "up-cf": Taste(0.9, 0.9)}
    shoppers.play("home", tastes, first=FIRST, days=2, members=50, rng=np.random.default_rng(3))
    assert count_online("home", at=night(2)).readings[0].sentence.startswith("Too early: {days}")
    with pytest.raises(NotFound):
        count_online("nowhere", at=night(0))


def bandit_slot():
    arms = (("fixed", "popularity"), ("learning", "thompson"))
    return competing("till", arms, bandit=("popularity", "up-cf"))


@pytest.mark.once
def test_the_bandit_learns_which_is_better_and_its_regret_stays_below_a_uniform_choice(lake_home):
    bandit_slot()
    shoppers.settle(members=500)
    tastes = {"popularity": Taste(0.03, 0), "up-cf": Taste(0.15, 0)}
    shoppers.play("till", tastes, first=FIRST, days=12, members=500, rng=np.random.default_rng(5))
    learn(at=night(12))
    bandit = online_view("till").bandit
    chances = {one.strategy: one.chance for one in bandit.strategies}
    assert chances["up-cf"] > 0.9
    known = {one.strategy: one.rate for one in bandit.strategies}
    assert known["up-cf"].low < 0.15 < known["up-cf"].high
    assert bandit.days[-1].bandit < 0.7 * bandit.days[-1].uniform
    assert bandit.days[-1].shares["up-cf"] > bandit.days[0].shares["up-cf"]
    policies = {one.strategy: one.snips for one in count_online("till", at=night(12)).policies}
    assert policies["up-cf"].low < 0.15 < policies["up-cf"].high


def test_learning_again_and_late_events_give_the_same_numbers_as_everything_at_once(lake_home):
    """Exactly once without a ledger: a run counts days anew; a click that came late moves its list."""
    bandit_slot()
    shoppers.settle(members=300)
    tastes = {"popularity": Taste(0.3, 0), "up-cf": Taste(0.3, 0)}
    shoppers.play("till", tastes, first=FIRST, days=3, members=300, rng=np.random.default_rng(5))
    at = night(3)
    learn(at=at)
    once = list(
        BanditDay.objects.order_by("day", "strategy").values_list("strategy", "day", "lists", "taken")
    )
    beliefs = current_posteriors("till")
    learn(at=at)
    learn(at=at, days=90)
    assert (
        list(BanditDay.objects.order_by("day", "strategy").values_list("strategy", "day", "lists", "taken"))
        == once
    )
    assert current_posteriors("till") == beliefs
    # An older run that ends later changes nothing.
    learn(at=at - timedelta(days=1))
    assert current_posteriors("till") == beliefs
    with lake().read() as snapshot:
        lists = snapshot.table("recommendation_lists")
        clicked = {
            e["properties"].split('"')[3]
            for e in snapshot.table("events")
            .filter(lambda t: t.name == "Product Clicked")
            .to_pyarrow()
            .to_pylist()
        }
        row = next(
            r
            for r in lists.to_pyarrow().to_pylist()
            if r["list_id"] not in clicked and r["local_date"] == FIRST
        )
    late = shoppers._event(
        "Product Clicked",
        row["list_id"],
        key=row["person_key"],
        at=row["listed_at"] + timedelta(hours=5),
        product="p1",
    )
    shoppers.put("events", [late, {**late, "message_id": "twice"}])
    learn(at=at)
    changed = {
        (s, d): t for s, d, _l, t in BanditDay.objects.values_list("strategy", "day", "lists", "taken")
    }
    before = {(s, d): t for s, d, _l, t in once}
    assert {k: changed[k] - before[k] for k in changed if changed[k] != before[k]} == {
        (row["strategy"], FIRST): 1
    }


def test_the_servers_copy_is_kept_for_seconds_and_nobody_unknown_has_beliefs(lake_home, monkeypatch):
    bandit_slot()
    assert posteriors("nobody") == {}
    from shuke.apps.recommendations.queries import bandits

    assert posteriors("till") == {}
    row = BanditArm.objects.create(
        slot=Slot.objects.get(),
        arm="up-cf",
        taken=3,
        left=7,
    )
    assert posteriors("till") == {}
    monkeypatch.setattr(bandits.time, "monotonic", lambda: 1e12)
    assert posteriors("till") == {"up-cf": (4.0, 26.0)}
    row.delete()


def test_the_page_says_what_to_do_then_what_was_found(lake_home):
    client = signed_in("viewer")
    assert client.get("/recommendations/slots/nowhere/online/").status_code == 404
    bandit_slot()
    empty = client.get("/recommendations/slots/till/online/").content.decode()
    assert "No list has been counted yet" in empty
    assert "/api/v1/recommendations/till?member=" in empty
    shoppers.settle(members=80)
    tastes = {"popularity": Taste(0.1, 0.2), "up-cf": Taste(0.3, 0.4)}
    shoppers.play("till", tastes, first=FIRST, days=2, members=80, rng=np.random.default_rng(6))
    assert client.post("/recommendations/slots/till/online/count/").status_code == 403
    editor = signed_in("marketer")
    # Jobs run at once here; the count is of today, which is long after.
    assert editor.post("/recommendations/slots/till/online/count/").status_code == 302
    count_online("till", at=night(2))
    with CaptureQueriesContext(connection) as queries:
        page = client.get("/recommendations/slots/till/online/").content.decode()
    assert len(queries) < 25
    assert "Too early: 2 of at least 7 days have lists." in page
    assert "What Thompson sampling has learned" in page
    assert "If one strategy always answered" in page
    assert "How a shop asks and tells" not in page
    found = client.get("/api/v1/recommendations/slots/till/online").json()
    assert [arm["arm"] for arm in found["report"]["arms"]] == ["fixed", "learning"]
    assert {one["strategy"] for one in found["bandit"]["strategies"]} == {"popularity", "up-cf"}
    assert client.get("/api/v1/recommendations/slots/nowhere/online").status_code == 404
    User.objects.update(language="zh-hans")
    assert "哪种策略带来的收入更多" in client.get("/recommendations/slots/till/online/").content.decode()
