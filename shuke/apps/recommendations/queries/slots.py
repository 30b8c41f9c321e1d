"""Reading slots."""

from datetime import datetime
from typing import cast

import ibis
from django.utils.translation import gettext_lazy as _

from shuke.apps.recommendations.models import Slot
from shuke.apps.recommendations.schemas import ArmInput, SlotInput, SlotRules, SlotView
from shuke.apps.recommendations.schemas.slots import About, SlotState
from shuke.platform.errors import NotFound, Refused
from shuke.platform.warehouse import lake


class NotLive(Refused):
    """The slot does not answer: it is a draft, or somebody paused it."""


def slot_view(row: Slot) -> SlotView:
    """The public view of a row.  What was checked when it was stored is not checked again, only given its types."""
    return SlotView(
        id=row.public_id,
        code=row.code,
        name=row.name,
        about=cast("About", row.about),
        places=row.places,
        arms=[ArmInput(**arm) for arm in row.arms],
        bandit=row.bandit,
        fallbacks=row.fallbacks,
        rules=SlotRules.model_validate(row.rules),
        state=cast("SlotState", row.state),
        version=row.version,
        experiment_id=row.experiment_id,
        created_at=row.created_at,
        changed_at=row.changed_at,
    )


def slot(code: str) -> SlotView:
    """One slot.  Raises ``NotFound``."""
    row = Slot.objects.filter(code=code).first()
    if row is None:
        raise not_found(code)
    return slot_view(row)


def slots() -> list[SlotView]:
    """All slots, those that answer first, then by name."""
    rank = {"live": 0, "draft": 1, "paused": 2}
    return sorted(
        (slot_view(row) for row in Slot.objects.all()), key=lambda view: (rank[view.state], view.name)
    )


def unsaved_view(slot: SlotInput, *, at: datetime) -> SlotView:
    """A set-up that is not saved, as the slot of its code would be with it: for previews."""
    row = Slot.objects.filter(code=slot.code).first()
    known = slot_view(row) if row is not None else None
    same_arms = known is not None and known.arms == slot.arms
    return SlotView(
        **slot.model_dump(),
        id=known.id if known else "",
        state=known.state if known else "draft",
        version=known.version if known else 0,
        experiment_id=known.experiment_id if known and same_arms else "",
        created_at=known.created_at if known else at,
        changed_at=at,
    )


def answers_since(moment: datetime) -> dict[str, int]:
    """How many answers each slot gave from a moment on, by its code; a slot that gave none is left out."""
    with lake().read() as snapshot:
        if snapshot.version("recommendation_lists") is None:
            return {}
        lists = snapshot.table("recommendation_lists")
        counted = (
            lists.filter(lists.listed_at >= ibis.literal(moment)).group_by("slot").agg(answers=ibis._.count())
        )
        return {row["slot"]: row["answers"] for row in counted.to_pyarrow().to_pylist()}


def live_slot(code: str) -> SlotView:
    """A slot that answers.  Raises ``NotFound``, and ``NotLive`` (409) for a draft and for one that is paused."""
    found = slot(code)
    if found.state != "live":
        message = _("This slot does not answer now: it is not live. Let it go live, or ask another slot.")
        raise NotLive("slot_not_live", message, {"slot": code, "state": found.state})
    return found


def not_found(code: str) -> NotFound:
    """The refusal for a slot that does not exist."""
    return NotFound("slot_not_found", _("There is no such slot."), {"slot": code[:40]})
