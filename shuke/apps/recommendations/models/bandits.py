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


class ProductBelief(models.Model):
    """What a slot's bandit over products knows in a context (a store, a segment, empty for everywhere), faded.

    ``beliefs``: of each product ``[taken, exposures]`` without a prior, an exposure being a list on whose first place
    it stood; ``looked``: of each place, how much it is looked at beside the first; ``taken``, ``exposures``: of all.
    """

    slot = models.ForeignKey("recommendations.Slot", on_delete=models.CASCADE, related_name="product_beliefs")
    context = models.CharField(max_length=250, blank=True, default="")
    taken = models.FloatField(default=0.0)
    exposures = models.FloatField(default=0.0)
    beliefs = models.JSONField(default=dict)
    looked = models.JSONField(default=list)
    learned_until = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("slot", "context"), name="one_product_belief_per_context"),
        )

    def __str__(self) -> str:
        return f"{self.slot_id} {self.context}"


class ProductBanditDay(models.Model):
    """What a slot's bandit over products showed on a business day in a context: counted anew, never added to.

    ``counts``: rows ``[product, place, lists, exposures, taken]``, a young list being a part of an exposure.
    """

    slot = models.ForeignKey(
        "recommendations.Slot", on_delete=models.CASCADE, related_name="product_bandit_days"
    )
    context = models.CharField(max_length=250, blank=True, default="")
    day = models.DateField()
    lists = models.PositiveIntegerField(default=0)
    counts = models.JSONField(default=list)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("slot", "context", "day"), name="one_row_per_product_bandit_day"),
        )

    def __str__(self) -> str:
        return f"{self.slot_id} {self.context} {self.day}"
