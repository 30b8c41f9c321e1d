"""Reading rules, searches, suggestions and merges."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Count, Q
from django.utils.translation import gettext_lazy as _

from shuke.apps.identity.models import MatchPolicy, MatchRun, Merge, Suggestion
from shuke.apps.identity.queries.identifiers import claimed_by, identifiers_of
from shuke.apps.identity.rules import KINDS, KindRule
from shuke.apps.identity.schemas import (
    KindPolicy,
    MatchRunView,
    MergeView,
    PersonSide,
    PolicyView,
    SuggestionDetail,
    SuggestionView,
)
from shuke.apps.members.queries import masked, member, member_names
from shuke.platform.errors import NotFound


def policy_of(row: MatchPolicy) -> dict[str, KindRule]:
    """The rules of every kind: the built-in ones with what the retailer changed.

    What names no person never links, whatever is stored.
    """
    found = {}
    for kind, rule in KINDS.items():
        own = row.kinds.get(kind, {})
        links = bool(own.get("links", rule.links)) and rule.names_person
        found[kind] = KindRule(
            rule.priority, rule.is_global, rule.names_person, links, int(own.get("limit", rule.limit))
        )
    return found


def match_policy() -> PolicyView:
    """The rules in force."""
    row = MatchPolicy.objects.filter(pk=1).first() or MatchPolicy()
    kinds = [
        KindPolicy(kind=kind, links=rule.links, limit=max(rule.limit, 2), may_ever_link=rule.names_person)
        for kind, rule in policy_of(row).items()
    ]
    return PolicyView(
        kinds=kinds, review_from=row.review_from, link_from=row.link_from, is_nightly=row.is_nightly
    )


def match_runs(*, limit: int = 10) -> list[MatchRunView]:
    """The newest searches."""
    return [_run_view(row) for row in MatchRun.objects.order_by("-pk")[:limit]]


def match_run(run_id: str) -> MatchRunView:
    """One search.  Raises ``NotFound``."""
    row = MatchRun.objects.filter(public_id=run_id).first()
    if row is None:
        raise NotFound("match_run_not_found", _("There is no such search."))
    return _run_view(row)


def suggestion_counts() -> dict[str, int]:
    """How many suggestions are in each state."""
    return dict(Suggestion.objects.values_list("state").annotate(n=Count("pk")))


def suggestions_page(
    *, state: str = "open", run_id: str = "", is_sure: bool | None = None, limit: int = 25, offset: int = 0
) -> tuple[list[SuggestionView], int]:
    """Suggestions in a state, the surest first, and how many there are."""
    rows = Suggestion.objects.filter(state=state).select_related("left", "right")
    if run_id:
        rows = rows.filter(run__public_id=run_id)
    if is_sure is not None:
        rows = rows.filter(is_sure=is_sure)
    page = rows.order_by("-confidence", "pk")[offset : offset + limit]
    return _suggestion_views(page), rows.count()


def suggestion(suggestion_id: str, *, unmask: bool = False) -> SuggestionDetail:
    """A suggestion and both members side by side.  Raises ``NotFound``."""
    row = Suggestion.objects.filter(public_id=suggestion_id).select_related("left", "right").first()
    if row is None:
        raise NotFound("suggestion_not_found", _("There is no such suggestion."))
    sides = [person_side(public_id, unmask=unmask) for public_id in (row.left.public_id, row.right.public_id)]
    return SuggestionDetail(suggestion=_suggestion_views([row])[0], sides=sides)


def merges_page(*, limit: int = 25, offset: int = 0) -> tuple[list[MergeView], int]:
    """All merges, the newest first, and how many there are."""
    rows = Merge.objects.select_related("survivor", "absorbed").order_by("-pk")
    return _merge_views(rows[offset : offset + limit]), rows.count()


def merges_of(member_id: str) -> list[MergeView]:
    """The merges in which a member took part, the newest first."""
    part = Q(survivor__public_id=member_id) | Q(absorbed__public_id=member_id)
    return _merge_views(Merge.objects.filter(part).select_related("survivor", "absorbed").order_by("-pk"))


def merge(merge_id: str) -> MergeView:
    """One merge.  Raises ``NotFound``."""
    rows = _merge_views(Merge.objects.filter(public_id=merge_id).select_related("survivor", "absorbed"))
    if not rows:
        raise NotFound("merge_not_found", _("There is no such merge."))
    return rows[0]


def _run_view(row: MatchRun) -> MatchRunView:
    return MatchRunView(
        id=row.public_id,
        method=row.method,
        state=row.state,
        counts=row.counts,
        fault=row.fault,
        actor_name=row.actor_name,
        created_at=row.created_at,
        finished_at=row.finished_at,
        applied_at=row.applied_at,
    )


def _names(rows: Iterable[Any], *fields: str) -> dict[str, str]:
    ids = {getattr(row, field).public_id for row in rows for field in fields}
    return {member_id: masked(name) for member_id, name in member_names(ids).items()}


def _suggestion_views(rows: Iterable[Suggestion]) -> list[SuggestionView]:
    found = list(rows)
    names = _names(found, "left", "right")
    return [
        SuggestionView(
            id=row.public_id,
            state=row.state,
            basis=row.basis,
            confidence=row.confidence,
            is_sure=row.is_sure,
            evidence=row.evidence,
            left_id=row.left.public_id,
            right_id=row.right.public_id,
            left_name=names.get(row.left.public_id, ""),
            right_name=names.get(row.right.public_id, ""),
            created_at=row.created_at,
            decided_at=row.decided_at,
            decided_by=row.decided_by,
        )
        for row in found
    ]


def _merge_views(rows: Iterable[Merge]) -> list[MergeView]:
    found = list(rows)
    names = _names(found, "survivor", "absorbed")
    return [
        MergeView(
            id=row.public_id,
            survivor_id=row.survivor.public_id,
            absorbed_id=row.absorbed.public_id,
            survivor_name=names.get(row.survivor.public_id, ""),
            absorbed_name=names.get(row.absorbed.public_id, ""),
            basis=row.basis,
            confidence=row.confidence,
            evidence={key: value for key, value in row.evidence.items() if key != "identifiers"},
            identifiers=len(row.moved),
            actor_name=row.actor_name,
            merged_at=row.merged_at,
            undone_at=row.undone_at,
            undone_by=row.undone_by,
        )
        for row in found
    ]


def person_side(member_id: str, *, unmask: bool = False) -> PersonSide:
    """A member as a reviewer sees it.  Raises ``NotFound``."""
    person = member(member_id, unmask=unmask)
    return PersonSide(
        **person.model_dump(include=set(PersonSide.model_fields)),
        identifiers=identifiers_of(member_id, unmask=unmask),
        claims=claimed_by(member_id, unmask=unmask),
    )
