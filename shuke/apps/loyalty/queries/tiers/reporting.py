"""Tiers of all members: how many are where, who moved, and how they flowed between two days."""

from collections import Counter
from datetime import date

from django.db.models import Count, F, OuterRef, Subquery, Value
from django.db.models.functions import Coalesce

from shuke.apps.loyalty.models import TierMembership, TierProgram, TierStanding
from shuke.apps.loyalty.queries.tiers.programs import main_program, program_row, published_rows, tier_name
from shuke.apps.loyalty.rules.tiers import terms_of
from shuke.apps.loyalty.schemas.tiers import TierChange, TierFlow, TierShare
from shuke.apps.members.queries import masked, member_names


def ladder_names(program: TierProgram) -> dict[str, str]:
    """Code → name of every tier the programme ever had, the newest ladder first, from the lowest up."""
    names: dict[str, str] = {}
    for row in reversed(published_rows(program)):
        names = {t.code: tier_name(t) for t in terms_of(row.terms).tiers if t.code not in names} | names
    newest = published_rows(program)[-1:]
    order = [tier.code for row in newest for tier in terms_of(row.terms).tiers]
    return {code: names[code] for code in (*(c for c in names if c not in order), *order)}


def tier_shares(program_id: str) -> list[TierShare]:
    """How many active members are in each tier now, from none to the highest."""
    program = program_row(program_id)
    rows = TierStanding.objects.filter(program=program, member__status="active")
    counted = dict(rows.values_list("tier").annotate(members=Count("pk")))
    names = {"": "", **ladder_names(program)}
    return [
        TierShare(code=code, name=name, members=counted.get(code, 0))
        for code, name in names.items()
        if code in counted or code
    ]


def tier_flows(program_id: str, *, first: date, last: date) -> list[TierFlow]:
    """How many members were where on two days; who was in no tier on both is left out."""
    program = program_row(program_id)
    then, now = (_tiers_on(program, day) for day in (first, last))
    flows = Counter((then.get(member, ""), tier) for member, tier in now.items())
    return [
        TierFlow(code_from=old, code_to=new, members=members)
        for (old, new), members in sorted(flows.items())
        if old or new
    ]


def _tiers_on(program: TierProgram, day: date) -> dict[int, str]:
    rows = TierMembership.objects.filter(program=program, from_date__lte=day, member__status="active")
    return dict(rows.order_by("number").values_list("member_id", "tier"))


def tiers_on(day: date) -> dict[int, str]:
    """The tier of the main programme that active members had on a day, by their database key."""
    program = main_program()
    return _tiers_on(program, day) if program else {}


def members_by_tier(day: date) -> Counter[str]:
    """How many active members were in each tier of the main programme on a day, by code."""
    return Counter(tiers_on(day).values())


def tier_changes(
    program_id: str, *, since: date, limit: int = 50, offset: int = 0
) -> tuple[list[TierChange], int]:
    """Who moved from one tier to another since a day, newest first, and how often that was."""
    program = program_row(program_id)
    earlier = TierMembership.objects.filter(
        program=program, member=OuterRef("member"), number=OuterRef("number") - 1
    )
    rows = TierMembership.objects.filter(program=program, from_date__gte=since, member__status="active")
    moved = rows.annotate(before=Coalesce(Subquery(earlier.values("tier")[:1]), Value(""))).exclude(
        tier=F("before")
    )
    shown = list(moved.select_related("member").order_by("-from_date", "-pk")[offset : offset + limit])
    names = member_names([row.member.public_id for row in shown])
    return [
        TierChange(
            member_id=row.member.public_id,
            name=masked(names.get(row.member.public_id, "")),
            code_from=row.before or "",
            code_to=row.tier,
            from_date=row.from_date,
            through_date=row.through_date,
            why=row.why,
            count=row.count,
        )
        for row in shown
    ], moved.count()
