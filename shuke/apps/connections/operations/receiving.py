"""The bytes of an upload on their way to the uploads folder: measured, joined, and without forbidden columns.

A file lies under a name of its own (``incoming_…``) until it is known to hold nothing that must not be
kept; what a killed upload leaves there is deleted with the other strays.
"""

import csv
import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy as _

from shuke.apps.connections.queries.files import read_raw, refusal_of
from shuke.platform.errors import Invalid
from shuke.sources.files.errors import UnreadableFileError
from shuke.sources.files.layouts import forbidden_columns, joined, recognise
from shuke.sources.files.reading import ROW_NO, SourceTable

MAX_BYTES = int(os.environ.get("SHUKE_MAX_UPLOAD_BYTES", str(2 * 2**30)))
INCOMING = "incoming_"
#: What stands for a row of the wrong width once columns were cut: one cell, so that it is wrong still.
TORN = "?"


@dataclass(frozen=True)
class Received:
    """The file in its place: its cells as they came, the hash and size of what was sent."""

    source: SourceTable
    digest: str
    size: int


def receive(path: Path, *, parts: Sequence[Iterable[bytes]], given: dict[str, Any]) -> Received:
    """Write the file, or two that belong together, to ``path``.  Raises ``Invalid``; nothing stays then.

    ``given`` loses encoding and separator where the file had to be written anew.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    incoming = [path.with_name(f"{INCOMING}{place}_{path.name}") for place in range(len(parts))]
    try:
        stored = [_store(target, blocks) for target, blocks in zip(incoming, parts, strict=True)]
        sources = [read_raw(target, given) for target in incoming]
        source = sources[0] if len(sources) == 1 else _joined(sources)
        if len(sources) > 1 or forbidden_columns(source.headers):
            _write_anew(source, path=path)
            given.pop("encoding", None)
            given.pop("separator", None)
            source = read_raw(path, given)
        else:
            incoming[0].replace(path)
        digest = stored[0][1] if len(stored) == 1 else _digest_of(digest for _size, digest in stored)
        return Received(source=source, digest=digest, size=sum(size for size, _digest in stored))
    finally:
        for target in incoming:
            target.unlink(missing_ok=True)


def _joined(sources: Sequence[SourceTable]) -> SourceTable:
    """Orders and their details as one file, whichever was given first."""
    found = {layout.name: source for source in sources if (layout := recognise(source.headers))}
    if set(found) != {"taobao_orders", "taobao_details"}:
        raise Invalid(
            "not_a_pair",
            _(
                "Only the order file and the detail file of Taobao or Tmall belong together. Import others one by one."
            ),
        )
    try:
        return joined(found["taobao_orders"], found["taobao_details"])
    except UnreadableFileError as error:
        raise refusal_of(error) from error


def _write_anew(source: SourceTable, *, path: Path) -> None:
    """The cells as UTF-8 CSV without forbidden columns; rows keep their places, torn ones stay torn."""
    dropped = set(forbidden_columns(source.headers))
    kept = [place for place in range(len(source.headers)) if place not in dropped]
    draft = path.with_name(f"{INCOMING}new_{path.name}")
    torn = set(source.ragged)
    try:
        with draft.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([source.headers[place] for place in kept])
            number = 1
            for row in source.frame.select(ROW_NO, *(str(place) for place in kept)).iter_rows():
                number = _write_torn(writer, torn, number, row[0])
                writer.writerow(["" if cell is None else str(cell) for cell in row[1:]])
                number += 1
            _write_torn(writer, torn, number, max([0, *torn]) + 1)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _write_torn(writer: Any, torn: set[int], number: int, upto: int) -> int:
    """Write the torn rows from ``number`` on before ``upto``; the next number."""
    while number < upto:
        if number in torn:
            writer.writerow([TORN])
        number += 1
    return number


def _digest_of(digests: Iterable[str]) -> str:
    return hashlib.sha256("+".join(digests).encode()).hexdigest()


def _store(path: Path, blocks: Iterable[bytes]) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("wb") as file:
            for block in blocks:
                size += len(block)
                if size > MAX_BYTES:
                    raise Invalid(
                        "file_too_large",
                        _(
                            "The file is larger than allowed. Split it, or ask your administrator to raise the limit."
                        ),
                        {"limit_bytes": MAX_BYTES},
                    )
                digest.update(block)
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return size, digest.hexdigest()
