"""Bandits: what was learned of each arm of a slot."""

from django.db import models


class BanditArm(models.Model):
    """Exposures of an arm of a slot's bandit that were answered (``taken``) or not (``left``), faded; no prior."""

    slot = models.ForeignKey("recommendations.Slot", on_delete=models.CASCADE, related_name="bandit_arms")
    arm = models.CharField(max_length=120)
    taken = models.FloatField(default=0.0)
    left = models.FloatField(default=0.0)
    learned_until = models.DateTimeField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("slot", "arm"), name="one_row_per_bandit_arm"),)

    def __str__(self) -> str:
        return f"{self.slot_id} {self.arm}"
