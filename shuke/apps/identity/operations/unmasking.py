"""Showing what is hidden, with a trace."""

from datetime import datetime

from django.db import transaction

from shuke.apps.identity.queries import identifiers_of, suggestion
from shuke.apps.identity.schemas import IdentifierView, SuggestionDetail
from shuke.apps.members.queries import member
from shuke.apps.members.schemas import MemberView
from shuke.platform.audit.operations import record_audit
from shuke.platform.permissions import Actor


@transaction.atomic
def unmask_member(*, actor: Actor, at: datetime, member_id: str) -> tuple[MemberView, list[IdentifierView]]:
    """Name and identifiers in the clear, for who may; the audit notes who looked.  Raises ``NotFound``."""
    actor.require("members.unmask")
    person = member(member_id, unmask=True)
    record_audit(actor=actor, at=at, verb="member.unmasked", subject=("member", member_id), changes={})
    return person, identifiers_of(member_id, unmask=True)


@transaction.atomic
def unmask_suggestion(*, actor: Actor, at: datetime, suggestion_id: str) -> SuggestionDetail:
    """Both sides of a pair in the clear, for who may; the audit notes it for each of the two."""
    actor.require("members.unmask")
    found = suggestion(suggestion_id, unmask=True)
    for side in found.sides:
        record_audit(actor=actor, at=at, verb="member.unmasked", subject=("member", side.id), changes={})
    return found
