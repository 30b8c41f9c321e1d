"""Tiers over the API: programmes and their drafts, where members stand, invitations."""

from datetime import date
from typing import Annotated

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from shuke.apps.loyalty.operations import tiers as operations
from shuke.apps.loyalty.queries import tiers as queries
from shuke.apps.loyalty.schemas.tiers import (
    MemberTier,
    TierChange,
    TierFlow,
    TierInvitationView,
    TierMembershipView,
    TierMove,
    TierProgramView,
    TierShare,
    TierTermsView,
    TierTrialView,
    TierVersionView,
)
from shuke.platform.clock import business_date, now
from shuke.platform.errors import NotFound
from shuke.platform.retailer.queries import retailer
from shuke.web.access import actor_of
from shuke.web.api import permit
from shuke.web.parsing import Day, Moment

router = Router(tags=["tiers"])


def _today() -> date:
    return business_date(now(), retailer().time_zone)


class NewTierProgram(Schema):
    """A programme with its first draft; ``valid_from`` may lie in the past.

    ``names`` are by language (``en``, ``zh-hans``); ``name`` stands where a reader's is missing.
    """

    name: str = Field("", max_length=60)
    names: dict[str, Annotated[str, Field(max_length=60)]] = Field(default_factory=dict)
    terms: TierTermsView
    valid_from: Day | None = None


class TierDraftInput(Schema):
    """The rules of a draft; ``names`` call the programme otherwise, at once."""

    terms: TierTermsView
    valid_from: Day | None = None
    note: str = Field("", max_length=200)
    names: dict[str, Annotated[str, Field(max_length=60)]] | None = None


class TierPublication(Schema):
    """The trial that was looked at, and the day from which the rules hold."""

    trial_id: str = Field(max_length=24)
    valid_from: Day


class NewTierInvitation(Schema):
    """A tier from a day through a day, with a reason; of the main programme unless another is named."""

    tier: str = Field(min_length=1, max_length=24)
    first_date: Day
    last_date: Day
    reason: str = Field(min_length=1, max_length=200)
    program_id: str = Field("", max_length=24)


class MovesWanted(Schema):
    """One cell of a trial where both codes are given, and the part of the list."""

    code_from: str | None = Field(None, max_length=24)
    code_to: str | None = Field(None, max_length=24)
    limit: int = Field(50, ge=1, le=1000)
    offset: int = Field(0, ge=0, le=10**9)


class TiersWanted(Schema):
    """Up to 500 members, now or at an earlier moment."""

    member_id: list[str] = Field(max_length=500)
    at: Moment | None = None


class MembersTiers(Schema):
    """The code of each member's tier; empty for none."""

    tiers: dict[str, str]


class TierMovesPage(Schema):
    """Who would move by a draft, and how many they are."""

    moves: list[TierMove]
    total: int


class TierChangesPage(Schema):
    """Who moved, newest first, and how often that was."""

    changes: list[TierChange]
    total: int


@router.get("/tier-programs", response=list[TierProgramView])
def list_tier_programs(request: HttpRequest) -> list[TierProgramView]:
    """All programmes with their versions and drafts, oldest first."""
    permit(request, "loyalty.view")
    return queries.tier_programs(today=_today())


@router.post("/tier-programs", response={201: TierProgramView})
def create_tier_program(request: HttpRequest, body: NewTierProgram) -> tuple[int, TierProgramView]:
    """Begin a programme with a draft."""
    permit(request, "loyalty.edit")
    made = operations.create_tier_program(
        actor=actor_of(request),
        at=now(),
        today=_today(),
        name=body.name,
        names=body.names,
        terms=body.terms,
        valid_from=body.valid_from,
    )
    return 201, made


@router.get("/tier-programs/{program_id}", response=TierProgramView)
def read_tier_program(request: HttpRequest, program_id: str) -> TierProgramView:
    """One programme."""
    permit(request, "loyalty.view")
    return queries.tier_program(program_id, today=_today())


@router.put("/tier-programs/{program_id}/draft", response=TierVersionView)
def save_tier_draft(request: HttpRequest, program_id: str, body: TierDraftInput) -> TierVersionView:
    """Make or change the draft."""
    permit(request, "loyalty.edit")
    return operations.save_tier_draft(
        actor=actor_of(request),
        at=now(),
        program_id=program_id,
        terms=body.terms,
        valid_from=body.valid_from,
        note=body.note,
    )


@router.delete("/tier-programs/{program_id}/draft", response={204: None})
def drop_tier_draft(request: HttpRequest, program_id: str) -> tuple[int, None]:
    """Throw the draft away, and the programme with it if nothing was ever published."""
    permit(request, "loyalty.edit")
    operations.drop_tier_draft(actor=actor_of(request), at=now(), program_id=program_id)
    return 204, None


@router.post("/tier-programs/{program_id}/trials", response={201: TierTrialView})
def try_tier_draft(request: HttpRequest, program_id: str) -> tuple[int, TierTrialView]:
    """Count everybody by the draft on real history."""
    permit(request, "loyalty.edit")
    trial = operations.try_tier_draft(
        actor=actor_of(request), at=now(), today=_today(), program_id=program_id
    )
    return 201, trial


@router.get("/tier-trials/{trial_id}", response=TierTrialView)
def read_tier_trial(request: HttpRequest, trial_id: str) -> TierTrialView:
    """What a draft would do."""
    permit(request, "loyalty.view")
    return queries.tier_trial(trial_id)


@router.get("/tier-trials/{trial_id}/moves", response=TierMovesPage)
def list_tier_moves(request: HttpRequest, trial_id: str, wanted: Query[MovesWanted]) -> TierMovesPage:
    """Who would move, of one cell where both codes are given (empty: no tier)."""
    permit(request, "loyalty.view")
    moves, total = queries.trial_moves(trial_id, **wanted.model_dump())
    return TierMovesPage(moves=moves, total=total)


@router.post("/tier-programs/{program_id}/publications", response={201: TierVersionView})
def publish_tier_version(
    request: HttpRequest, program_id: str, body: TierPublication
) -> tuple[int, TierVersionView]:
    """Publish the draft as it was tried today."""
    permit(request, "loyalty.edit")
    made = operations.publish_tier_version(
        actor=actor_of(request),
        at=now(),
        today=_today(),
        program_id=program_id,
        trial_id=body.trial_id,
        valid_from=body.valid_from,
    )
    return 201, made


@router.get("/tier-programs/{program_id}/members", response=list[TierShare])
def count_tier_members(request: HttpRequest, program_id: str) -> list[TierShare]:
    """How many members are in each tier now."""
    permit(request, "loyalty.view")
    return queries.tier_shares(program_id)


@router.get("/tier-programs/{program_id}/flows", response=list[TierFlow])
def list_tier_flows(request: HttpRequest, program_id: str, first: Day, last: Day) -> list[TierFlow]:
    """How members flowed between tiers from one day to another."""
    permit(request, "loyalty.view")
    return queries.tier_flows(program_id, first=first, last=last)


@router.get("/tier-programs/{program_id}/changes", response=TierChangesPage)
def list_tier_changes(
    request: HttpRequest,
    program_id: str,
    since: Day,
    limit: int = Query(50, ge=1, le=1000),
    offset: int = Query(0, ge=0, le=10**9),
) -> TierChangesPage:
    """Who moved from one tier to another since a day."""
    permit(request, "loyalty.view")
    changes, total = queries.tier_changes(program_id, since=since, limit=limit, offset=offset)
    return TierChangesPage(changes=changes, total=total)


@router.get("/members/{member_id}/tier", response=MemberTier)
def read_member_tier(
    request: HttpRequest, member_id: str, at: Moment | None = None, program_id: str = ""
) -> MemberTier:
    """Where a member stands and what is missing, now or at an earlier moment."""
    permit(request, "loyalty.view")
    found = queries.tier_of(member_id, at=at or now(), program_id=program_id)
    if found is None:
        raise NotFound("tier_not_found", "This member was not placed in any tier programme yet.")
    return found


@router.get("/members/{member_id}/tier-history", response=list[TierMembershipView])
def list_member_tiers(request: HttpRequest, member_id: str, program_id: str = "") -> list[TierMembershipView]:
    """Every membership of a member, newest first."""
    permit(request, "loyalty.view")
    return queries.tier_history(member_id, program_id=program_id)


@router.get("/tiers-of-members", response=MembersTiers)
def list_tiers_of_members(request: HttpRequest, wanted: Query[TiersWanted]) -> MembersTiers:
    """The tier of up to 500 members at once."""
    permit(request, "loyalty.view")
    return MembersTiers(tiers=queries.tiers_of(wanted.member_id, at=wanted.at or now()))


@router.get("/members/{member_id}/tier-invitations", response=list[TierInvitationView])
def list_tier_invitations(request: HttpRequest, member_id: str) -> list[TierInvitationView]:
    """Every invitation of a member, newest first."""
    permit(request, "loyalty.view")
    return queries.tier_invitations(member_id)


@router.post("/members/{member_id}/tier-invitations", response={201: TierInvitationView})
def invite_to_tier(
    request: HttpRequest, member_id: str, body: NewTierInvitation
) -> tuple[int, TierInvitationView]:
    """Put a member into a tier from a day through a day."""
    permit(request, "loyalty.edit")
    made = operations.invite_to_tier(
        actor=actor_of(request), at=now(), today=_today(), member_id=member_id, **body.model_dump()
    )
    return 201, made


@router.delete("/tier-invitations/{invitation_id}", response=TierInvitationView)
def end_tier_invitation(request: HttpRequest, invitation_id: str) -> TierInvitationView:
    """Take an invitation back, from today on."""
    permit(request, "loyalty.edit")
    return operations.end_invitation(
        actor=actor_of(request), at=now(), today=_today(), invitation_id=invitation_id
    )
