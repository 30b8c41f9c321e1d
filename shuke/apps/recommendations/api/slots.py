"""Setting slots up over the API."""

from __future__ import annotations

from typing import Annotated

from django.http import HttpRequest
from ninja import Query, Router, Status
from pydantic import Field

from shuke.apps.recommendations.operations.slots import change_slot, create_slot, delete_slot, go_live, pause
from shuke.apps.recommendations.queries.bundles import serving_bundle
from shuke.apps.recommendations.queries.current import current_surroundings
from shuke.apps.recommendations.queries.previews import preview
from shuke.apps.recommendations.queries.shelves import unknown_goods
from shuke.apps.recommendations.queries.slots import slot as one_slot
from shuke.apps.recommendations.queries.slots import slots
from shuke.apps.recommendations.schemas import SlotInput, SlotView
from shuke.apps.recommendations.schemas.asking import AskedInput
from shuke.apps.recommendations.schemas.previews import Preview
from shuke.platform.clock import now
from shuke.platform.errors import Refused
from shuke.web.api import permit

router = Router(tags=["recommendations"])
Arm = Annotated[str, Query("", max_length=40, pattern=r"^[a-z0-9_-]*$", description="Forces an arm.")]


class SlotChange(SlotInput):
    """A set-up, and the version that it was made from."""

    version: int = Field(ge=1, le=10**9)


class SlotSaved(SlotView):
    """A slot; ``unknown``: products and kinds of its rules that the catalogue does not know.  They are kept."""

    unknown: list[str]


def _saved(view: SlotView) -> SlotSaved:
    return SlotSaved(**view.model_dump(), unknown=unknown_goods(view))


@router.get("/slots", response=list[SlotView], summary="All slots")
def list_slots(request: HttpRequest) -> list[SlotView]:
    """Those that answer first."""
    permit(request, "recommendations.view")
    return slots()


@router.post("/slots", response={201: SlotSaved}, summary="Set a slot up")
def add_slot(request: HttpRequest, body: SlotInput) -> Status[SlotSaved]:
    """A draft: it answers as soon as it goes live."""
    actor = permit(request, "recommendations.edit")
    return Status(201, _saved(create_slot(actor=actor, at=now(), slot=body)))


@router.get("/slots/{slot}", response=SlotView, summary="One slot")
def get_slot(request: HttpRequest, slot: str) -> SlotView:
    """Its set-up, state and version."""
    permit(request, "recommendations.view")
    return one_slot(slot)


@router.put("/slots/{slot}", response=SlotSaved, summary="Change a slot")
def put_slot(request: HttpRequest, slot: str, body: SlotChange) -> SlotSaved:
    """The whole set-up; a live slot answers by it at once.  409 where somebody changed the version meanwhile."""
    actor = permit(request, "recommendations.edit")
    wanted = SlotInput(**body.model_dump(exclude={"version"}))
    return _saved(change_slot(actor=actor, at=now(), code=slot, slot=wanted, version=body.version))


@router.delete("/slots/{slot}", response={204: None}, summary="Delete a draft")
def remove_slot(request: HttpRequest, slot: str) -> Status[None]:
    """A slot that was live can only be paused."""
    actor = permit(request, "recommendations.edit")
    delete_slot(actor=actor, at=now(), code=slot)
    return Status(204, None)


@router.post("/slots/{slot}/live", response=SlotView, summary="Let a slot answer")
def start_slot(request: HttpRequest, slot: str) -> SlotView:
    """With two or more weighted arms an experiment begins."""
    actor = permit(request, "recommendations.edit")
    return go_live(actor=actor, at=now(), code=slot)


@router.post("/slots/{slot}/pause", response=SlotView, summary="Let a slot answer nobody")
def stop_slot(request: HttpRequest, slot: str) -> SlotView:
    """Who asks it gets 409 with the code ``slot_not_live``."""
    actor = permit(request, "recommendations.edit")
    return pause(actor=actor, at=now(), code=slot)


@router.get("/slots/{slot}/preview", response=Preview, summary="What a slot would answer, and why")
def preview_slot(request: HttpRequest, slot: str, asked: Query[AskedInput], arm: Arm = "") -> Preview:
    """Also of a draft.  Nothing is noted as an exposure.  409 before a bundle is fitted."""
    permit(request, "recommendations.view")
    view, bundle, at = one_slot(slot), serving_bundle(), now()
    if bundle is None:
        raise Refused("no_bundle", "Nothing is fitted yet. Fit a bundle first (shuke recommend fit).")
    around = current_surroundings([view], at=at)
    return preview(asked.asked(slot, at=at), slot=view, bundle=bundle, arm=arm, around=around)
