"""Evaluations: how strategies would have done on the retailer's own history."""

from django.db import models

from shuke.platform.ids import new_id


def new_evaluation_id() -> str:
    """A new public id."""
    return new_id("evl")


class EvaluationRun(models.Model):
    """One evaluation with its report, as ``schemas.comparison.EvaluationFigures`` says it; ``best`` by nDCG."""

    public_id = models.CharField(max_length=40, unique=True, default=new_evaluation_id, editable=False)
    as_of = models.DateField()
    protocol = models.CharField(max_length=10, default="last")
    level = models.CharField(max_length=20, default="product")
    built_at = models.DateTimeField()
    seconds = models.FloatField(default=0.0)
    best = models.CharField(max_length=40, blank=True, default="")
    report = models.JSONField(default=dict)
    refusal = models.JSONField(null=True)

    def __str__(self) -> str:
        return self.public_id
