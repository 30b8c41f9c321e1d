"""What will sell: forecasts that add up, are kept with their origin, and are judged when their weeks have come."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.test import Client

from shuke.apps.insights.operations import build_traits, forecast, run_study
from shuke.apps.insights.operations.forecast import HORIZON
from shuke.platform.accounts.models import User
from shuke.platform.audit.models import AuditEntry
from shuke.platform.warehouse import lake
from tests.apps.insights.conftest import AT, TODAY, order

#: A Sunday, eight weeks before the newest one.
EARLIER, NEWEST = date(2025, 5, 4), date(2025, 6, 29)
WEEKS = 40
GOODS = {"tea": ("drinks", "hot"), "cola": ("drinks", "cold"), "milk": ("dairy", "fresh")}


def sales(weeks: int) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    """Orders and lines of so many weeks up to yesterday: tea steady, cola rising, milk now and then."""
    orders, lines = [], []
    for back in range(weeks):
        number, store = f"w{back}", f"s{back % 2 + 1}"
        placed = order(number, "a", days_ago=7 * back + 2, paid=0) | {"store_id": store}
        orders.append(placed)
        amounts = {
            "tea": 10_000 + 700 * (back % 3),
            "cola": 200 * (weeks - back),
            "milk": 900 if back % 4 == 0 else 0,
        }
        for place, (product, paid) in enumerate(amounts.items(), start=1):
            if paid:
                lines.append(
                    {
                        "order_id": number, "line_no": place, "person_key": "a", "placed_at": placed["placed_at"],
                        "product_id": product, "store_id": store, "paid_minor": paid,
                    }
                )  # fmt: skip
    return orders, lines


@pytest.fixture
def sold(put):
    def fill(weeks: int) -> None:
        put("identity_map", [{"person_key": "a", "member_id": "mem_a"}])
        put(
            "products",
            [
                {"product_id": p, "name": p.title(), "department": d, "category": c}
                for p, (d, c) in GOODS.items()
            ],
        )
        orders, lines = sales(weeks)
        put("orders", orders)
        put("order_lines", lines)

    return fill


def answered(day: date):
    build_traits(at=AT, as_of=day)
    return run_study("forecast", at=AT, as_of=day)


def stored(day: date) -> list[dict[str, object]]:
    with lake().read() as snapshot:
        rows: list[dict[str, object]] = snapshot.table("forecasts").to_pyarrow().to_pylist()
    return [row for row in rows if row["as_of"] == day]


@pytest.fixture
def client() -> Client:
    user = User.objects.create(username="ann", role="analyst", created_at=AT)
    signed = Client()
    signed.force_login(user)
    return signed


@pytest.mark.once
def test_forecasts_add_up_and_are_judged_when_their_weeks_have_come(sold, client, monkeypatch):
    # Fewer origins of the past than in life cost less and change nothing of what is asked here.
    monkeypatch.setattr(forecast, "WINDOWS", 2)
    sold(WEEKS)
    first = answered(EARLIER)
    assert first.refusal is None
    assert first.result["past"] == []
    rows = stored(EARLIER)
    assert {row["origin_date"] for row in rows} == {EARLIER}
    assert {row["horizon"] for row in rows} == set(range(1, HORIZON + 1))
    sums = {
        level: sum(r["mean"] for r in rows if r["level"] == level and r["horizon"] == 1)
        for level in ("total", "department", "category", "store")
    }
    assert sums["total"] > 10_000
    for level, whole in sums.items():
        assert whole == pytest.approx(sums["total"], rel=1e-6), level
    assert all(row["low"] <= row["mean"] + 1e-6 and row["mean"] <= row["high"] + 1e-6 for row in rows)

    second = answered(NEWEST)
    past = {row["level"]: row for row in second.result["past"]}
    assert past["total"]["origin_date"] == EARLIER.isoformat()
    assert past["total"]["forecasts"] == HORIZON
    came = {r["item"]: 0.0 for r in rows} | {
        "total": sum(a["paid_minor"] for a in sales(WEEKS)[1] if a["placed_at"].date() > EARLIER)
    }
    said = sum(row["mean"] for row in rows if row["item"] == "total")
    assert past["total"]["bias"] == pytest.approx((said - came["total"]) / came["total"])
    page = client.get("/insights/forecast/?level=category").content.decode()
    assert "hot · drinks" in page
    assert "How good were we?" in page
    assert '"goods": {"categories": ["hot"]}' in page.replace("&quot;", '"')
    User.objects.update(language="zh-hans")
    chinese = client.get("/insights/forecast/").content.decode()
    assert "未来会卖多少？" in chinese
    download = client.get("/insights/forecast/csv/?level=department")
    lines = download.content.decode("utf-8-sig").splitlines()
    assert len(lines) == 1 + 2 * HORIZON
    assert AuditEntry.objects.get(verb="forecast.exported").changes["items"] == [None, 2]


def test_too_few_weeks_and_no_sales_are_said(sold, put, client):
    put("identity_map", [{"person_key": "z", "member_id": "mem_z"}])
    assert answered(NEWEST).refusal.sentence.startswith("Nothing has been sold yet")
    sold(10)
    refused = answered(NEWEST).refusal
    # The week of the first sale began before the first day that is known.
    assert refused.values == {"weeks": 9, "least": 24}
    assert "Only 9 whole weeks of sales are known" in client.get("/insights/forecast/").content.decode()
    assert stored(NEWEST) == []


def test_a_page_without_an_answer_and_a_download_of_nothing(client, put):
    assert "Not answered yet" in client.get("/insights/forecast/").content.decode()
    assert len(client.get("/insights/forecast/csv/").content.decode().splitlines()) == 1


def test_a_guest_sees_no_forecast():
    assert Client().get("/insights/forecast/").status_code == 302
    assert TODAY - timedelta(days=1) == NEWEST
