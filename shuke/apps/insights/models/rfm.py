"""How the retailer scores: every version of its RFM scheme."""

from django.db import models


class RfmVersion(models.Model):
    """A version of the scheme; never changes.  ``scheme`` is that of ``science.rfm_scheme`` as data."""

    number = models.PositiveIntegerField(unique=True)
    scheme = models.JSONField()
    author_name = models.CharField(max_length=150)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"RFM {self.number}"
