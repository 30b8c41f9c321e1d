"""Where members stand: one by one with what is missing, many at once as codes, and their history."""

from collections.abc import Collection, Iterable
from datetime import date, datetime, timedelta

from shuke.apps.loyalty.models import TierInvitation, TierMembership, TierProgram, TierStanding
from shuke.apps.loyalty.queries.tiers.programs import (
    main_program,
    program_name,
    program_row,
    published_rows,
    tier_name,
    versions_of,
)
from shuke.apps.loyalty.rules.tiers import Terms, terms_of
from shuke.apps.loyalty.schemas.tiers import (
    MemberTier,
    TierCounterView,
    TierInvitationView,
    TierMembershipView,
)
from shuke.apps.members.queries import survivor_of
from shuke.platform.batches import in_batches
from shuke.platform.calls import read_once
from shuke.platform.clock import business_date
from shuke.platform.retailer.queries import retailer


def tier_of(member_id: str, *, at: datetime, program_id: str = "") -> MemberTier | None:
    """Where a member stands in a programme (the main one by default), and what is missing.

    ``None`` before anybody was placed.  What is missing was counted on ``counted_on``.  Of a moment before
    the present membership began only the tier and its days are told.  Raises ``NotFound``.
    """
    program = program_row(program_id) if program_id else main_program()
    if program is None:
        return None
    speaker = survivor_of(member_id)
    row = TierStanding.objects.filter(program=program, member__public_id=speaker).first()
    if row is None:
        return None
    day = business_date(at, retailer().time_zone)
    if row.from_date is not None and day < row.from_date:
        return _tier_then(program, row, day=day)
    return _member_tier(program, row, terms=_terms_on(program, day))


def _terms_on(program: TierProgram, day: date) -> Terms:
    """The terms valid on a day, the first ones before."""
    versions = versions_of(published_rows(program))
    valid = [version for version in versions if version.first <= day.toordinal()]
    return (valid or versions)[-1 if valid else 0].terms


def _member_tier(program: TierProgram, row: TierStanding, *, terms: Terms) -> MemberTier:
    tier, following = terms.tier(row.tier), terms.tier(row.next_tier)
    return MemberTier(
        program=program.public_id,
        program_name=program_name(program),
        code=row.tier,
        name=tier_name(tier) if tier else row.tier,
        from_date=row.from_date,
        through_date=row.through_date,
        why=row.why,
        counter=TierCounterView(
            kind=terms.counter.kind,
            points_type=terms.counter.points_type,
            events=list(terms.counter.events),
        ),
        count=row.count,
        missing_to_reach=row.to_reach,
        next_code=row.next_tier,
        next_name=tier_name(following) if following else row.next_tier,
        next_reach=following.reach if following else None,
        missing_to_keep=row.to_keep,
        keep_count=row.keep_count,
        keep=tier.keep if tier else None,
        counted_on=row.counted_through,
    )


def _tier_then(program: TierProgram, row: TierStanding, *, day: date) -> MemberTier:
    found = TierMembership.objects.filter(program=program, member_id=row.member_id, from_date__lte=day)
    then = found.order_by("-number").first()
    past = TierStanding(
        tier=then.tier if then else "",
        from_date=then.from_date if then else None,
        through_date=then.through_date if then else None,
        why=then.why if then else "",
        count=then.count if then else 0,
        counted_through=day,
    )
    return _member_tier(program, past, terms=_terms_on(program, day))


def tiers_of(member_ids: Iterable[str], *, at: datetime, program_id: str = "") -> dict[str, str]:
    """The code of each member's tier at a moment, empty for none; one query for up to 5,000 members."""
    wanted = list(dict.fromkeys(member_ids))
    program = program_row(program_id) if program_id else main_program()
    found = dict.fromkeys(wanted, "")
    if program is None:
        return found
    day = business_date(at, retailer().time_zone)
    for ids in in_batches(wanted):
        found |= _tiers_on(program.pk, tuple(ids), day)
    return found


@read_once
def _tiers_on(program: int, member_ids: tuple[str, ...], day: date) -> dict[str, str]:
    rows = TierMembership.objects.filter(
        program=program, member__public_id__in=member_ids, from_date__lte=day
    )
    return dict(rows.order_by("number").values_list("member__public_id", "tier"))


def tiers_over_time(
    member_ids: Collection[str] | None = None, *, program_id: str = ""
) -> dict[str, list[tuple[date, str]]]:
    """From which day on a member was in which tier, oldest first; of all members where none are named."""
    program = program_row(program_id) if program_id else main_program()
    found: dict[str, list[tuple[date, str]]] = {}
    if program is None:
        return found
    rows = TierMembership.objects.filter(program=program).order_by("number")
    columns = ("member__public_id", "from_date", "tier")
    parts = (
        [rows]
        if member_ids is None
        else [rows.filter(member__public_id__in=ids) for ids in in_batches(member_ids)]
    )
    for part in parts:
        for member_id, from_date, tier in part.values_list(*columns).iterator():
            found.setdefault(member_id, []).append((from_date, tier))
    return found


def members_in_tier(code: str, *, program_id: str = "") -> list[str]:
    """Public ids of the members who are in a tier now; an empty code asks for those in none."""
    program = program_row(program_id) if program_id else main_program()
    if program is None:
        return []
    rows = TierStanding.objects.filter(program=program, tier=code, member__status="active")
    return list(rows.order_by("pk").values_list("member__public_id", flat=True))


def tier_history(member_id: str, *, program_id: str = "") -> list[TierMembershipView]:
    """Every membership of a member, newest first."""
    program = program_row(program_id) if program_id else main_program()
    if program is None:
        return []
    rows = list(
        TierMembership.objects.filter(program=program, member__public_id=member_id)
        .select_related("version")
        .order_by("-number")
    )
    names: dict[str, str] = {}
    for version in published_rows(program):
        names |= {tier.code: tier_name(tier) for tier in terms_of(version.terms).tiers}
    return [
        TierMembershipView(
            number=row.number,
            code=row.tier,
            name=names.get(row.tier, row.tier),
            from_date=row.from_date,
            through_date=row.through_date,
            last_date=rows[place - 1].from_date - timedelta(days=1) if place else None,
            why=row.why,
            version=row.version.number or 0,
            count=row.count,
            recorded_at=row.recorded_at,
        )
        for place, row in enumerate(rows)
    ]


def invitation_view(row: TierInvitation) -> TierInvitationView:
    """The public view of a row."""
    tier = _terms_on(row.program, row.first_date).tier(row.tier)
    return TierInvitationView(
        id=row.public_id,
        program=row.program.public_id,
        member_id=row.member.public_id,
        code=row.tier,
        name=tier_name(tier) if tier else row.tier,
        first_date=row.first_date,
        last_date=row.last_date,
        reason=row.reason,
        actor=row.actor,
        taken_back_on=row.taken_back_on,
    )


def tier_invitations(member_id: str) -> list[TierInvitationView]:
    """Every invitation of a member, newest first."""
    rows = TierInvitation.objects.filter(member__public_id=member_id).select_related("program", "member")
    return [invitation_view(row) for row in rows.order_by("-pk")]


def exported_tiers(member_id: str) -> list[dict[str, object]]:
    """Every membership and invitation of a member over all programmes, as plain data."""
    memberships = [
        view.model_dump(mode="json") | {"program": program_name(program)}
        for program in TierProgram.objects.order_by("pk")
        for view in tier_history(member_id, program_id=program.public_id)
    ]
    return memberships + [view.model_dump(mode="json") for view in tier_invitations(member_id)]
