"""Reading scores."""

from collections import defaultdict
from datetime import date, timedelta

from shuke.apps.quality.models import SourceScore
from shuke.apps.quality.queries.issues import account_names, open_by_account
from shuke.apps.quality.schemas import ScorePoint, SourceQuality

#: The change is against the score of about so long ago.
BEFORE = timedelta(days=28)


def sources(*, today: date, days: int = 180) -> list[SourceQuality]:
    """Every account that was scored, the worst first, with its score over the last days."""
    by_account: dict[str, list[SourceScore]] = defaultdict(list)
    for row in SourceScore.objects.filter(day__gt=today - timedelta(days=days), day__lte=today).order_by(
        "day"
    ):
        by_account[row.account_id].append(row)
    names, issues = account_names(), open_by_account()
    found = [
        SourceQuality(
            account_id=account_id,
            account=names[account_id],
            total=rows[-1].total,
            change=_change(rows),
            parts=rows[-1].parts,
            counts=rows[-1].counts,
            days=[ScorePoint(day=row.day, total=round(row.total, 2)) for row in rows],
            open_issues=issues[account_id],
        )
        for account_id, rows in by_account.items()
        if account_id in names
    ]
    return sorted(found, key=lambda view: (view.total, view.account))


def _change(rows: list[SourceScore]) -> float | None:
    """Points won or lost in four weeks; ``None`` where there is no score that old."""
    older = [row for row in rows if row.day <= rows[-1].day - BEFORE]
    return rows[-1].total - older[-1].total if older else None
