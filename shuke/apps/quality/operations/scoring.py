"""How sources behave: one score per account and day."""

from collections import defaultdict
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl

from shuke.apps.connections.queries import accounts, batches_page
from shuke.apps.connections.schemas import BatchView
from shuke.apps.quality.models import SourceScore
from shuke.apps.quality.operations.findings import Recent
from shuke.platform.clock import business_date
from shuke.platform.retailer.queries import retailer
from shuke.sources.cleaning.consistency import orders_without_lines, sum_mismatches
from shuke.sources.cleaning.scoring import Counts, score_of

DAYS = 90
#: A source that is scored for the first time gets its past as well, so that there is a trend at once.
PAST_WEEKS = 12


def score_sources(recent: Recent, *, at: datetime) -> int:
    """Score every account as of today; returns how many brought anything."""
    zone = retailer().time_zone
    today = business_date(at, zone)
    orders = _judged_orders(recent)
    imports, _total = batches_page(limit=5_000, state="done")
    by_account: dict[str, list[BatchView]] = defaultdict(list)
    for batch in imports:
        by_account[batch.account_id].append(batch)
    known = set(SourceScore.objects.values_list("account_id", flat=True).distinct())
    scored = 0
    for account in accounts():
        days = (
            [today]
            if account.id in known
            else [today - timedelta(weeks=n) for n in range(PAST_WEEKS, -1, -1)]
        )
        for day in days:
            mine = [batch for batch in by_account[account.id] if _falls_into(batch, day, zone)]
            scored += _score(account.id, day, _counts(mine, orders, account.id, day)) and day == today
    return scored


def _judged_orders(recent: Recent) -> pl.DataFrame:
    """``channel_account_id, local_date, is_wrong`` of the window's orders."""
    wrong = pl.concat(
        [
            sum_mismatches(recent.orders, recent.lines).select("order_id"),
            orders_without_lines(recent.orders, recent.lines),
        ]
    ).unique()
    marked = recent.orders.join(
        wrong.with_columns(pl.lit(value=True).alias("is_wrong")), on="order_id", how="left"
    )
    return marked.select("channel_account_id", "local_date", pl.col("is_wrong").fill_null(value=False))


def _falls_into(batch: BatchView, day: date, zone: str) -> bool:
    if batch.finished_at is None or batch.report is None:
        return False
    finished = business_date(batch.finished_at, zone)
    return day - timedelta(days=DAYS) < finished <= day


def _counts(imports: list[BatchView], orders: pl.DataFrame, account_id: str, day: date) -> Counts:
    reports = [batch.report for batch in imports if batch.report is not None]
    mine = orders.filter(
        (pl.col("channel_account_id") == account_id)
        & (pl.col("local_date") <= day)
        & (pl.col("local_date") > day - timedelta(days=DAYS))
    )
    cells = sum(len(report.missing) * report.total for report in reports)
    empty = sum(sum(report.missing.values()) * report.total for report in reports)
    return Counts(
        rows=sum(report.total for report in reports),
        rejected=sum(report.rejected for report in reports),
        duplicates=sum(report.duplicates for report in reports),
        flagged=sum(report.flagged for report in reports),
        missing=empty / cells if cells else None,
        orders=mine.height,
        inconsistent=int(mine["is_wrong"].sum()),
    )


def _score(account_id: str, day: date, counts: Counts) -> bool:
    score = score_of(counts)
    if score is None:
        return False
    values: dict[str, Any] = {"total": score.total, "parts": dict(score.parts), "counts": asdict(counts)}
    SourceScore.objects.update_or_create(account_id=account_id, day=day, defaults=values)
    return True
