"""Taking back the links to a member's own page."""

from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from shuke.apps.loyalty.models import OwnPage
from shuke.apps.members.queries import member_refs
from shuke.platform.audit.operations import record_audit
from shuke.platform.errors import NotFound
from shuke.platform.permissions import Actor


@transaction.atomic
def revoke_own_links(*, actor: Actor, at: datetime, member_id: str) -> None:
    """Let no link that was handed out before open the member's page any more; a new one does."""
    ref = member_refs([member_id]).get(member_id)
    if ref is None:
        raise NotFound("member_not_found", _("There is no such member."), {"member_id": member_id})
    row, _made = OwnPage.objects.get_or_create(member_id=ref.pk, defaults={"changed_at": at})
    OwnPage.objects.filter(pk=row.pk).update(generation=F("generation") + 1, changed_at=at)
    record_audit(actor=actor, at=at, verb="own_page.revoked", subject=("member", member_id), changes={})
