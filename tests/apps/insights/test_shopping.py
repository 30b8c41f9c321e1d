"""Affinity, replenishment, paths and attribution: answered from the lake, shown, and saved as audiences."""

from __future__ import annotations

import json
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from shuke.apps.audiences.queries.evaluating import bench
from shuke.apps.audiences.schemas import parsed
from shuke.apps.insights.operations import build_traits, run_study
from shuke.apps.insights.pages.affinity import bought_one
from shuke.apps.insights.pages.paths import _waiting
from shuke.apps.insights.pages.replenishment import is_due
from shuke.apps.insights.queries import QUESTIONS, latest_study
from shuke.apps.insights.queries.affinity import affinity_pairs
from shuke.apps.insights.queries.replenishment import due_next
from shuke.platform.accounts.models import User
from tests.apps.insights.conftest import AT, TODAY, order

pytestmark = pytest.mark.once

YESTERDAY = TODAY - timedelta(days=1)
MEMBERS = 40
RANGE = {
    "pasta": "Pasta",
    "sauce": "Sauces",
    "bread": "Bread",
    "milk": "Milk",
    "white": "Eggs",
    "brown": "Eggs",
}


def basket(member: int, week: int) -> list[str]:
    """Milk always; half of the members eggs; the even ones pasta, with sauce but for number 0; the odd bread."""
    goods = ["milk", ("white", "brown")[week % 2]] if member % 4 < 2 else ["milk"]
    if member % 2:
        return [*goods, "bread"]
    return [*goods, "pasta", "sauce"] if member and week % 2 else [*goods, "pasta"] if not week % 4 else goods


@pytest.fixture
def market(put: Any) -> None:
    """Forty members who come every week until yesterday; number 1 stopped 12 days ago; ``once`` came once, long ago."""
    people = [*(f"m{n:02}" for n in range(MEMBERS)), "once"]
    put("identity_map", [{"person_key": p, "member_id": p} for p in people])
    put(
        "products",
        [
            {
                "product_id": p,
                "name": p.title(),
                "category": c,
                "department": "Food" if c != "Eggs" else "Fresh",
            }
            for p, c in RANGE.items()
        ],
    )
    orders, lines = [], []
    for member in range(MEMBERS):
        for week in range(20):
            days_ago = 1 + member % 7 + 7 * week + (12 if member == 1 else 0)
            made = order(f"{member}-{week}", people[member], days_ago=days_ago)
            orders.append(made)
            keys = {
                name: made[name] for name in ("order_id", "person_key", "placed_at", "paid_minor", "store_id")
            }
            lines += [{**keys, "line_no": n, "product_id": p} for n, p in enumerate(basket(member, week), 1)]
    orders.append(order("once", "once", days_ago=100))
    put("orders", orders)
    put("order_lines", lines)
    at = datetime.combine(TODAY - timedelta(days=60), time(9), UTC)
    put(
        "messages",
        [
            {"message_id": f"{person}-{n}", "campaign_id": "c1", "channel": channel, "person_key": person,
             "event": event, "occurred_at": at + timedelta(days=n), "is_machine": False}
            for person in people for n, channel in enumerate(("email", "sms", "email"))
            for event in ("sent", "delivered")
        ],
    )  # fmt: skip
    build_traits(at=AT, as_of=YESTERDAY)


def study(kind: str) -> dict[str, Any]:
    """The answer, after a look at its page in both languages."""
    found = run_study(kind, at=AT, as_of=YESTERDAY)
    assert found.refusal is None
    client = Client()
    client.force_login(User.objects.get_or_create(username="ann", role="marketer", created_at=AT)[0])
    for language in ("en", "zh-hans"):
        page = client.get(reverse(QUESTIONS[kind].url_name), headers={"accept-language": language})
        assert page.status_code == 200
    asked = {
        "affinity": {"level": "product", "kind": "substitute", "sort": "baskets"},
        "paths": {"grain": "week", "measure": "revenue", "place": "store"},
        "attribution": {"by": "campaign"},
    }
    assert client.get(reverse(QUESTIONS[kind].url_name), asked.get(kind, {})).status_code == 200
    return found.result


def members(conditions: str) -> list[str]:
    with bench(as_of=TODAY) as found:
        return found.member_ids(parsed(json.loads(conditions)))


def test_what_goes_together_and_what_instead(market):
    top = study("affinity")["top"]
    pairs = {(p.left, p.right): p for p in affinity_pairs(level="category", kind="complement", text="pasta")}
    assert pairs["Sauces", "Pasta"].confidence == 1.0
    assert pairs["Sauces", "Pasta"].low > 1
    apart = affinity_pairs(level="product", kind="substitute", item="white")
    assert [(p.left_name, p.right_name, p.baskets) for p in apart] == [("White", "Brown", 0)]
    assert affinity_pairs(level="product", kind="complement", text="nothing like it") == []
    # Both directions stand in the table, the plain list shows one of them.
    plain = affinity_pairs(level="category", kind="complement")
    assert len({frozenset((p.left, p.right)) for p in plain}) == len(plain)
    row = next(r for r in top if (r["left"], r["right"]) == ("Sauces", "Pasta"))
    assert (row["buyers"], row["open"]) == (19, 0)
    # The product's own page says so, too.
    client = Client()
    client.force_login(User.objects.get(username="ann"))
    page = client.get(reverse("commerce:product", args=["white"])).content.decode()
    assert "Taken instead of it" in page
    assert reverse("commerce:product", args=["brown"]) in page
    # Who bought one and not the other is an audience.
    assert members(bought_one("Pasta", "Sauces", level="category")) == ["m00"]
    assert members(bought_one("pasta", "sauce", level="product")) == ["m00"]


def test_the_next_one_is_due_a_cycle_after_the_last(market):
    result = study("replenishment")
    milk = next(d for d in due_next("m03", limit=20) if d.category == "Milk")
    last = TODAY - timedelta(days=1 + 3)
    assert (milk.last_date, milk.purchases, milk.is_overdue) == (last, 20, False)
    assert milk.due_date == last + timedelta(days=7)
    assert milk.earliest <= milk.due_date <= milk.latest
    assert next(d for d in due_next("m01", limit=20) if d.category == "Milk").is_overdue
    assert due_next("once") == []
    assert result["quality"]["inside"] > 0.9
    assert result["quality"]["error_days"] < 1
    # The audiences are those that the page counts.
    row = next(r for r in result["categories"] if r["category"] == "Milk")
    assert len(members(is_due("Milk"))) == row["due"] == MEMBERS - 1
    assert members(is_due("Milk", overdue=True)) == ["m01"]
    assert len(members(is_due(""))) == result["due_members"]
    assert sum(day["members"] for day in result["calendar"]) >= MEMBERS - 1


def test_ways_and_the_second_purchase(market):
    result = study("paths")
    assert result["second"] == {"middle_days": 7.0, "usual_days": 7, "waiting": 1, "overdue": 1}
    assert members(_waiting(7)) == ["once"]
    reached = result["funnels"]["windows"]["30"]
    assert [step["members"] for step in reached] == [MEMBERS + 1, MEMBERS, MEMBERS, MEMBERS, MEMBERS]
    assert sum(row["orders"] for row in result["hours"]) == MEMBERS * 20 + 1
    first = [row for row in result["ways"]["department"] if row["step"] == 1]
    assert sum(row["members"] for row in first) == MEMBERS + 1
    assert {row["target"]: row["members"] for row in first if row["source"] == "other"}[""] == 1


def test_every_rule_gives_out_what_followed(market):
    found = study("attribution")["dimensions"]["channel"]
    assert [row["name"] for row in found["channels"]] == ["email", "sms"]
    for method in found["channels"][0]["conversions"]:
        assert sum(row["conversions"][method] for row in found["channels"]) == pytest.approx(found["total"])
    # A message that was sent and delivered is one touch; ``once`` bought nothing afterwards.
    assert found["touches"] == 3 * (MEMBERS + 1)
    assert found["paths"] > found["total"]


def test_with_too_little_the_reason_is_told(shop):
    build_traits(at=AT, as_of=YESTERDAY)
    for kind in ("affinity", "replenishment", "attribution"):
        assert run_study(kind, at=AT, as_of=YESTERDAY).is_refused, kind
    assert latest_study("affinity").refusal.text.startswith("Only 0 baskets")
