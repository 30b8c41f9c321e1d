"""What campaigns did, over the API."""

from django.http import HttpRequest
from ninja import Router

from shuke.apps.measurement.queries import campaign_effect
from shuke.apps.measurement.schemas import EffectReport
from shuke.platform.clock import now
from shuke.web.api import permit
from shuke.web.parsing import Moment

router = Router(tags=["measurement"])


@router.get("/experiments/{experiment_id}/effect", response=EffectReport)
def get_effect(
    request: HttpRequest,
    experiment_id: str,
    until: Moment | None = None,
    cuped: bool = False,
) -> EffectReport:
    """Arms, funnel, lifts and cost of an experiment up to ``until`` (else now).

    ``cuped`` adjusts the lifts by what members did before they were eligible.
    """
    permit(request, "campaigns.view")
    return campaign_effect(experiment_id=experiment_id, until=until or now(), cuped=cuped)
