"""Corrections: set one value, keep what it was, take it back, and hold it against the next import.

A correction is written in three steps (row of the correction, value, state) and may be killed between
any two: ``hold_corrections`` does again whatever was not finished.  docs/algorithms/cleaning.md says more.
"""

import json
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from shuke.apps.members.queries import absorbed_members
from shuke.apps.quality.models import Correction, Issue
from shuke.apps.quality.operations.values import readable, set_value, value_of
from shuke.apps.quality.queries.corrections import correction_row, correction_view
from shuke.apps.quality.queries.issues import issue_row
from shuke.apps.quality.rules import RULES, key_of
from shuke.apps.quality.schemas import CorrectionView
from shuke.platform.audit.operations import record_audit
from shuke.platform.crypto import decrypt, encrypt
from shuke.platform.errors import Refused
from shuke.platform.locks import exclusive
from shuke.platform.permissions import Actor


def correct(*, actor: Actor, at: datetime, issue_id: str, value: str) -> CorrectionView:
    """Set the value that an issue is about, as it was typed.  Raises ``Invalid`` for one that cannot be.

    Refuses an issue that no single value mends, that was corrected already, or whose row has that value.
    """
    issue = issue_row(issue_id)
    rule = RULES[issue.rule]
    if not rule.can_be_corrected:
        raise Refused("not_correctable", _("No single value mends this. Mend it at the source."))
    after = readable(rule.column, value)
    key = key_of(rule.table, issue.subject, issue.place)
    with exclusive("imports"):
        before = value_of(rule.table, key, column=rule.column)
        row = _note(issue, actor=actor, at=at, key=key, before=before, after=after)
        set_value(rule.table, key, column=rule.column, value=after, at=at)
        _finish(row, state="applied")
    return correction_view(row)


@transaction.atomic
def _note(
    issue: Issue, *, actor: Actor, at: datetime, key: dict[str, Any], before: Any, after: Any
) -> Correction:
    locked = Issue.objects.select_for_update().get(pk=issue.pk)
    if locked.state == "corrected":
        raise Refused("issue_corrected", _("The issue was corrected. Take the correction back first."))
    if before == after:
        raise Refused("same_value", _("It has this value already."))
    rule = RULES[issue.rule]
    row = Correction.objects.create(
        issue=locked,
        member_id=locked.member_id,
        table=rule.table,
        key=key,
        column=rule.column,
        before_encrypted=encrypt(json.dumps(before)),
        after_encrypted=encrypt(json.dumps(after)),
        actor_name=actor.name[:120],
        created_at=at,
    )
    locked.state, locked.decided_by, locked.decided_at = "corrected", actor.name[:120], at
    locked.save(update_fields=["state", "decided_by", "decided_at"])
    # Values of members name people; the audit holds none of those.
    changes = {rule.column: [None, None] if rule.table == "members" else [before, after]}
    record_audit(
        actor=actor, at=at, verb="quality.corrected", subject=("issue", issue.public_id), changes=changes
    )
    return row


def revert(*, actor: Actor, at: datetime, correction_id: str) -> CorrectionView:
    """Put back what was there.  Refuses if the row says something else by now, or the correction ended."""
    row = correction_row(correction_id)
    with exclusive("imports"):
        row.refresh_from_db()
        if row.state not in {"applied", "applying"}:
            raise Refused("correction_ended", _("This correction no longer holds."))
        now = value_of(row.table, row.key, column=row.column)
        if now not in {_after(row), _before(row)}:
            raise Refused("value_changed", _("The value was changed since. Nothing was taken back."))
        with transaction.atomic():
            _finish(row, state="reverting", by=actor.name)
            record_audit(
                actor=actor,
                at=at,
                verb="quality.reverted",
                subject=("issue", row.issue.public_id),
                changes={},
            )
        _put_back(row, at=at)
    return correction_view(row)


def _put_back(row: Correction, *, at: datetime) -> None:
    set_value(row.table, row.key, column=row.column, value=_before(row), at=at)
    with transaction.atomic():
        row.ended_at = at
        _finish(row, state="reverted")
        Issue.objects.filter(pk=row.issue_id).update(state="open", decided_by="", decided_at=None)


def _finish(row: Correction, *, state: str, by: str = "") -> None:
    row.state = state
    row.reverted_by = by[:120] or row.reverted_by
    row.save(update_fields=["state", "reverted_by", "ended_at"])


def _before(row: Correction) -> Any:
    return json.loads(decrypt(row.before_encrypted))


def _after(row: Correction) -> Any:
    return json.loads(decrypt(row.after_encrypted))


def hold_corrections(*, at: datetime) -> dict[str, int]:
    """After an import: write again what it undid, finish what was killed, end what the source overtook.

    Returns how many were written again, finished and superseded.
    """
    counts = {"again": 0, "finished": 0, "superseded": 0, "kept": 0}
    pending = Correction.objects.filter(state__in=("applying", "applied", "reverting")).order_by("pk")
    for pk in list(pending.values_list("pk", flat=True)):
        with exclusive("imports"):
            row = Correction.objects.select_related("issue").filter(pk=pk).first()
            if row is not None:
                counts[_hold(row, at=at)] += 1
    return {name: count for name, count in counts.items() if name != "kept"}


def _hold(row: Correction, *, at: datetime) -> str:
    if row.state == "reverting":
        _put_back(row, at=at)
        return "finished"
    try:
        now = value_of(row.table, row.key, column=row.column)
    except Refused:
        now = None
    if now == _before(row):
        set_value(row.table, row.key, column=row.column, value=_after(row), at=at)
        outcome = "again" if row.state == "applied" else "finished"
        _finish(row, state="applied")
        return outcome
    if now == _after(row):
        _finish(row, state="applied")
        return "kept"
    row.ended_at = at
    _finish(row, state="superseded")
    Issue.objects.filter(pk=row.issue_id, state="corrected").update(state="mended", decided_at=at)
    return "superseded"


def forget_member(*, member_id: str) -> int:
    """Delete issues about a member, and whoever was merged into them, and the corrections of their values."""
    ids = [member_id, *absorbed_members(member_id)]
    deleted, _rows = Issue.objects.filter(member_id__in=ids).delete()
    return deleted
