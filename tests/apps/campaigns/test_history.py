"""Campaigns from before, taken in by the import: Hillstrom's test from the file to the report."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import ibis
import polars as pl
import pyarrow as pa
import pytest

from shuke.apps.campaigns.models import Campaign
from shuke.apps.campaigns.queries import campaign_report
from shuke.apps.campaigns.rules import arm_names, history_weights
from shuke.apps.connections.operations import ensure_account, request_import, upload
from shuke.apps.connections.operations import run_batch as run_import
from shuke.apps.connections.queries import batch as import_batch
from shuke.apps.identity.operations import resolve_person_keys
from shuke.platform.outbox.relay import drain
from shuke.platform.permissions import SYSTEM
from shuke.platform.retailer.operations import change_retailer
from shuke.platform.warehouse import lake
from shuke.science.lift import Metric, compare, summarise
from shuke.science.sample_ratio import sample_ratio
from shuke.tables import TABLES
from tests.apps.campaigns.conftest import order_row
from tests.series import IS_LONG, series

HILLSTROM = Path(__file__).parents[2] / "data" / "hillstrom.parquet"
SENT = datetime(2025, 3, 10, tzinfo=UTC)
AT = datetime(2025, 6, 1, tzinfo=UTC)
REVENUE = Metric("spend", "spend_minor")


def taken_in(rows: pl.DataFrame, folder: Path) -> Any:
    """The rows as a Parquet file through the import's operations."""
    path = folder / f"history-{rows.height}.parquet"
    rows.write_parquet(path)
    account = ensure_account(actor=SYSTEM, at=AT, name="Old mailer", sales_channel="email")
    with path.open("rb") as file:
        batch = upload(
            actor=SYSTEM,
            at=AT,
            account_id=account.id,
            kind="campaign_history",
            file_name=path.name,
            blocks=iter(lambda: file.read(1 << 20), b""),
        )
    request_import(actor=SYSTEM, at=AT, batch_id=batch.id)
    run_import(at=AT, batch_id=batch.id)
    return account, import_batch(batch.id)


def history(arms: list[str], *, randomised: bool = True) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "external": [f"c{n}" for n in range(len(arms))],
            "campaign_code": "2008-test",
            "campaign_name": "The e-mail test",
            "channel": "email",
            "arm": arms,
            "assigned_at": SENT,
            "starts_on": SENT.date(),
            "ends_on": SENT.date() + timedelta(days=13),
            "is_randomised": randomised,
        }
    )


@pytest.mark.once
@pytest.mark.slow
def test_hillstrom_from_the_file_to_the_report_to_the_last_digit(
    db: Any, lake_home: Path, tmp_path: Path, settings: Any
) -> None:
    settings.SHUKE_HOME = str(tmp_path)
    change_retailer(actor=SYSTEM, at=AT, currency="USD", time_zone="UTC")
    # tests/science/test_lift.py holds the science to the published digits of all 64,000.
    raw = pl.read_parquet(HILLSTROM).gather_every(series(5, long=1))
    raw.write_parquet(tmp_path / "raw.parquet")
    measured = [REVENUE, Metric("visit", "visit"), Metric("conversion", "conversion")]
    known = summarise(ibis.duckdb.connect().read_parquet(tmp_path / "raw.parquet"), metrics=measured)
    words = {"control": "No E-Mail", "mens": "Mens", "womens": "Womens"}
    account, done = taken_in(history([words[arm] for arm in raw["arm"]]), tmp_path)
    assert done.state == "done"
    names = [f"c{n}" for n in range(raw.height)]
    keys = resolve_person_keys(at=AT, scope=account.id, kind="external", values=names, source="test")
    drain()
    _outcomes(raw, [keys[name] for name in names])
    campaign = Campaign.objects.get(code="2008-test")
    report = campaign_report(campaign.public_id, at=AT)
    arms = {arm.arm: arm for arm in report.effect.arms}
    assert list(arms) == ["control", "mens", "womens"]
    for name, arm in arms.items():
        found = [arm.visits_per_member, arm.conversion, arm.revenue_per_member_minor]
        assert found == pytest.approx([known[name].mean(m.numerator) for m in measured[1:] + measured[:1]])
    lifts = {lift.arm: lift for lift in report.effect.lifts if lift.metric == "revenue"}
    for name in ("mens", "womens"):
        effect, lift = compare(known, metric=REVENUE, arm=name), lifts[name]
        assert lift.lower is not None
        assert lift.lower > 0
        assert [lift.difference, lift.lower, lift.upper] == pytest.approx(
            [effect.difference, effect.lower, effect.upper]
        )
    counts = {name: summary.count() for name, summary in known.items()}
    expected = sample_ratio(counts, weights=dict.fromkeys(counts, 1), control="control")
    assert report.effect.sample_ratio is not None
    assert report.effect.sample_ratio.p_values == pytest.approx(expected.p_values)
    if IS_LONG:
        assert round(lifts["mens"].difference / 100, 6) == 0.769827
    assert "earned between" in report.reading[0]


def _outcomes(raw: pl.DataFrame, keys: list[str]) -> None:
    """Spend as orders and visits as events, a day after the mail."""
    later = SENT + timedelta(days=1)
    orders = [
        order_row(n, keys[n], later, paid_minor=raw["spend_minor"][n]) | {"currency": "USD"}
        for n in range(raw.height)
        if raw["conversion"][n]
    ]
    lake().append("orders", pa.Table.from_pylist(orders, schema=TABLES["orders"].arrow_schema))
    common = {"source": "site", "type": "page", "name": "visit", "properties": "{}", "context": "{}"}
    times = {"occurred_at": later, "received_at": later}
    day = {"local_month": "2025-03", "local_date": later.date(), "local_hour": 0}
    visits = [
        {"message_id": f"e{n}", "person_key": keys[n], "anonymous_id": None, **common, **times, **day}
        for n in range(raw.height)
        if raw["visit"][n]
    ]
    lake().append("events", pa.Table.from_pylist(visits, schema=TABLES["events"].arrow_schema))


def test_taking_it_in_twice_changes_nothing_and_unrandomised_gets_no_lift(
    db: Any, lake_home: Path, tmp_path: Path, settings: Any
) -> None:
    settings.SHUKE_HOME = str(tmp_path)
    rows = history(["对照组", "A", "A", None] * 25, randomised=False)  # type: ignore[list-item]
    taken_in(rows, tmp_path)
    taken_in(rows.reverse(), tmp_path)
    with lake().read() as snapshot:
        exposures = snapshot.table("exposures").to_pyarrow().to_pylist()
    assert len(exposures) == 100
    assert {row["arm"] for row in exposures} == {"control", "a", "treated"}
    drain()
    campaign = Campaign.objects.get()
    assert (campaign.state, campaign.is_randomised, campaign.ends_on) == ("done", False, date(2025, 3, 23))
    report = campaign_report(campaign.public_id, at=AT)
    assert report.effect.no_lift_reason == "not_randomised"
    assert report.effect.lifts == []
    assert "Chance did not decide" in report.reading[0]


def test_arms_get_names_an_experiment_takes() -> None:
    assert arm_names(["No E-Mail", "Mens E-Mail", "试验组", "mens e mail"]) == {
        "No E-Mail": "control",
        "Mens E-Mail": "mens-e-mail",
        "试验组": "arm-1",
        "mens e mail": "mens-e-mail-2",
    }


def test_weights_of_history_are_equal_only_where_the_arms_nearly_are() -> None:
    assert history_weights({"control": 100, "a": 104}) == {"control": 1, "a": 1}
    assert history_weights({"control": 100, "a": 904}) == {"control": 100, "a": 904}
