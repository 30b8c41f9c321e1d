"""Identifiers, pairs that may be one person, searches and merges over the API; values are masked."""

from typing import Literal

from django.http import HttpRequest
from ninja import Query, Router, Schema

from shuke.apps.identity import operations, queries
from shuke.apps.identity.schemas import (
    IdentifierView,
    LinkGraph,
    MatchRunView,
    MergeView,
    NewMatchRun,
    NewMerge,
    PolicyChange,
    PolicyView,
    Started,
    SuggestionDetail,
    SuggestionView,
)
from shuke.apps.members.queries import member
from shuke.platform.clock import now
from shuke.web.api import Page, Paging, permit

router = Router(tags=["members"])


class PairFilter(Schema):
    """Which pairs to list."""

    state: Literal["open", "proposed", "merged", "rejected"] = "open"


class PairDecision(Schema):
    """Whether the two are one person; ``survivor_id`` says who stays, else the one known for longer."""

    decision: Literal["merge", "apart", "again"]
    survivor_id: str = ""


@router.get("/members/{member_id}/identifiers", response=list[IdentifierView])
def identifiers(request: HttpRequest, member_id: str) -> list[IdentifierView]:
    """The identifiers of a member; emails and phones are masked."""
    permit(request, "members.view")
    return queries.identifiers_of(member(member_id).id)


@router.get("/members/{member_id}/links", response=LinkGraph)
def links(request: HttpRequest, member_id: str) -> LinkGraph:
    """Why a member is one person: identifiers, links with who said so, and merges."""
    permit(request, "members.view")
    return queries.link_graph(member(member_id).id)


@router.get("/identity/rules", response=PolicyView)
def rules(request: HttpRequest) -> PolicyView:
    """The rules by which members are taken for one person."""
    permit(request, "members.view")
    return queries.match_policy()


@router.put("/identity/rules", response=PolicyView)
def change_rules(request: HttpRequest, change: PolicyChange) -> PolicyView:
    """Change the rules; they count from the next search on."""
    actor = permit(request, "settings.edit")
    return operations.change_policy(actor=actor, at=now(), change=change)


@router.get("/identity/searches", response=list[MatchRunView])
def searches(request: HttpRequest) -> list[MatchRunView]:
    """The newest searches with their effect."""
    permit(request, "members.view")
    return queries.match_runs(limit=50)


@router.post("/identity/searches", response={202: Started})
def start_search(request: HttpRequest, wanted: NewMatchRun) -> tuple[int, Started]:
    """Start a search in the background.  It proposes and changes nothing."""
    actor = permit(request, "members.edit")
    run_id = operations.start_search(actor=actor, at=now(), method=wanted.method)
    return 202, Started(id=run_id)


@router.get("/identity/searches/{run_id}", response=MatchRunView)
def search(request: HttpRequest, run_id: str) -> MatchRunView:
    """One search: its state and what applying it would do."""
    permit(request, "members.view")
    return queries.match_run(run_id)


@router.post("/identity/searches/{run_id}/apply", response={202: MatchRunView})
def apply_search(request: HttpRequest, run_id: str) -> tuple[int, MatchRunView]:
    """Apply a finished search in the background: merge what is sure, queue the rest."""
    actor = permit(request, "members.edit")
    queries.match_run(run_id)
    operations.start_applying(actor=actor, at=now(), run_id=run_id)
    return 202, queries.match_run(run_id)


@router.get("/identity/pairs", response=Page[SuggestionView])
def pairs(request: HttpRequest, paging: Query[Paging], filters: Query[PairFilter]) -> Page[SuggestionView]:
    """Pairs that may be one person, the surest first."""
    permit(request, "members.view")
    rows, total = queries.suggestions_page(state=filters.state, limit=paging.limit, offset=paging.offset)
    return Page(items=rows, total=total, limit=paging.limit, offset=paging.offset)


@router.get("/identity/pairs/{pair_id}", response=SuggestionDetail)
def pair(request: HttpRequest, pair_id: str) -> SuggestionDetail:
    """One pair, both sides masked."""
    permit(request, "members.view")
    return queries.suggestion(pair_id)


@router.post("/identity/pairs/{pair_id}/decision", response=SuggestionDetail)
def decide(request: HttpRequest, pair_id: str, wanted: PairDecision) -> SuggestionDetail:
    """Merge the two, keep them apart for good, or look at them again."""
    actor = permit(request, "members.edit")
    at = now()
    if wanted.decision == "merge":
        operations.accept_suggestion(
            actor=actor, at=at, suggestion_id=pair_id, survivor_id=wanted.survivor_id
        )
    elif wanted.decision == "apart":
        operations.reject_suggestion(actor=actor, at=at, suggestion_id=pair_id)
    else:
        operations.reopen_suggestion(actor=actor, at=at, suggestion_id=pair_id)
    return queries.suggestion(pair_id)


@router.get("/identity/merges", response=Page[MergeView])
def merges(request: HttpRequest, paging: Query[Paging]) -> Page[MergeView]:
    """Merges, the newest first, also those that were undone."""
    permit(request, "members.view")
    rows, total = queries.merges_page(limit=paging.limit, offset=paging.offset)
    return Page(items=rows, total=total, limit=paging.limit, offset=paging.offset)


@router.post("/identity/merges", response={201: MergeView})
def merge(request: HttpRequest, wanted: NewMerge) -> tuple[int, MergeView]:
    """Merge two members; the survivor speaks for both."""
    actor = permit(request, "members.edit")
    merge_id = operations.merge_members(
        actor=actor, at=now(), survivor_id=wanted.survivor_id, absorbed_id=wanted.absorbed_id
    )
    return 201, queries.merge(merge_id)


@router.post("/identity/merges/{merge_id}/undo", response=MergeView)
def undo(request: HttpRequest, merge_id: str) -> MergeView:
    """Make two members of one again, each with exactly what it had."""
    actor = permit(request, "members.edit")
    operations.unmerge_members(actor=actor, at=now(), merge_id=merge_id)
    return queries.merge(merge_id)
