"""Taking a member out of the tiers; the distribution of the past loses them, as it must."""

from shuke.apps.loyalty.models import TierInvitation, TierMembership, TierStanding, TierTrialMove


def forget_tiers(*, member_id: str) -> None:
    """Delete everything that tells of a member's tiers."""
    for model in (TierTrialMove, TierInvitation, TierMembership, TierStanding):
        model.objects.filter(member__public_id=member_id).delete()
