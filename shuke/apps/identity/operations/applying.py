"""Applying what a search proposed, and deciding one suggestion."""

from collections.abc import Callable
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from shuke.apps.identity.events import SearchApproved
from shuke.apps.identity.models import MatchPolicy, MatchRun, Merge, Suggestion
from shuke.apps.identity.operations.merging import merge_held, unmerge_held
from shuke.apps.identity.operations.shared import outdated_merges
from shuke.apps.identity.queries import policy_of
from shuke.apps.members.queries import member_refs, survivor_of
from shuke.platform.audit.operations import record_audit
from shuke.platform.errors import NotFound, Refused
from shuke.platform.events import emit
from shuke.platform.locks import exclusive
from shuke.platform.permissions import Actor

Tell = Callable[[int, int, str], None]
#: Merges per transaction: short enough that others can write in between.
MERGES_PER_TRANSACTION = 25


@transaction.atomic
def start_applying(*, actor: Actor, at: datetime, run_id: str, in_background: bool = True) -> None:
    """Note that a search shall be applied; refused if it is not ready or was replaced by a newer one."""
    actor.require("members.edit")
    ready = MatchRun.objects.filter(public_id=run_id, state="proposed")
    if not ready.update(state="applying"):
        raise Refused("not_ready", _("Only the newest finished search of its kind can be applied, once."))
    record_audit(actor=actor, at=at, verb="identity.search_applied", subject=("search", run_id), changes={})
    if in_background:
        emit(SearchApproved(run_id))


def apply_search(*, actor: Actor, at: datetime, run_id: str, tell: Tell = lambda _d, _t, _l: None) -> int:
    """Merge the sure pairs, queue the others, undo what the rules no longer stand by; returns the merges.

    Works in small transactions and goes on where it was killed.
    """
    run = MatchRun.objects.get(public_id=run_id)
    if run.state != "applying":
        return 0
    _undo_outdated(run, actor=actor, at=at)
    sure = Suggestion.objects.filter(run=run, state="proposed", is_sure=True)
    total, done, merged = sure.count(), 0, 0
    while rows := list(
        sure.select_related("left", "right").order_by("-confidence", "pk")[:MERGES_PER_TRANSACTION]
    ):
        with exclusive("identity"), transaction.atomic():
            merged += sum(_merge_pair(row, actor=actor, at=at) for row in rows)
        done += len(rows)
        tell(done, total, "merging")
    with transaction.atomic():
        Suggestion.objects.filter(run=run, state="proposed").update(state="open")
        MatchRun.objects.filter(pk=run.pk).update(state="applied", applied_at=at)
    return merged


def _undo_outdated(run: MatchRun, *, actor: Actor, at: datetime) -> None:
    if run.method != "rules":
        return
    policy = MatchPolicy.objects.filter(pk=1).first() or MatchPolicy()
    for merge_id in outdated_merges(policy_of(policy)):
        with exclusive("identity"), transaction.atomic():
            covering = Merge.objects.get(public_id=merge_id)
            if not Merge.objects.filter(absorbed=covering.survivor_id, undone_at=None).exists():
                unmerge_held(merge_id, actor=actor, at=at, is_final=False)


def _merge_pair(row: Suggestion, *, actor: Actor, at: datetime) -> bool:
    """Merge the two, or who speaks for them by now; the one known for longer stays.  Whether they were two."""
    ends = [survivor_of(member.public_id) for member in (row.left, row.right)]
    statuses = {row.left.status, row.right.status}
    if ends[0] == ends[1] or "erased" in statuses:
        Suggestion.objects.filter(pk=row.pk).update(state="merged", decided_at=at, decided_by=actor.name)
        return False
    merge = Merge(basis=row.basis, confidence=row.confidence, evidence=row.evidence)
    survivor, absorbed = _elder_first(*ends)
    merge_held(merge, actor=actor, at=at, survivor_id=survivor, absorbed_id=absorbed)
    Suggestion.objects.filter(pk=row.pk).update(state="merged", decided_at=at, decided_by=actor.name)
    return True


def accept_suggestion(*, actor: Actor, at: datetime, suggestion_id: str, survivor_id: str = "") -> str:
    """Merge the pair of an open suggestion; ``survivor_id`` says who stays, else the one known for longer.

    Returns the id of the merge.
    """
    actor.require("members.edit")
    with exclusive("identity"), transaction.atomic():
        row = _open(suggestion_id)
        ends = [survivor_of(member.public_id) for member in (row.left, row.right)]
        if ends[0] == ends[1]:
            raise Refused("one_already", _("The two are one member already."))
        survivor, absorbed = _elder_first(*ends)
        if survivor_id == absorbed:
            survivor, absorbed = absorbed, survivor
        merge = Merge(basis="person", confidence=row.confidence, evidence=row.evidence)
        merge_id = merge_held(merge, actor=actor, at=at, survivor_id=survivor, absorbed_id=absorbed)
        Suggestion.objects.filter(pk=row.pk).update(state="merged", decided_at=at, decided_by=actor.name)
    return merge_id


@transaction.atomic
def reject_suggestion(*, actor: Actor, at: datetime, suggestion_id: str) -> None:
    """Say that the two are not one person; the pair is never proposed again."""
    actor.require("members.edit")
    row = _open(suggestion_id)
    row.state, row.decided_at, row.decided_by = "rejected", at, actor.name
    row.save(update_fields=["state", "decided_at", "decided_by"])
    ids = {"other": [None, row.right.public_id]}
    record_audit(
        actor=actor, at=at, verb="member.kept_apart", subject=("member", row.left.public_id), changes=ids
    )


@transaction.atomic
def reopen_suggestion(*, actor: Actor, at: datetime, suggestion_id: str) -> None:
    """Take a rejection back."""
    actor.require("members.edit")
    changed = Suggestion.objects.filter(public_id=suggestion_id, state="rejected").update(
        state="open", decided_at=None, decided_by=""
    )
    if not changed:
        raise Refused("not_rejected", _("Only a pair that was kept apart can be looked at again."))
    record_audit(
        actor=actor, at=at, verb="suggestion.reopened", subject=("suggestion", suggestion_id), changes={}
    )


def _open(suggestion_id: str) -> Suggestion:
    rows = Suggestion.objects.select_related("left", "right").select_for_update(of=("self",))
    row = rows.filter(public_id=suggestion_id).first()
    if row is None:
        raise NotFound("suggestion_not_found", _("There is no such suggestion."))
    if row.state not in ("open", "proposed"):
        raise Refused("decided_already", _("Somebody decided this already."))
    return row


def _elder_first(one: str, other: str) -> tuple[str, str]:
    """The one who was there first stays: links and bookmarks to it are the older ones."""
    refs = member_refs([one, other])
    return (one, other) if refs[one].pk < refs[other].pk else (other, one)
