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


class BanditDay(models.Model):
    """What a strategy of a slot's bandit did on a business day: a row is counted anew, never added to.

    ``lists`` it answered, ``drawn`` of them by the bandit; ``taken`` of the lists; ``exposures``: the lists, a young
    one only by the part of its clicks that is expected to have come by now.
    """

    slot = models.ForeignKey("recommendations.Slot", on_delete=models.CASCADE, related_name="bandit_days")
    strategy = models.CharField(max_length=120)
    day = models.DateField()
    lists = models.PositiveIntegerField(default=0)
    drawn = models.PositiveIntegerField(default=0)
    taken = models.PositiveIntegerField(default=0)
    exposures = models.FloatField(default=0.0)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("slot", "strategy", "day"), name="one_row_per_bandit_day"),
        )

    def __str__(self) -> str:
        return f"{self.slot_id} {self.strategy} {self.day}"
