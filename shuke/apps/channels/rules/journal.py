"""Reading a dead worker's journal: docs/algorithms/sending.md has the table this follows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Fate = Literal["unsent", "unknown", "answered"]


@dataclass(frozen=True)
class Entry:
    """What the journal knows of one message; ``code`` and ``answered_at`` (Unix seconds) if there was an answer."""

    fate: Fate
    code: int = 0
    answered_at: float = 0.0
    stage: str = ""


@dataclass(frozen=True)
class Journal:
    """A whole journal.  ``is_complete``: written since the machine's last start, so no line can be missing."""

    entries: Mapping[str, Entry]
    is_complete: bool

    def entry(self, message_id: str) -> Entry:
        """The fate of a message the worker had claimed."""
        found = self.entries.get(message_id)
        if found is not None:
            return found
        return Entry("unsent") if self.is_complete else Entry("unknown")


NO_JOURNAL = Journal({}, is_complete=False)


def read_journal(raw: bytes, *, boot_id: str) -> Journal:
    """The journal of these bytes.  A last line without its line feed was cut off and does not count."""
    entries: dict[str, Entry] = {}
    written_in = ""
    for line in raw.decode("utf-8", "replace").split("\n")[:-1]:
        kind, *words = line.split(" ")
        if kind == "H" and words:
            written_in = words[0]
        elif kind == "B" and words:
            entries[words[0]] = Entry("unknown")
        elif kind == "A" and len(words) == 3:
            entries[words[0]] = Entry("answered", int(words[1]), float(words[2]))
    return Journal(entries, is_complete=bool(written_in) and written_in == boot_id)
