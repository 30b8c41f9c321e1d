"""What erasure does to points."""

from shuke.apps.loyalty.models import BenefitHold, OwnPage, PaidChange, PointsTransaction


def forget_notes(*, member_id: str) -> int:
    """Empty what people wrote about a member's points; notes lie outside the chain.  Returns how many."""
    rows = PointsTransaction.objects.filter(wallet__member__public_id=member_id)
    return rows.exclude(note="").update(note="")


def forget_benefits(*, member_id: str) -> None:
    """Empty what people wrote at uses and sales, and take the member's own links back."""
    PaidChange.objects.filter(term__member__public_id=member_id).exclude(reference="").update(reference="")
    BenefitHold.objects.filter(member__public_id=member_id).exclude(note="").update(note="")
    OwnPage.objects.filter(member__public_id=member_id).delete()
