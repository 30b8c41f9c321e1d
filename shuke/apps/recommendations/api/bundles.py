"""Bundles over the API: what was fitted, fitting anew, serving another one."""

from __future__ import annotations

from django.http import HttpRequest
from ninja import Query, Router

from shuke.apps.recommendations.operations.bundle_keeping import activate_bundle
from shuke.apps.recommendations.operations.fitting import change_bundle_settings, request_bundle
from shuke.apps.recommendations.queries.bundles import bundle_settings, bundles
from shuke.apps.recommendations.schemas import BundleSettings, BundlesPage, BundleView
from shuke.platform.clock import now
from shuke.web.api import permit

router = Router(tags=["recommendations"])


@router.get("/bundles", response=BundlesPage, summary="All bundles")
def list_bundles(
    request: HttpRequest, limit: int = Query(20, ge=1, le=100), offset: int = Query(0, ge=0, le=10_000_000)
) -> BundlesPage:
    """Newest first, also those that failed; ``is_active`` marks the one that is served."""
    permit(request, "recommendations.view")
    return bundles(limit=limit, offset=offset)


@router.get("/bundles/settings", response=BundleSettings, summary="What every bundle leaves out")
def get_bundle_settings(request: HttpRequest) -> BundleSettings:
    """Departments that are never recommended, and the least number of baskets of a product."""
    permit(request, "recommendations.view")
    return bundle_settings()


@router.put("/bundles/settings", response=BundleSettings, summary="Change what every bundle leaves out")
def put_bundle_settings(request: HttpRequest, body: BundleSettings) -> BundleSettings:
    """From the next bundle on."""
    actor = permit(request, "recommendations.edit")
    return change_bundle_settings(actor=actor, at=now(), settings=body)


@router.post("/bundles/fit", response={202: None}, summary="Fit a bundle")
def fit(request: HttpRequest) -> tuple[int, None]:
    """In the background, as of the last whole business day; asking twice is asking once."""
    actor = permit(request, "recommendations.edit")
    request_bundle(actor=actor, at=now())
    return 202, None


@router.post("/bundles/{bundle_id}/activate", response=BundleView, summary="Serve a bundle")
def activate(request: HttpRequest, bundle_id: str) -> BundleView:
    """A new one, or an earlier one again.  409 where its files are damaged or gone."""
    actor = permit(request, "recommendations.edit")
    return activate_bundle(actor=actor, at=now(), bundle_id=bundle_id)
