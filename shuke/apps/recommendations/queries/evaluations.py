"""How strategies would have done on the retailer's own history, as it was evaluated."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from shuke.apps.insights.schemas import ReadingView
from shuke.apps.recommendations.models import EvaluationRun
from shuke.apps.recommendations.queries.verdicts import verdicts
from shuke.apps.recommendations.schemas.comparison import EvaluationFigures, EvaluationHead, EvaluationView
from shuke.platform.errors import NotFound


def evaluation(evaluation_id: str) -> EvaluationView:
    """One evaluation.  Raises ``NotFound``."""
    row = EvaluationRun.objects.filter(public_id=evaluation_id).first()
    if row is None:
        raise NotFound("evaluation_not_found", _("There is no such evaluation."))
    return evaluation_view(row)


def latest_evaluation(*, level: str, protocol: str) -> EvaluationView | None:
    """The newest evaluation of a level by a protocol, be it a refusal."""
    row = EvaluationRun.objects.filter(level=level, protocol=protocol).order_by("-built_at", "-id").first()
    return evaluation_view(row) if row else None


def evaluations(
    *, level: str = "", protocol: str = "", limit: int = 50, offset: int = 0
) -> list[EvaluationHead]:
    """Evaluations without their figures, the newest first."""
    rows = EvaluationRun.objects.order_by("-built_at", "-id")
    if level:
        rows = rows.filter(level=level)
    if protocol:
        rows = rows.filter(protocol=protocol)
    return [EvaluationHead(**_head(row)) for row in rows.defer("report")[offset : offset + limit]]


def evaluation_view(row: EvaluationRun) -> EvaluationView:
    """The public view of a row."""
    refusal = ReadingView(**row.refusal) if row.refusal else None
    report = None if refusal else EvaluationFigures(**row.report)
    told = verdicts(report) if report else []
    return EvaluationView(
        **_head(row),
        refusal=refusal,
        report=report,
        verdicts=[ReadingView(sentence=one.sentence, values=dict(one.values)) for one in told],
    )


def evaluation_key(*, level: str, protocol: str) -> str:
    """The unique key of the job that makes one."""
    return f"evaluation:{level}:{protocol}"


def _head(row: EvaluationRun) -> dict[str, Any]:
    return {
        "id": row.public_id,
        "as_of": row.as_of,
        "level": row.level,
        "protocol": row.protocol,
        "built_at": row.built_at,
        "seconds": row.seconds,
        "is_refused": row.refusal is not None,
        "best": row.best,
    }
