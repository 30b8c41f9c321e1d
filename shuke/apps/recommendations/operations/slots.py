"""Setting slots up, letting them answer, pausing them.

A slot with two or more weighted arms has an experiment while it is live.  The arms of an experiment are fixed: other
arms, weights or strategies end it and begin another.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from shuke.apps.experiments.operations import create_experiment, end_experiment
from shuke.apps.experiments.schemas import Arm
from shuke.apps.recommendations.models import Slot
from shuke.apps.recommendations.operations.slot_faults import refusal_of
from shuke.apps.recommendations.queries.slots import not_found, slot_view
from shuke.apps.recommendations.rules.setup import competing, faults_of
from shuke.apps.recommendations.schemas import ArmInput, SlotInput, SlotView
from shuke.platform.audit.operations import record_audit
from shuke.platform.audit.queries import audit_entries
from shuke.platform.errors import Refused
from shuke.platform.permissions import Actor

#: Fields of the set-up that can change; the code stays for ever, as shops ask by it.
FIELDS = ("name", "about", "places", "arms", "bandit", "fallbacks", "rules")
#: What decides who sees which strategy; another one needs another experiment.
DECIDES = ("arms", "bandit")


class CodeTaken(Refused):
    """Another slot has the code."""


class ChangedMeanwhile(Refused):
    """Somebody else saved the slot since it was opened."""


def create_slot(*, actor: Actor, at: datetime, slot: SlotInput) -> SlotView:
    """A new slot in draft; it answers nobody yet.

    Refuses (``Invalid``, each field with its sentence) a set-up that could not go live, and a code that is taken.
    Products and kinds that the catalogue does not know are kept: a product may be barred before it is delivered.
    """
    stored = _checked(slot)
    try:
        with transaction.atomic():
            row = Slot.objects.create(code=slot.code, **stored, created_at=at, changed_at=at)
            _audit(row, actor=actor, at=at, verb="slot.created", changes={"name": [None, slot.name]})
    except IntegrityError as error:
        message = _("Another slot already has this code; choose another.")
        raise CodeTaken("code_taken", message, {"code": slot.code}) from error
    return slot_view(row)


@transaction.atomic
def change_slot(*, actor: Actor, at: datetime, code: str, slot: SlotInput, version: int) -> SlotView:
    """Another set-up; a live slot answers by it at once.  The same set-up makes no new version.

    ``version`` is the one the editor began with.  Refuses what ``create_slot`` refuses, another code, another
    ``about`` once the slot was live, and a version that is not the newest (with who changed it).
    """
    row = _locked(code)
    if row.version != version:
        raise _changed_meanwhile(row)
    if slot.code != code:
        message = _("The code stays as it is, as shops ask by it. Make a new slot for another code.")
        raise Refused("code_is_fixed", message, {"code": code})
    if slot.about != row.about and row.state != "draft":
        message = _("The slot was live: what it is about stays. Make a new slot instead.")
        raise Refused("about_is_fixed", message, {"about": row.about})
    stored = _checked(slot)
    before = slot_view(row).model_dump()
    changes = {name: [before[name], stored[name]] for name in FIELDS if before[name] != stored[name]}
    if not changes:
        return slot_view(row)
    for name in changes:
        setattr(row, name, stored[name])
    row.version, row.changed_at = row.version + 1, at
    if any(name in changes for name in DECIDES):
        _end_experiment(row, actor=actor, at=at)
        if row.state == "live":
            _begin_experiment(row, actor=actor, at=at)
    row.save()
    _audit(row, actor=actor, at=at, verb="slot.changed", changes=_told(changes, version=row.version))
    return slot_view(row)


@transaction.atomic
def go_live(*, actor: Actor, at: datetime, code: str) -> SlotView:
    """Let the slot answer; with two or more weighted arms an experiment begins or goes on.

    Refuses a set-up that is faulty by now.  A live slot stays as it is.
    """
    row = _locked(code)
    if row.state == "live":
        return slot_view(row)
    _checked(slot_view(row))
    before, row.state, row.changed_at = row.state, "live", at
    if not row.experiment_id:
        _begin_experiment(row, actor=actor, at=at)
    row.save()
    _audit(row, actor=actor, at=at, verb="slot.started", changes={"state": [before, "live"]})
    return slot_view(row)


@transaction.atomic
def pause(*, actor: Actor, at: datetime, code: str) -> SlotView:
    """Let the slot answer nobody.  Its experiment waits with it, so that members keep their arms.

    Refuses a draft, which never answered.  A paused slot stays as it is.
    """
    row = _locked(code)
    if row.state == "draft":
        raise Refused("never_live", _("The slot is a draft: it answers nobody. Delete it instead."))
    if row.state == "paused":
        return slot_view(row)
    row.state, row.changed_at = "paused", at
    row.save(update_fields=["state", "changed_at"])
    _audit(row, actor=actor, at=at, verb="slot.paused", changes={"state": ["live", "paused"]})
    return slot_view(row)


@transaction.atomic
def delete_slot(*, actor: Actor, at: datetime, code: str) -> None:
    """Delete a draft.  Refuses a slot that was ever live: its answers and experiments refer to it."""
    row = _locked(code)
    if row.state != "draft":
        message = _("The slot was live; its answers and experiments refer to it. Pause it instead.")
        raise Refused("was_live", message, {"state": row.state})
    _audit(row, actor=actor, at=at, verb="slot.deleted", changes={"name": [row.name, None]})
    row.delete()


def _checked(slot: SlotInput) -> dict[str, Any]:
    """The fields as they are stored."""
    faults = faults_of(slot)
    if faults:
        raise refusal_of(faults)
    stored = slot.model_dump(include=set(FIELDS))
    return {name: stored[name] for name in FIELDS}


def _locked(code: str) -> Slot:
    row = Slot.objects.select_for_update().filter(code=code).first()
    if row is None:
        raise not_found(code)
    return row


def _changed_meanwhile(row: Slot) -> ChangedMeanwhile:
    entries, _count = audit_entries(subject=("slot", row.public_id), verb="slot.changed", limit=1)
    who = entries[0].actor_name if entries else ""
    message = _("{who} changed this slot meanwhile. Open it again to see the newest set-up.")
    facts = {"version": row.version, "changed_by": who, "changed_at": row.changed_at.isoformat()}
    return ChangedMeanwhile("changed_meanwhile", str(message).format(who=who or _("Somebody else")), facts)


def _begin_experiment(row: Slot, *, actor: Actor, at: datetime) -> None:
    arms = competing([ArmInput(**arm) for arm in row.arms])
    if len(arms) < 2:
        return
    begun = create_experiment(
        actor=actor, at=at, name=row.name, arms=[Arm(arm.name, arm.weight) for arm in arms]
    )
    row.experiment_id = begun.id


def _end_experiment(row: Slot, *, actor: Actor, at: datetime) -> None:
    if row.experiment_id:
        end_experiment(actor=actor, at=at, experiment_id=row.experiment_id)
        row.experiment_id = ""


def _told(changes: dict[str, list[Any]], *, version: int) -> dict[str, list[Any]]:
    """The audit's changes: of the rules only those that differ."""
    told = {name: pair for name, pair in changes.items() if name != "rules"}
    old, new = changes.get("rules", [{}, {}])
    told |= {name: [old[name], new[name]] for name in new if old[name] != new[name]}
    return told | {"version": [version - 1, version]}


def _audit(row: Slot, *, actor: Actor, at: datetime, verb: str, changes: dict[str, list[Any]]) -> None:
    record_audit(actor=actor, at=at, verb=verb, subject=("slot", row.public_id), changes=changes)
