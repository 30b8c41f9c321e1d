"""Forgetting people in stored uploads and in rows that were put aside."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import phonenumbers
import polars as pl

from shuke.apps.connections.models import ImportBatch
from shuke.apps.connections.queries.files import uploads_folder
from shuke.platform.privacy import Trace
from shuke.platform.warehouse import lake
from shuke.sources.files.errors import UnreadableFileError
from shuke.sources.files.reading import ROW_NO, read_file

ENCODINGS = ("utf-8", "gb18030", "utf-16-le", "utf-16-be")
BLOCK = 1 << 22
#: A shorter value stands inside too many others to say anything.
SHORTEST = 5


class Needles:
    """How the identifiers of people may be written in a file."""

    def __init__(self, traces: Iterable[Trace]) -> None:
        found = [trace for trace in traces if trace.identifiers]
        self.whole = {v.casefold() for trace in found for v in trace.values() if v}
        self.whole -= {v.casefold() for trace in found for v in trace.values("name")}
        self.parts = {v.casefold() for trace in found for v in trace.values("email")}
        numbers = {national(phone) for trace in found for phone in trace.values("phone")}
        self.numbers: dict[int, set[str]] = defaultdict(set)
        for number in numbers:
            if len(number) >= SHORTEST:
                self.numbers[len(number)].add(number)

    def __bool__(self) -> bool:
        return bool(self.whole)

    def in_frame(self, frame: pl.DataFrame) -> bool:
        """Whether a cell is one of them, or ends with one of the phone numbers."""
        texts = [name for name, dtype in frame.schema.items() if dtype == pl.String and name != ROW_NO]
        return any(self._in_column(frame[name]) for name in texts)

    def _in_column(self, cells: pl.Series) -> bool:
        plain = cells.drop_nulls().unique().str.strip_chars(" \t\"'`").str.to_lowercase()
        if plain.is_in(list(self.whole)).any():
            return True
        if self.parts and plain.str.contains_any(list(self.parts)).any():
            return True
        digits = plain.str.replace_all(r"\D", "")
        return any(digits.str.tail(size).is_in(list(found)).any() for size, found in self.numbers.items())

    def in_bytes(self, path: Path) -> bool:
        """Whether the raw bytes hold one of them: for a file that is no table."""
        numbers = {number for found in self.numbers.values() for number in found}
        words = {word for word in {*self.whole, *numbers} if len(word) >= SHORTEST}
        forms = {word.encode(encoding) for word in words for encoding in ENCODINGS}
        if not forms:
            return False
        pattern = re.compile(b"|".join(re.escape(form) for form in sorted(forms)), re.IGNORECASE)
        overlap = max(len(form) for form in forms)
        rest = b""
        with path.open("rb") as file:
            while block := file.read(BLOCK):
                if pattern.search(rest + block):
                    return True
                rest = block[-overlap:]
        return False


def national(phone: str) -> str:
    """The digits of a number without its country code, as files often write it."""
    try:
        number = phonenumbers.parse(phone, None)
    except phonenumbers.NumberParseException:
        return re.sub(r"\D", "", phone)
    return str(phonenumbers.national_significant_number(number))


def forget_in_uploads(traces: Sequence[Trace]) -> int:
    """Delete every stored upload in which one of the people is found; their reports stay.  Returns how many.

    A file that is being taken in is left for the next look.
    """
    needles = Needles(traces)
    if not needles:
        return 0
    deleted = 0
    for row in ImportBatch.objects.exclude(stored_name="").exclude(state="running"):
        path = uploads_folder() / row.stored_name
        if path.exists() and _mentions(path, row, needles):
            path.unlink(missing_ok=True)
            ImportBatch.objects.filter(pk=row.pk).update(stored_name="")
            deleted += 1
    return deleted


def _mentions(path: Path, row: ImportBatch, needles: Needles) -> bool:
    given = row.settings
    try:
        source = read_file(
            path, encoding=given.get("encoding") or "auto", separator=given.get("separator") or "auto"
        )
    except UnreadableFileError:
        return needles.in_bytes(path)
    return needles.in_frame(source.frame) or needles.in_bytes(path)


def forget_in_quarantine(traces: Sequence[Trace]) -> int:
    """Delete rows put aside that quote an address or a number of one of the people.  Returns how many.

    What names people is left out of them anyway; this is for cells in which nobody expected it.
    """
    values = [v for trace in traces for v in trace.values("email", "phone")]
    words = {v for v in values if v} | {national(v) for v in values if v.startswith("+")}
    return lake().delete_mentions("rejected_rows", columns=("raw", "message"), words=words)
