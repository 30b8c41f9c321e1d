"""Tracking plans: which events a source is expected to send, and what their properties are."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from shuke.apps.collector.models import ExpectedEvent
from shuke.apps.collector.queries.plans import expected_view
from shuke.apps.collector.queries.sources import source_row
from shuke.apps.collector.schemas import ExpectedEventView, PropertyRule
from shuke.platform.audit.operations import record_audit
from shuke.platform.errors import Invalid, NotFound
from shuke.platform.permissions import Actor

MOST_PROPERTIES = 100


@transaction.atomic
def expect_event(
    *,
    actor: Actor,
    at: datetime,
    source_id: str,
    name: str,
    note: str = "",
    properties: Sequence[PropertyRule] = (),
) -> ExpectedEventView:
    """Add an event to the plan of a source, or say anew what it holds.  Raises ``Invalid``."""
    text = name.strip()
    if not text or len(text) > 120 or "\x00" in text + note:
        raise Invalid(
            "invalid_name", _("Give the event a name of up to 120 characters."), {"name": text[:120]}
        )
    names = [rule.name for rule in properties]
    if len(set(names)) != len(names):
        raise Invalid("property_twice", _("A property is named twice."), {"properties": names})
    if len(names) > MOST_PROPERTIES:
        raise Invalid("too_many_properties", _("An event may have up to 100 expected properties."), {})
    rules = {rule.name: {"type": rule.type, "is_required": rule.is_required} for rule in properties}
    row, is_new = ExpectedEvent.objects.update_or_create(
        source=source_row(source_id),
        name=text,
        defaults={"note": note[:500], "properties": rules, "updated_at": at},
        create_defaults={"note": note[:500], "properties": rules, "updated_at": at, "created_at": at},
    )
    verb = "expected_event.created" if is_new else "expected_event.changed"
    changes = {"event": [None, text], "properties": [None, names]}
    record_audit(actor=actor, at=at, verb=verb, subject=("source", source_id), changes=changes)
    return expected_view(row)


@transaction.atomic
def forget_expected_event(*, actor: Actor, at: datetime, expected_id: str) -> None:
    """Take an event out of the plan.  Raises ``NotFound``."""
    row = ExpectedEvent.objects.select_related("source").filter(public_id=expected_id).first()
    if row is None:
        raise NotFound("expected_event_not_found", _("There is no such expected event."))
    row.delete()
    changes = {"event": [row.name, None]}
    subject = ("source", row.source.public_id)
    record_audit(actor=actor, at=at, verb="expected_event.deleted", subject=subject, changes=changes)
