"""The finance page, its downloads and its API, on a small real ledger."""

import csv
import io
import re
from datetime import timedelta
from types import SimpleNamespace

import openpyxl
import pytest
from django.test import Client

from shuke.apps.loyalty.operations.finance import name_accounts
from shuke.platform.accounts.operations import create_user
from shuke.platform.permissions import SYSTEM
from tests.apps.loyalty.test_finance import award, moment, people, programme, spend

# What pages ask runs on PostgreSQL in tests/security/test_doors.py and tests/test_api_schema.py; texts are the same.
pytestmark = pytest.mark.once

__all__ = ["people", "programme"]
HERE = "/membership/finance/"


def signed_in(role: str) -> Client:
    create_user(actor=SYSTEM, at=moment(2025, 1, 1), username=role, password="a password of ten", role=role)
    client = Client()
    assert client.login(username=role, password="a password of ten")
    return client


@pytest.fixture
def now(monkeypatch):
    """Doors read this clock: 30 September 2025, noon in Shanghai."""
    clock = SimpleNamespace(at=moment(2025, 9, 30))
    for module in ("pages", "api"):
        monkeypatch.setattr(f"shuke.apps.loyalty.{module}.finance.now", lambda: clock.at)
    return clock


def test_an_empty_programme_says_what_comes(db):
    page = signed_in("viewer").get(HERE)
    assert page.status_code == 200
    assert "No points yet" in page.content.decode()


def test_the_page_shows_the_report(programme, now):
    client = signed_in("administrator")
    page = client.get(HERE).content.decode()
    for words in ("Outstanding points", "Roll-forward", "2025-09", "2025-01", "Journal (Excel)", "between"):
        assert words in page
    past = client.get(HERE, {"day": "2025-03-15"}).content.decode()
    assert "As of the end of 15 Mar 2025" in past
    assert "2025-04" not in past.split("Roll-forward")[1].split("</table>")[0]
    assert "whenever they were recorded" in client.get(HERE, {"by": "effect"}).content.decode()
    assert client.get(HERE, {"day": "never", "type": "gold"}).status_code == 200
    answer = client.get(f"{HERE}what-if/", {"type": "points", "months": 1, "points": 2, "amount": "0.03"})
    assert "As it would be" in answer.content.decode()
    refused = client.get(f"{HERE}what-if/", {"type": "points", "months": 0})
    assert 'role="alert"' in refused.content.decode()


def test_downloads_run_no_formula_and_balance(programme, now):
    name_accounts(actor=SYSTEM, at=now.at, names={"liability": "=2204+1"})
    client = signed_in("viewer")
    answer = client.get(f"{HERE}journal.csv", {"type": "points"})
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert {"'=2204+1"} <= {row["Debit"] for row in rows} | {row["Credit"] for row in rows}
    assert not any(cell.startswith("=") for row in rows for cell in row.values())
    moved = sum(float(row["Amount"]) * (1 if row["Credit"] == "'=2204+1" else -1) for row in rows)
    months = client.get(f"{HERE}months.xlsx", {"type": "points"})
    assert months["Content-Disposition"] == 'attachment; filename="points-points.xlsx"'
    sheet = openpyxl.load_workbook(io.BytesIO(months.content)).active
    assert sheet["A1"].value == "Month"
    last = [cell.value for cell in list(sheet.iter_rows())[-1]]
    assert last[0] == "2025-09"
    assert last[-1] == pytest.approx(moved)
    assert client.get(f"{HERE}journal.xlsx", {"type": "points"}).status_code == 200


def test_costs_are_set_by_those_who_may(programme, now):
    viewer, administrator = signed_in("viewer"), signed_in("administrator")
    new = {"valid_from": "2025-09-10", "points": "100", "amount": "1.50"}
    assert viewer.post(f"{HERE}costs/?type=points", new).status_code == 403
    assert administrator.post(f"{HERE}costs/?type=points", new).status_code == 302
    assert not re.search(r"\b150\b", viewer.get(f"{HERE}costs/?type=points").content.decode())
    assert "1.50" in viewer.get(f"{HERE}costs/?type=points").content.decode()
    closed = administrator.post(f"{HERE}costs/?type=points", new | {"valid_from": "2025-02-01"})
    assert "This month is closed" in closed.content.decode()
    accounts = {"liability": "2204 合同负债"}
    assert administrator.post(f"{HERE}costs/?type=points", accounts).status_code == 302
    assert "2204 合同负债" in administrator.get(f"{HERE}costs/").content.decode()


def test_the_api_says_what_the_page_says(programme, now):
    client = signed_in("administrator")
    report = client.get("/api/v1/points-finance/points").json()
    months = client.get("/api/v1/points-finance/points/months").json()
    assert report["months"] == months
    assert months[-1]["closing"]["points"] == report["headline"]["outstanding"]["points"]
    past = client.get("/api/v1/points-finance/points/months", {"at": "2025-03-31T15:00:00Z"}).json()
    assert past == [m | {"is_closed": m["month"] < "2025-03-01"} for m in months[:3]]
    lines = client.get("/api/v1/points-finance/points/journal", {"first": "2025-09-01"}).json()
    assert {line["month"] for line in lines} == {"2025-09-01"}
    answer = client.get("/api/v1/points-finance/points/what-if", {"minor": 2, "months": 2}).json()
    assert answer["outstanding_after"]["minor"] == 2 * answer["outstanding_before"]["minor"]
    body = {"valid_from": "2025-09-01", "minor": 3, "points": 2}
    saved = client.post("/api/v1/points-finance/points/costs", body, content_type="application/json")
    assert saved.json() == body
    assert client.get("/api/v1/points-finance/gold").status_code == 404
    assert (
        signed_in("viewer")
        .post("/api/v1/points-finance/points/costs", body, content_type="application/json")
        .status_code
        == 403
    )


def test_what_is_recorded_after_the_day_is_not_in_it(programme, now):
    now.at = moment(2025, 10, 20)
    client = signed_in("viewer")
    before = client.get(f"{HERE}months.csv", {"day": "2025-10-10"}).content
    award(programme, 500, now.at - timedelta(days=1), earned_at=moment(2025, 10, 2))
    spend(programme, 10, now.at - timedelta(hours=1))
    assert client.get(f"{HERE}months.csv", {"day": "2025-10-10"}).content == before
    assert client.get(f"{HERE}months.csv").content != before
