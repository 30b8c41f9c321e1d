"""Merging two members and undoing it exactly (docs/algorithms/identity.md).

Nothing is copied or summed up: identifiers change hands, each app's rows follow, and the merge keeps
what it takes to put every one of them back.  The lake is told who speaks for whom; facts stay.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max, Q
from django.utils.translation import gettext_lazy as _

from shuke.apps.compliance.operations import move_permission, restore_permission
from shuke.apps.identity.events import MembersMerged, MembersUnmerged
from shuke.apps.identity.models import Identifier, Link, Merge, Suggestion
from shuke.apps.identity.operations.following import followers
from shuke.apps.identity.operations.holding import tell_owners
from shuke.apps.members.operations import mark_merged, mark_unmerged
from shuke.apps.members.queries import absorbed_members, member_refs
from shuke.apps.members.schemas import MemberRef
from shuke.platform.audit.operations import record_audit
from shuke.platform.errors import NotFound, Refused
from shuke.platform.events import emit
from shuke.platform.locks import exclusive
from shuke.platform.permissions import Actor

TICK = timedelta(microseconds=1)


def merge_members(
    *,
    actor: Actor,
    at: datetime,
    survivor_id: str,
    absorbed_id: str,
    basis: str = "person",
    confidence: int = 1000,
    evidence: Mapping[str, Any] | None = None,
) -> str:
    """Let ``survivor_id`` speak for both from now on; returns the merge's id.

    Refused unless both are active and different.  Raises ``NotFound`` for an unknown member.
    """
    actor.require("members.edit")
    with exclusive("identity"), transaction.atomic():
        merge = Merge(basis=basis, confidence=confidence, evidence=dict(evidence or {}))
        return merge_held(merge, actor=actor, at=at, survivor_id=survivor_id, absorbed_id=absorbed_id)


def merge_held(merge: Merge, *, actor: Actor, at: datetime, survivor_id: str, absorbed_id: str) -> str:
    """``merge_members`` for who holds the lock of identity and a transaction."""
    refs = _refs(survivor_id, absorbed_id)
    survivor, absorbed = refs[survivor_id], refs[absorbed_id]
    merge.survivor_id, merge.absorbed_id = survivor.pk, absorbed.pk
    merge.actor_name, merge.merged_at = actor.name, at
    _carry_out(merge, at=at, survivor=survivor, absorbed=absorbed)
    pair = Q(left_id=min(survivor.pk, absorbed.pk), right_id=max(survivor.pk, absorbed.pk))
    Suggestion.objects.filter(pair).update(state="merged", decided_at=at, decided_by=actor.name)
    _note(merge, "member.merged", actor=actor, at=at, ids=(survivor_id, absorbed_id))
    emit(MembersMerged(merge.public_id, survivor_id, absorbed_id, at))
    return merge.public_id


def unmerge_members(*, actor: Actor, at: datetime, merge_id: str, is_final: bool = True) -> None:
    """Make two members of one again, each with exactly what it had.

    What came after the merge stays with the survivor, unless its links lead to the other alone.  Later
    merges of the same survivor are undone and made again around it.  The pair is not proposed again if
    ``is_final``.  Refused if the survivor was itself merged since: undo that first.
    """
    actor.require("members.edit")
    with exclusive("identity"), transaction.atomic():
        unmerge_held(merge_id, actor=actor, at=at, is_final=is_final)


def unmerge_held(merge_id: str, *, actor: Actor, at: datetime, is_final: bool) -> None:
    """``unmerge_members`` for who holds the lock of identity and a transaction."""
    merge = _undoable(merge_id)
    later = Merge.objects.filter(survivor=merge.survivor_id, undone_at=None, pk__gt=merge.pk)
    stack = list(later.select_related("survivor", "absorbed").order_by("-pk"))
    for other in stack:
        _take_back(other, at=at)
    _take_back(merge, at=at)
    for other in reversed(stack):
        _carry_out(other, at=at, survivor=_ref(other.survivor), absorbed=_ref(other.absorbed))
    merge.undone_at, merge.undone_by = at, actor.name
    merge.save(update_fields=["undone_at", "undone_by"])
    ids = merge.survivor.public_id, merge.absorbed.public_id
    if is_final:
        _keep_apart(merge, actor=actor, at=at)
    _note(merge, "member.unmerged", actor=actor, at=at, ids=ids)
    emit(MembersUnmerged(merge.public_id, *ids, at))


def _refs(*member_ids: str) -> dict[str, MemberRef]:
    refs = member_refs(member_ids)
    if not refs.keys() >= set(member_ids):
        raise NotFound("member_not_found", _("There is no such member."))
    return refs


def _ref(row: Any) -> MemberRef:
    return MemberRef(row.pk, row.public_id)


def _carry_out(merge: Merge, *, at: datetime, survivor: MemberRef, absorbed: MemberRef) -> None:
    """Everything of a merge but its record and its news; writes what undoing needs on the row."""
    followed = absorbed_members(absorbed.public_id)
    merge.filled = mark_merged(at=at, member_id=absorbed.public_id, into_id=survivor.public_id)
    rows = list(Identifier.objects.select_for_update().filter(member_id=absorbed.pk).order_by("pk"))
    merge.moved = [row.pk for row in rows]
    _hand_over(rows, to=survivor, speaks_for=[absorbed.public_id, *followed], at=at)
    move_permission(at=at, survivor=survivor.public_id, absorbed=absorbed.public_id)
    merge.kept = {
        app: follower.merge(at=at, survivor=survivor, absorbed=absorbed)
        for app, follower in followers().items()
    }
    merge.save()


def _take_back(merge: Merge, *, at: datetime) -> None:
    """The reverse of ``_carry_out``, in the reverse order."""
    survivor, absorbed = _ref(merge.survivor), _ref(merge.absorbed)
    for app, follower in reversed(followers().items()):
        if app in merge.kept:
            follower.unmerge(at=at, survivor=survivor, absorbed=absorbed, state=merge.kept[app])
    moved = set(merge.moved) | _later_ones(merge)
    rows = list(Identifier.objects.select_for_update().filter(pk__in=moved, member_id=survivor.pk))
    mark_unmerged(at=at, member_id=absorbed.public_id, filled=merge.filled)
    followed = absorbed_members(absorbed.public_id)
    _hand_over(rows, to=absorbed, speaks_for=[absorbed.public_id, *followed], at=at)
    restore_permission(at=at, survivor=survivor.public_id, absorbed=absorbed.public_id)


def _hand_over(rows: list[Identifier], *, to: MemberRef, speaks_for: list[str], at: datetime) -> None:
    """Give identifiers another member, here and in the lake's identity map.

    The map's newest row counts, so its moment must lie after the one before, even if the clock stood still.
    A member's own id stands in the map like a key: facts that name members find who speaks for them.
    """
    since = max([at, *(row.owned_at + TICK for row in rows if row.owned_at)])
    told = Merge.objects.filter(Q(absorbed__public_id__in=speaks_for) | Q(survivor=to.pk))
    newest = told.aggregate(merged=Max("merged_at"), undone=Max("undone_at"))
    since = max([since, *(moment + TICK for moment in newest.values() if moment)])
    for row in rows:
        row.member_id, row.owned_at = to.pk, since
    Identifier.objects.bulk_update(rows, ["member", "owned_at"], batch_size=500)
    keys = [(row.person_key, row.kind, to) for row in rows]
    tell_owners([*keys, *((member_id, "member", to) for member_id in speaks_for)], at=since)


def _later_ones(merge: Merge) -> set[int]:
    """Identifiers that came to the survivor after the merge and are linked to the absorbed one's only."""
    moved = set(merge.moved)
    own = Identifier.objects.filter(member=merge.survivor_id)
    since = set(own.filter(created_at__gte=merge.merged_at).values_list("pk", flat=True)) - moved
    neighbours: dict[int, set[int]] = {pk: set() for pk in since}
    for left, right in Link.objects.filter(Q(left__in=since) | Q(right__in=since)).values_list(
        "left", "right"
    ):
        for one, other in ((left, right), (right, left)):
            if one in neighbours:
                neighbours[one].add(other)
    return {pk for pk, others in neighbours.items() if others and others <= moved}


def _undoable(merge_id: str) -> Merge:
    merge = Merge.objects.select_related("survivor", "absorbed").filter(public_id=merge_id).first()
    if merge is None:
        raise NotFound("merge_not_found", _("There is no such merge."))
    if merge.undone_at is not None:
        raise Refused("already_unmerged", _("This merge has been undone already."))
    further = Merge.objects.filter(absorbed=merge.survivor_id, undone_at=None).first()
    if further is not None:
        raise Refused(
            "merged_further",
            _("The member that stayed was merged into another since. Undo that merge first."),
            {"merge_id": further.public_id},
        )
    return merge


def _keep_apart(merge: Merge, *, actor: Actor, at: datetime) -> None:
    left, right = sorted([merge.survivor_id, merge.absorbed_id])
    Suggestion.objects.update_or_create(
        left_id=left,
        right_id=right,
        defaults={"state": "rejected", "decided_at": at, "decided_by": actor.name},
        create_defaults={
            "state": "rejected",
            "basis": merge.basis,
            "confidence": merge.confidence,
            "evidence": merge.evidence,
            "created_at": at,
            "decided_at": at,
            "decided_by": actor.name,
        },
    )


def _note(merge: Merge, verb: str, *, actor: Actor, at: datetime, ids: tuple[str, str]) -> None:
    changes = {"other": [None, ids[1]], "merge": [None, merge.public_id], "basis": [None, merge.basis]}
    record_audit(actor=actor, at=at, verb=verb, subject=("member", ids[0]), changes=changes)
