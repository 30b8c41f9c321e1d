"""What compliance does for imports and for the collector: it takes consents and lists of addresses in."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import polars as pl

from shuke.apps.collector.events import ConsentReported
from shuke.apps.compliance.operations import hear_devices, import_consents, import_suppressions
from shuke.apps.compliance.schemas import DeviceWord, ImportedConsent
from shuke.apps.connections.operations import register_lander
from shuke.apps.connections.schemas import Landed, Origin, RowIssue
from shuke.platform.events import subscribe

ROWS_PER_TRANSACTION = 1_000
MARKETING = "marketing"


def land_consents(*, at: datetime, origin: Origin, rows: pl.DataFrame, tell: Any) -> Landed:
    """Take decisions in, part by part; the same rows again change nothing."""
    created, issues = 0, []
    for done, part in _parts(rows):
        taken = [_consent(row, origin) for row in part.iter_rows(named=True)]
        new, unknown = import_consents(at=at, rows=taken)
        created += new
        issues += [RowIssue(number, "", "person_erased", is_fatal=True) for number in unknown]
        tell(done, rows.height)
    return Landed(
        created=created, changed=0, unchanged=rows.height - created - len(issues), issues=tuple(issues)
    )


def _consent(row: dict[str, Any], origin: Origin) -> ImportedConsent:
    return ImportedConsent(
        row_no=row["row_no"],
        person_key=row["person_key"],
        brand=(row["brand"] or "").strip().lower().replace(" ", "-"),
        channel=row["channel"],
        purpose=(row["purpose"] or MARKETING).strip().lower(),
        state=row["state"],
        decided_at=row["decided_at"],
        source=origin.source,
        place=row["place"] or "",
        wording=row["wording"] or "",
        language=row["language"] or "",
    )


def land_suppressions(*, at: datetime, origin: Origin, rows: pl.DataFrame, tell: Any) -> Landed:
    """Put addresses on the list; the same rows again change nothing."""
    created, issues = 0, []
    for done, part in _parts(rows):
        new, wrong = import_suppressions(
            at=at, rows=list(part.iter_rows(named=True)), source=origin.source, region=origin.region
        )
        created += new
        issues += [RowIssue(number, kind, f"invalid_{kind}", is_fatal=True) for number, kind in wrong]
        tell(done, rows.height)
    kept = rows.height - len({issue.row_no for issue in issues})
    return Landed(created=created, changed=0, unchanged=max(kept - created, 0), issues=tuple(issues))


def _parts(rows: pl.DataFrame) -> Iterator[tuple[int, pl.DataFrame]]:
    done = 0
    for part in rows.iter_slices(ROWS_PER_TRANSACTION):
        done += part.height
        yield done, part


@subscribe(ConsentReported)
def hear_visitor(event: ConsentReported) -> None:
    """A visitor answered a banner: kept under the device until it belongs to somebody."""
    evidence = {key: value for key, value in event.evidence.items() if key not in {"text", "url"}}
    words = [
        DeviceWord(
            person_key=event.person_key,
            channel=channel,
            purpose=purpose,
            state="granted" if granted else "withdrawn",
            decided_at=event.decided_at,
            source=f"collector:{event.source_id}",
            place=event.evidence.get("url", "")[:200],
            wording=event.evidence.get("text", ""),
            evidence=evidence,
        )
        for category, granted in event.preferences.items()
        for channel, purpose in [_about(category)]
    ]
    hear_devices(words)


def _about(category: str) -> tuple[str, str]:
    """``email.marketing`` names a channel; a category of a banner such as ``analytics`` is about the site."""
    channel, dot, purpose = category.partition(".")
    return (channel[:20], purpose[:20]) if dot and purpose else ("site", category[:20])


register_lander("consents", land_consents)
register_lander("suppressions", land_suppressions)
