"""Searching for members that are one person.  A search proposes; nothing changes until it is applied."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from shuke.apps.identity.events import SearchWanted
from shuke.apps.identity.models import MatchPolicy, MatchRun, Suggestion
from shuke.apps.identity.operations.alike import alike_members
from shuke.apps.identity.operations.shared import Claim, shared_identifiers
from shuke.apps.identity.queries import match_policy, policy_of
from shuke.apps.members.queries import members_count
from shuke.platform.batches import in_batches
from shuke.platform.events import emit
from shuke.platform.locks import exclusive
from shuke.platform.permissions import Actor
from shuke.science.matching import FIELDS

Tell = Callable[[int, int, str], None]
Pair = tuple[int, int]
#: What a person decided holds against every later search.
DECIDED = ("rejected",)
#: A shared value under two names is as often a family as one person.
DOUBTFUL = 500


@transaction.atomic
def start_search(*, actor: Actor, at: datetime, method: str, in_background: bool = True) -> str:
    """Note that a search by ``rules`` or by the ``model`` is wanted; ``search_members`` carries it out.

    Proposals of earlier searches of that method that nobody applied are dropped.  Returns the search's id.
    """
    actor.require("members.edit")
    stale = MatchRun.objects.filter(method=method, applied_at=None)
    Suggestion.objects.filter(run__in=stale, state="proposed").delete()
    stale.exclude(state="replaced").update(state="replaced")
    run = MatchRun.objects.create(
        method=method,
        actor_name=actor.name,
        created_at=at,
        policy=match_policy().model_dump(mode="json"),
    )
    if in_background:
        emit(SearchWanted(run.public_id))
    return run.public_id


def search_members(*, at: datetime, run_id: str, tell: Tell = lambda _done, _total, _label: None) -> None:
    """Carry a search out and keep what it proposes.  Running it again replaces its proposals."""
    run = MatchRun.objects.get(public_id=run_id)
    if run.state == "replaced":
        return
    MatchRun.objects.filter(pk=run.pk).update(state="running")
    try:
        found, counts = _SEARCHES[run.method](tell)
    except Exception:
        MatchRun.objects.filter(pk=run.pk).update(state="failed", fault="failed", finished_at=at)
        raise
    with exclusive("identity"), transaction.atomic():
        counts |= _keep(run, found, at=at)
        run.counts, run.state, run.finished_at, run.fault = counts, "proposed", at, ""
        run.save(update_fields=["counts", "state", "finished_at", "fault"])


def _by_rules(tell: Tell) -> tuple[dict[Pair, dict[str, Any]], dict[str, Any]]:
    tell(0, 2, "reading")
    policy = MatchPolicy.objects.filter(pk=1).first() or MatchPolicy()
    found = shared_identifiers(policy_of(policy))
    tell(1, 2, "compared")
    counts = {"members": members_count(), "over_limit": found.over_limit, "undone": len(found.outdated)}
    return {pair: _rule_proposal(claim) for pair, claim in found.pairs.items()}, counts


def _rule_proposal(claim: Claim) -> dict[str, Any]:
    evidence = {"kind": claim.kind, "shared_by": claim.shared_by, "identifiers": list(claim.ends)}
    if not claim.is_sure:
        evidence["names_differ"] = True
    return {
        "confidence": claim.confidence if claim.is_sure else DOUBTFUL,
        "is_sure": claim.is_sure,
        "basis": "rules",
        "evidence": evidence,
    }


def _by_model(tell: Tell) -> tuple[dict[Pair, dict[str, Any]], dict[str, Any]]:
    policy = MatchPolicy.objects.filter(pk=1).first() or MatchPolicy()
    members, pairs = alike_members(policy, tell=tell)
    proposals = {
        (row["left"], row["right"]): {
            "confidence": min(round(row["probability"] * 1000), 999),
            "is_sure": row["is_sure"],
            "basis": "model",
            "evidence": {"fields": {field: row[field] for field in FIELDS}},
        }
        for row in pairs.iter_rows(named=True)
    }
    return proposals, {"members": members, "over_limit": 0, "undone": 0}


_SEARCHES: Mapping[str, Callable[[Tell], tuple[dict[Pair, dict[str, Any]], dict[str, Any]]]] = {
    "rules": _by_rules,
    "model": _by_model,
}


def _keep(run: MatchRun, found: Mapping[Pair, dict[str, Any]], *, at: datetime) -> dict[str, int]:
    """Write the proposals; pairs that a person keeps apart are left out.  Returns the counts."""
    Suggestion.objects.filter(run=run, state="proposed").delete()
    known = _known(found)
    apart = {pair for pair, row in known.items() if row.state in DECIDED}
    wanted = {pair: proposal for pair, proposal in found.items() if pair not in apart}
    fresh: list[Suggestion] = []
    changed: list[Suggestion] = []
    for (left, right), proposal in wanted.items():
        row = known.get((left, right)) or Suggestion(left_id=left, right_id=right, created_at=at)
        for name, value in proposal.items():
            setattr(row, name, value)
        # One that waits for a person goes on waiting, unless the search is now sure.
        row.state = "open" if row.state == "open" and not row.is_sure else "proposed"
        row.run = run
        (changed if row.pk else fresh).append(row)
    Suggestion.objects.bulk_create(fresh, batch_size=1000)
    fields = ["confidence", "is_sure", "basis", "evidence", "state", "run"]
    Suggestion.objects.bulk_update(changed, fields, batch_size=500)
    sure = sum(proposal["is_sure"] for proposal in wanted.values())
    return {"sure": sure, "unsure": len(wanted) - sure, "kept_apart": len(apart)}


def _known(pairs: Iterable[Pair]) -> dict[Pair, Suggestion]:
    """Suggestions there are for these pairs already."""
    wanted = set(pairs)
    found: dict[Pair, Suggestion] = {}
    for lefts in in_batches({left for left, _ in wanted}):
        for row in Suggestion.objects.filter(Q(left__in=lefts)):
            if (row.left_id, row.right_id) in wanted:
                found[row.left_id, row.right_id] = row
    return found
