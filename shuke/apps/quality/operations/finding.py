"""Keeping what the rules find: new, again, or mended."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction

from shuke.apps.quality.events import CheckRequested
from shuke.apps.quality.models import Issue
from shuke.apps.quality.operations.findings import Finding, findings, first_day, recent_facts
from shuke.apps.quality.operations.scoring import score_sources
from shuke.apps.quality.rules import digest_of, fingerprint
from shuke.platform.batches import in_batches
from shuke.platform.events import emit
from shuke.platform.locks import exclusive

#: Rules whose issues close when they are not found again.  Rows put aside stay so for ever.
CLOSING = (
    "sum_mismatch", "repeated_order", "far_quantity", "far_price", "unknown_product", "alike_products",
    "mistyped_email", "odd_birthday", "odd_name",
)  # fmt: skip


@transaction.atomic
def request_check() -> None:
    """Ask that the rules run soon, as a job."""
    emit(CheckRequested())


def check_quality(*, at: datetime) -> dict[str, int]:
    """Run every rule, keep what is found, and score every source.  Doing it again changes nothing.

    Returns how many issues are new, open again, and mended.
    """
    with exclusive("quality"):
        recent = recent_facts(at=at)
        counts = keep_findings(list(findings(recent, at=at)), at=at)
        score_sources(recent, at=at)
    return counts


def keep_findings(found: Sequence[Finding], *, at: datetime) -> dict[str, int]:
    """Write issues.  A decision holds as long as the facts of its issue are the same."""
    named = {fingerprint(item.rule, item.subject, item.place): item for item in found}
    counts = {"new": 0, "again": 0, "mended": 0}
    for marks in in_batches(named, size=1_000):
        with transaction.atomic():
            known = {row.fingerprint: row for row in Issue.objects.filter(fingerprint__in=marks)}
            fresh = [_issue(named[mark], mark, at=at) for mark in marks if mark not in known]
            Issue.objects.bulk_create(fresh, batch_size=500)
            counts["new"] += len(fresh)
            counts["again"] += _update(known.values(), named, at=at)
    counts["mended"] = _close(set(named), at=at)
    return counts


def _issue(item: Finding, mark: str, *, at: datetime) -> Issue:
    return Issue(
        rule=item.rule,
        account_id=item.account_id,
        member_id=item.member_id,
        subject=item.subject[:300],
        place=item.place,
        fingerprint=mark,
        digest=digest_of(item.facts),
        facts=dict(item.facts),
        weight=item.weight,
        first_seen_at=at,
        last_seen_at=at,
    )


def _update(rows: Iterable[Issue], named: dict[str, Finding], *, at: datetime) -> int:
    """Note that they are there still; open those whose facts changed since somebody decided."""
    again = 0
    rows = list(rows)
    for row in rows:
        item = named[row.fingerprint]
        digest = digest_of(item.facts)
        if row.state == "mended" or (row.state != "open" and row.digest != digest):
            row.state, row.decided_by, row.decided_at = "open", "", None
            again += 1
        row.digest, row.facts, row.weight, row.last_seen_at = digest, dict(item.facts), item.weight, at
    fields = ["state", "decided_by", "decided_at", "digest", "facts", "weight", "last_seen_at"]
    Issue.objects.bulk_update(rows, fields, batch_size=500)
    return again


def _close(found: set[str], *, at: datetime) -> int:
    """Open issues that the rules would find again, and do not, are mended.

    An issue that was last seen before the window's first day may have left the window instead.
    """
    rows = Issue.objects.filter(state="open", rule__in=CLOSING, last_seen_at__date__gte=first_day(at))
    gone = [pk for pk, mark in rows.values_list("pk", "fingerprint") if mark not in found]
    for keys in in_batches(gone):
        Issue.objects.filter(pk__in=keys).update(state="mended", decided_at=at)
    return len(gone)
