"""What a draft would do."""

from django.utils.translation import gettext_lazy as _

from shuke.apps.loyalty.models import TierTrial, TierTrialMove
from shuke.apps.loyalty.queries.tiers.programs import terms_view
from shuke.apps.loyalty.rules.tiers import terms_of
from shuke.apps.loyalty.schemas.tiers import TierCell, TierMove, TierTrialView
from shuke.apps.members.queries import masked, member_names, members_count
from shuke.platform.errors import NotFound

#: With more active members than this a trial may take longer than somebody waits for a page.
LARGE = 10_000


def is_large_history() -> bool:
    """Whether a trial belongs into the background."""
    return members_count() > LARGE


def trial_key(program_id: str) -> str:
    """The key of the job that tries a programme's draft."""
    return f"tier trial {program_id}"


def trial_row(trial_id: str) -> TierTrial:
    """The row of a trial.  Raises ``NotFound``."""
    row = TierTrial.objects.filter(public_id=trial_id).select_related("version").first()
    if row is None:
        raise NotFound("tier_trial_not_found", _("There is no such trial."), {"id": trial_id})
    return row


def trial_view(row: TierTrial) -> TierTrialView:
    """The public view of a row."""
    cells = [
        TierCell(code_from=old, code_to=new, members=members, spend_minor=spend)
        for old, new, members, spend in row.cells
    ]
    return TierTrialView(
        id=row.public_id,
        version_id=row.version.public_id,
        counter=terms_view(terms_of(row.terms)).counter,
        today=row.today,
        tried_at=row.tried_at,
        tried_by=row.tried_by,
        cells=cells,
        members=sum(cell.members for cell in cells),
        movers=sum(cell.members for cell in cells if cell.code_from != cell.code_to),
        is_stale=row.terms != row.version.terms,
    )


def tier_trial(trial_id: str) -> TierTrialView:
    """One trial.  Raises ``NotFound``."""
    return trial_view(trial_row(trial_id))


def newest_trial(version_id: str) -> TierTrialView | None:
    """The newest trial of a draft or a version, if there is one."""
    row = (
        TierTrial.objects.filter(version__public_id=version_id)
        .select_related("version")
        .order_by("-pk")
        .first()
    )
    return trial_view(row) if row else None


def trial_moves(
    trial_id: str,
    *,
    code_from: str | None = None,
    code_to: str | None = None,
    limit: int = 50,
    offset: int = 0,
) -> tuple[list[TierMove], int]:
    """Who would move, of one cell where it is named, those who count most first; and how many they are."""
    rows = TierTrialMove.objects.filter(trial=trial_row(trial_id)).order_by("-count", "pk")
    if code_from is not None:
        rows = rows.filter(tier_from=code_from)
    if code_to is not None:
        rows = rows.filter(tier_to=code_to)
    shown = list(rows.select_related("member")[offset : offset + limit])
    names = member_names([row.member.public_id for row in shown])
    return [
        TierMove(
            member_id=row.member.public_id,
            name=masked(names.get(row.member.public_id, "")),
            code_from=row.tier_from,
            code_to=row.tier_to,
            count=row.count,
        )
        for row in shown
    ], rows.count()
