"""Consents of two members that became one, and of one that became two again.

No decision moves: what holds for the survivor is derived from the decisions of both.  Only the lake,
which knows members by their id, is told of each under the survivor's id, and of their end.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from shuke.apps.compliance.models import ConsentDecision
from shuke.apps.compliance.operations.holding import families, hold
from shuke.apps.members.queries import absorbed_members, member_refs
from shuke.platform.locks import until_commit
from shuke.platform.outbox.operations import record


@transaction.atomic
def move_permission(*, at: datetime, survivor: str, absorbed: str) -> None:
    """The survivor speaks for the absorbed member from now on; call it after the members were merged."""
    until_commit("consent")
    rows = _standing_rows([absorbed, *absorbed_members(absorbed)])
    record("consents", (_fact(row, survivor, row.state, at=at) for row in rows))
    hold(families({ref.pk for ref in member_refs([survivor]).values()}))


@transaction.atomic
def restore_permission(*, at: datetime, survivor: str, absorbed: str) -> None:
    """Both speak for themselves again; call it after the members were parted."""
    until_commit("consent")
    refs = member_refs([survivor, absorbed])
    own = _standing_rows([survivor, *absorbed_members(survivor)])
    kept = {(r.brand, r.channel, r.purpose, r.decided_at): r.state for r in own}
    given_back = _standing_rows([absorbed, *absorbed_members(absorbed)])
    record(
        "consents",
        (
            _fact(r, survivor, kept.get((r.brand, r.channel, r.purpose, r.decided_at), "void"), at=at)
            for r in given_back
        ),
    )
    hold(families({ref.pk for ref in refs.values()}))


def _standing_rows(member_ids: Iterable[str]) -> list[ConsentDecision]:
    """The last revision of each instant of these members."""
    newest: dict[tuple[object, ...], ConsentDecision] = {}
    rows = ConsentDecision.objects.filter(member__public_id__in=list(member_ids)).order_by("revision", "pk")
    for row in rows:
        newest[row.member_id, row.brand, row.channel, row.purpose, row.decided_at] = row
    return list(newest.values())


def _fact(row: ConsentDecision, member_id: str, state: str, *, at: datetime) -> dict[str, object]:
    return {
        "member_id": member_id,
        "brand": row.brand,
        "channel": row.channel,
        "purpose": row.purpose,
        "state": state,
        "decided_at": row.decided_at,
        "recorded_at": at,
        "source": row.source,
    }
