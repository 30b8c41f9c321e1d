"""Facts on their way from the operational database to the lake."""

from django.db import models


class OutboxRow(models.Model):
    """Up to 1,000 rows of one lake table, written in the transaction of the change they tell of.

    The relay moves along ``position``, which it gives to committed rows under a lock: ids are drawn
    before the commit, so a row may appear after one with a higher id.  ``relayed_at`` is a note for
    people and for pruning; what was relayed is known from the lake's own commit.  Rows stay for days
    afterwards, since the lake does not force its files to disk and its tail may have to be replayed.
    ``fault`` says why the lake cannot take the row; such a row waits for a person.
    """

    id = models.BigAutoField(primary_key=True)
    table = models.CharField(max_length=40)
    payload = models.JSONField()
    recorded_at = models.DateTimeField(auto_now_add=True)
    position = models.BigIntegerField(null=True, editable=False)
    relayed_at = models.DateTimeField(null=True, editable=False)
    fault = models.TextField(blank=True, default="", editable=False)

    class Meta:
        # Every change that is told writes a row here: an index holds only the rows it is asked for.
        indexes = [
            models.Index(
                fields=["table", "position"],
                condition=models.Q(position__isnull=False),
                name="outbox_stream",
            ),
            models.Index(fields=["id"], condition=models.Q(position=None), name="outbox_unplaced"),
            models.Index(fields=["table"], condition=models.Q(relayed_at=None), name="outbox_waiting"),
            models.Index(
                fields=["relayed_at"],
                condition=models.Q(relayed_at__isnull=False),
                name="outbox_relayed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.table} {self.pk}"


class OutboxSequence(models.Model):
    """The last position given out; one row, whose lock lets one relay at a time give positions."""

    last_position = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.last_position)
