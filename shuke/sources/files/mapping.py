"""Which column is what: by the headers people use, in English and Chinese."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from shuke.sources.files.errors import UnreadableFileError
from shuke.sources.files.fields import PERSON_FIELD_NAMES, FileKind
from shuke.sources.files.kinds import KINDS
from shuke.sources.files.profiles import Profile

_BRACKETS = re.compile(r"[(\[{<（【].*?[)\]}>）】]")
_NOISE = re.compile(r"[\s_\-./\\:：#*'\"]+")


def folded(header: str) -> str:
    """A header without case, blanks, punctuation and what stands in brackets, such as units.

    >>> folded("Unit Price (USD)") == folded("unit_price")
    True
    """
    text = unicodedata.normalize("NFKC", header).casefold()
    short = _NOISE.sub("", _BRACKETS.sub("", text))
    return short or _NOISE.sub("", text)


def automatic_mapping(kind: FileKind, headers: Sequence[str]) -> dict[str, str]:
    """Field → header for every field whose name, label or a known word is a header.

    The first field of the kind wins a header that several know; the first of equal headers counts.
    """
    by_fold: dict[str, str] = {}
    for header in headers:
        if header:
            by_fold.setdefault(folded(header), header)
    found: dict[str, str] = {}
    taken: set[str] = set()
    for exact in (True, False):
        for field in kind.fields:
            words = (field.name,) if exact else (field.label, *field.words)
            known = next((by_fold[folded(w)] for w in words if folded(w) in by_fold), None)
            if known is not None and field.name not in found and known not in taken:
                found[field.name] = known
                taken.add(known)
    return found


def guessed_kind(headers: Sequence[str]) -> str | None:
    """The kind of which nothing needed is missing and most headers are known; ``None`` where none is whole."""
    found: dict[str, int] = {}
    for kind in KINDS.values():
        columns = automatic_mapping(kind, headers)
        profile = Profile(columns=columns, time_zone="UTC", business_zone="UTC", currency="")
        if columns and not missing_fields(kind, profile):
            found[kind.name] = len(columns)
    return max(found, key=found.__getitem__) if found else None


def check_mapping(kind: FileKind, profile: Profile, headers: Sequence[str]) -> None:
    """Refuse a mapping with which no row could be taken.  Raises ``UnreadableFileError``."""
    columns = profile.columns
    unknown = [name for name in columns if name not in kind.field_names]
    if unknown:
        raise UnreadableFileError(
            "unknown_field",
            "Files of this kind have no field {field}; known are {known}.",
            field=unknown[0],
            known=", ".join(kind.field_names),
        )
    absent = [header for header in (*columns.values(), *profile.attributes.values()) if header not in headers]
    if absent:
        raise UnreadableFileError(
            "missing_column",
            "The file has no column “{column}”. Its columns: {columns}. Change the mapping.",
            column=absent[0],
            columns=_listed(headers),
        )
    doubled = [header for header in columns.values() if list(headers).count(header) > 1]
    if doubled:
        raise UnreadableFileError(
            "doubled_header",
            "Two columns are called “{column}”. Rename one of them in the file.",
            column=doubled[0],
        )
    missing = missing_fields(kind, profile)
    if missing:
        raise UnreadableFileError(
            "no_usable_header",
            "No column was found for: {missing}. The file's columns: {columns}. "
            "Choose them in the mapping, or put a header into the first row.",
            missing="; ".join(missing),
            columns=_listed(headers),
        )


def missing_fields(kind: FileKind, profile: Profile) -> list[str]:
    """Labels of required fields, and of groups of which one is needed, that have no column."""
    columns = profile.columns
    missing = [
        f.label
        for f in kind.fields
        if f.is_required and f.name not in columns and f.name not in profile.fills
    ]
    missing += [
        " / ".join(kind.field(name).label for name in group)
        for group in kind.one_of
        if not any(name in columns for name in group)
    ]
    if kind.names_person and not kind.person_is_optional and not set(PERSON_FIELD_NAMES) & set(columns):
        missing.append(" / ".join(kind.field(name).label for name in PERSON_FIELD_NAMES))
    return missing


def _listed(headers: Sequence[str]) -> str:
    shown = ", ".join(f"“{header[:60]}”" for header in headers[:30] if header)
    return shown or "–"
