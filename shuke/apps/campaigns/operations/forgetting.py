"""Erasing a member's part in campaigns."""

from django.db import transaction

from shuke.apps.campaigns.models import RunMember


@transaction.atomic
def forget_runs(*, member_id: str) -> int:
    """Delete the member's places in runs; returns how many there were."""
    deleted, _ = RunMember.objects.filter(member__public_id=member_id).delete()
    return deleted
