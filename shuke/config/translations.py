"""Compiling the catalogues of translations; compiled files are not kept in the repository."""

import os
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent


def compile_catalogues(package: Path = PACKAGE) -> list[Path]:
    """Compile every ``.po`` below ``package`` that is newer than its ``.mo``; returns what was written.

    Each file is put in place by a rename, so that a process that starts meanwhile reads either the old
    catalogue or the new one.  Raises ``ValueError`` naming the catalogue that cannot be read, after the
    others were compiled.
    """
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import PoFileError, read_po

    written, unreadable = [], []
    for source in sorted(package.glob("**/locale/*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        try:
            with source.open("rb") as file:
                catalogue = read_po(file, locale=source.parts[-3], abort_invalid=True)
        except PoFileError as error:
            unreadable.append(f"{source}: {error}")
            continue
        draft = target.with_suffix(f".{os.getpid()}.draft")
        with draft.open("wb") as file:
            write_mo(file, catalogue)
        draft.replace(target)
        written.append(target)
    if unreadable:
        raise ValueError("; ".join(unreadable))
    return written
