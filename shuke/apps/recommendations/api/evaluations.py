"""How strategies would have done on the retailer's own history, over the API."""

from django.http import HttpRequest
from ninja import Query, Router

from shuke.apps.recommendations.operations.evaluations import request_evaluation
from shuke.apps.recommendations.queries.evaluations import evaluation, evaluations
from shuke.apps.recommendations.schemas.comparison import (
    EvaluationHead,
    EvaluationInput,
    EvaluationLevel,
    EvaluationProtocol,
    EvaluationQueued,
    EvaluationView,
)
from shuke.platform.clock import now
from shuke.web.access import actor_of
from shuke.web.api import Paging, permit

router = Router(tags=["recommendations"])


@router.get("/evaluations", response=list[EvaluationHead])
def get_evaluations(
    request: HttpRequest,
    paging: Query[Paging],
    level: EvaluationLevel | None = None,
    protocol: EvaluationProtocol | None = None,
) -> list[EvaluationHead]:
    """Evaluations of the retailer's own history without their figures, the newest first."""
    permit(request, "recommendations.view")
    return evaluations(level=level or "", protocol=protocol or "", limit=paging.limit, offset=paging.offset)


@router.get("/evaluations/{evaluation_id}", response=EvaluationView)
def get_evaluation(request: HttpRequest, evaluation_id: str) -> EvaluationView:
    """One evaluation: every figure with its interval, differences against the baseline, groups of members."""
    permit(request, "recommendations.view")
    return evaluation(evaluation_id)


@router.post("/evaluations", response={202: EvaluationQueued})
def post_evaluation(request: HttpRequest, wanted: EvaluationInput) -> tuple[int, EvaluationQueued]:
    """Have the history up to yesterday evaluated in the background; one of a level and protocol at a time."""
    permit(request, "recommendations.edit")
    request_evaluation(wanted, actor=actor_of(request), at=now())
    return 202, EvaluationQueued(level=wanted.level, protocol=wanted.protocol)
