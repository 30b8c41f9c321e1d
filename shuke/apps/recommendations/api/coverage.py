"""What of the range is shown, over the API."""

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from ninja import Query, Router

from shuke.apps.recommendations.queries.bundles import serving_bundle
from shuke.apps.recommendations.queries.coverage import coverage, default_choice
from shuke.apps.recommendations.schemas.coverage import CoverageBy, CoverageView
from shuke.platform.clock import now
from shuke.platform.errors import NotFound
from shuke.web.api import permit

router = Router(tags=["recommendations"])


@router.get("/coverage", response=CoverageView)
def get_coverage(
    request: HttpRequest,
    of: str = Query("", max_length=60, description="slot:<code> or strategy:<name>"),
    by: CoverageBy = "department",
) -> CoverageView:
    """What the lists of all members show of the range; of the first live slot for members where none is named."""
    permit(request, "recommendations.view")
    bundle = serving_bundle()
    if bundle is None:
        raise NotFound("no_bundle", _("Nothing is fitted yet."))
    return coverage(bundle, of=of or default_choice(bundle), at=now(), by=by)
