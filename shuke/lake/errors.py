"""What can go wrong in the lake, said in words a person can act on."""

from __future__ import annotations


class LakeError(Exception):
    """Any refusal or failure of the lake."""


class InvalidRowsError(LakeError, ValueError):
    """Rows do not fit their table.

    ``table`` and ``column`` say where, ``row`` is the first row at fault (0 = first), ``code`` is a
    short stable name of the reason.
    """

    def __init__(
        self, message: str, *, table: str, code: str, column: str | None = None, row: int | None = None
    ) -> None:
        super().__init__(message)
        self.table = table
        self.code = code
        self.column = column
        self.row = row


class UnfitStorageError(LakeError):
    """The place of the lake lacks something that safe commits need."""


class UnreadableTableError(LakeError):
    """A table uses a Delta feature, or has a shape, that the lake does not read."""


class WriteConflictError(LakeError):
    """Other writers kept winning; nothing was written."""


class MisusedSnapshotError(LakeError):
    """A snapshot was used after its end or from another thread."""
