"""Data quality over all imports."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from shuke.apps.connections.models import ImportBatch
from shuke.apps.connections.queries.reasons import reason_text
from shuke.apps.connections.schemas import Quality, QualityDay, ReasonCount
from shuke.platform.clock import business_date
from shuke.platform.retailer.queries import retailer


def quality(*, at: datetime, days: int = 90) -> Quality:
    """Rows taken and put aside per business day and kind over the last days, and why."""
    zone = retailer().time_zone
    rows = ImportBatch.objects.filter(state="done", finished_at__gte=at - timedelta(days=days))
    by_day: dict[Any, Counter[str]] = {}
    by_kind: dict[str, Counter[str]] = {}
    reasons: Counter[tuple[str, str, str]] = Counter()
    for kind, report, finished in rows.values_list("kind", "report", "finished_at"):
        counts = Counter(
            {
                "batches": 1,
                **{name: int(report.get(name, 0)) for name in ("total", "rejected", "flagged", "corrected")},
            }
        )
        by_day.setdefault(business_date(finished or at, zone), Counter()).update(counts)
        by_kind.setdefault(kind, Counter()).update(counts)
        for item in report.get("reasons", []):
            reasons[kind, item["code"], item["column"]] += item["count"]
    return Quality(
        days=[
            QualityDay(day=day, batches=c["batches"], total=c["total"], rejected=c["rejected"])
            for day, c in sorted(by_day.items())
        ],
        kinds=[{"kind": kind, **counts} for kind, counts in sorted(by_kind.items())],
        reasons=[
            ReasonCount(
                code=code,
                column=column,
                message=reason_text(kind=kind, code=code, column=column),
                count=count,
                rows=[],
            )
            for (kind, code, column), count in reasons.most_common(10)
        ],
        total=sum(c["total"] for c in by_day.values()),
        rejected=sum(c["rejected"] for c in by_day.values()),
        flagged=sum(c["flagged"] for c in by_day.values()),
    )
