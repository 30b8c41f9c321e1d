"""Facts on their way from the operational database to the lake."""

from django.db import models


class OutboxRow(models.Model):
    """Up to 1,000 rows of one lake table, written in the transaction of the change they tell of.

    ``id`` is the sequence the relay moves along.  Rows stay for days after they were relayed, since
    the lake does not force its files to disk and its tail may have to be replayed.
    """

    id = models.BigAutoField(primary_key=True)
    table = models.CharField(max_length=40)
    payload = models.JSONField()
    recorded_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        indexes = [models.Index(fields=["table", "id"])]

    def __str__(self) -> str:
        return f"{self.table} {self.pk}"
