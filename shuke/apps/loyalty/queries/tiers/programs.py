"""Programmes with their versions, as rows for the operations and as views for everybody else."""

from collections.abc import Sequence
from datetime import date

from django.utils.translation import gettext_lazy as _

from shuke.apps.loyalty.models import TierProgram, TierVersion
from shuke.apps.loyalty.rules.tiers import Terms, Tier, Version, terms_of
from shuke.apps.loyalty.schemas.tiers import (
    TierCounterView,
    TierProgramView,
    TierTermsView,
    TierVersionView,
    TierView,
    TierWindowView,
)
from shuke.platform.calls import read_once
from shuke.platform.errors import NotFound
from shuke.platform.languages import in_language


def tier_name(tier: Tier) -> str:
    """What a tier is called, in the reader's language where the retailer gave a name in it."""
    return in_language(tier.names, tier.name)


def program_name(row: TierProgram) -> str:
    """What a programme is called, likewise."""
    return in_language(row.names, row.name)


def program_row(program_id: str) -> TierProgram:
    """The row of a programme.  Raises ``NotFound``."""
    row = TierProgram.objects.filter(public_id=program_id).first()
    if row is None:
        raise NotFound("tier_program_not_found", _("There is no such tier programme."), {"id": program_id})
    return row


@read_once
def main_program() -> TierProgram | None:
    """The programme that a member's tier means elsewhere: the oldest one that has a published version."""
    rows = TierProgram.objects.filter(versions__number__isnull=False)
    return rows.order_by("pk").first()


def has_tiers() -> bool:
    """Whether any version was ever published."""
    return TierVersion.objects.filter(number__isnull=False).exists()


def tier_keys() -> dict[str, str]:
    """``<programme id>:<code>`` of every tier to its name; with the programme's where there are several."""
    programs = [p for p in TierProgram.objects.order_by("pk") if published_rows(p)]
    found: dict[str, str] = {}
    for program in programs:
        for tier in (t for row in published_rows(program) for t in terms_of(row.terms).tiers):
            name = _with_program(tier, program) if len(programs) > 1 else tier_name(tier)
            found[f"{program.public_id}:{tier.code}"] = name
    return found


def _with_program(tier: Tier, program: TierProgram) -> str:
    return f"{tier_name(tier)} ({program_name(program)})"


def published_rows(program: TierProgram) -> list[TierVersion]:
    """The published versions, oldest first."""
    return list(TierVersion.objects.filter(program=program, number__isnull=False).order_by("number"))


def versions_of(rows: Sequence[TierVersion]) -> list[Version]:
    """Published rows as the rules see them."""
    return [
        Version(row.number, row.valid_from.toordinal(), terms_of(row.terms))
        for row in rows
        if row.number is not None and row.valid_from is not None
    ]


def terms_view(terms: Terms) -> TierTermsView:
    """Rules as others see them."""
    return TierTermsView(
        tiers=[
            TierView(code=t.code, name=tier_name(t), reach=t.reach, keep=t.keep, names=dict(t.names))
            for t in terms.tiers
        ],
        counter=TierCounterView(
            kind=terms.counter.kind,
            points_type=terms.counter.points_type,
            events=list(terms.counter.events),
        ),
        window=TierWindowView(kind=terms.window.kind, days=terms.window.days),
        up=terms.up,
        down=terms.down,
        grace_days=terms.grace_days,
    )


def version_view(row: TierVersion) -> TierVersionView:
    """The public view of a version or a draft."""
    return TierVersionView(
        id=row.public_id,
        number=row.number,
        valid_from=row.valid_from,
        terms=terms_view(terms_of(row.terms)),
        note=row.note,
        changed_at=row.changed_at,
        published_at=row.published_at,
        published_by=row.published_by,
        trial_id=row.tried.public_id if row.tried else None,
    )


def program_view(row: TierProgram, *, today: date) -> TierProgramView:
    """A programme with the version valid on ``today``, those to come, and its draft."""
    published = [version_view(each) for each in published_rows(row)]
    begun = [each for each in published if each.valid_from is not None and each.valid_from <= today]
    draft = TierVersion.objects.filter(program=row, number=None).first()
    return TierProgramView(
        id=row.public_id,
        name=program_name(row),
        names=row.names or {},
        placed_through=row.placed_through,
        placed_at=row.placed_at,
        current=begun[-1] if begun else None,
        versions=list(reversed(published)),
        draft=version_view(draft) if draft else None,
    )


def tier_program(program_id: str, *, today: date) -> TierProgramView:
    """One programme.  Raises ``NotFound``."""
    return program_view(program_row(program_id), today=today)


def tier_programs(*, today: date) -> list[TierProgramView]:
    """All programmes, oldest first."""
    return [program_view(row, today=today) for row in TierProgram.objects.order_by("pk")]


def tier_names() -> dict[str, str]:
    """What the tiers of the main programme are called, by code, from the lowest to the highest."""
    program = main_program()
    if program is None:
        return {}
    rows = published_rows(program)
    names: dict[str, str] = {}
    for row in rows:
        names |= {tier.code: tier_name(tier) for tier in terms_of(row.terms).tiers}
    order = [tier.code for tier in terms_of(rows[-1].terms).tiers]
    return {code: names[code] for code in (*order, *(c for c in names if c not in order))}
