"""What is known of the competition in a slot."""

from django.db import models


class OnlineReading(models.Model):
    """The newest count of a slot's lists in an experiment, as ``schemas.OnlineReport`` says it.

    ``experiment_id`` is empty for a slot in which nothing competes.
    """

    slot = models.ForeignKey("recommendations.Slot", on_delete=models.CASCADE, related_name="online_readings")
    experiment_id = models.CharField(max_length=40, blank=True, default="")
    at = models.DateTimeField()
    seconds = models.FloatField(default=0.0)
    report = models.JSONField(default=dict)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("slot", "experiment_id"), name="one_online_reading_per_experiment"
            ),
        )

    def __str__(self) -> str:
        return f"{self.slot_id} {self.experiment_id}"
