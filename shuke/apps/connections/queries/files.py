"""The stored file of a batch and how it is read."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.translation import gettext, gettext_lazy

from shuke.apps.connections.models import ChannelAccount, ImportBatch
from shuke.platform.errors import Invalid, Refused
from shuke.platform.money import exponent
from shuke.platform.retailer.queries import retailer
from shuke.sources.files.errors import UnreadableFileError
from shuke.sources.files.fields import FileKind
from shuke.sources.files.kinds import KINDS
from shuke.sources.files.layouts import LAYOUTS, rewrite
from shuke.sources.files.mapping import automatic_mapping
from shuke.sources.files.profiles import Profile, profile_from
from shuke.sources.files.reading import SourceTable, read_file


def uploads_folder() -> Path:
    """Where uploads lie until they are deleted."""
    return Path(settings.SHUKE_HOME) / "uploads"


def kind_named(name: str) -> FileKind:
    """The kind of file.  Raises ``Invalid`` with the known ones."""
    if name not in KINDS:
        raise Invalid(
            "unknown_kind",
            gettext_lazy("There is no such kind of file."),
            {"kind": name[:40], "known": list(KINDS)},
        )
    return KINDS[name]


def stored_path(row: ImportBatch) -> Path:
    """The file.  Raises ``Refused`` once it was deleted."""
    path = uploads_folder() / row.stored_name
    if not row.stored_name or not path.exists():
        raise Refused(
            "file_deleted",
            gettext_lazy("The uploaded file was deleted after its retention; upload it again."),
        )
    return path


def refusal_of(error: UnreadableFileError) -> Invalid:
    """The refusal of a file in the active language."""
    message = gettext(error.template).format(**error.facts)
    return Invalid(error.code, message, {name: str(value)[:500] for name, value in error.facts.items()})


def read_raw(path: Path, given: Mapping[str, Any]) -> SourceTable:
    """The cells of a file as they came.  Raises ``Invalid`` where it cannot be read."""
    try:
        return read_file(
            path, encoding=given.get("encoding") or "auto", separator=given.get("separator") or "auto"
        )
    except UnreadableFileError as error:
        raise refusal_of(error) from error


def read_source(path: Path, given: Mapping[str, Any]) -> SourceTable:
    """The cells of a file; an export of a platform has our columns.  Raises ``Invalid`` as ``read_raw``."""
    source = read_raw(path, given)
    layout = LAYOUTS.get(str(given.get("layout") or ""))
    return rewrite(layout, source) if layout is not None else source


def profile_of(
    account: ChannelAccount, kind: FileKind, *, given: dict[str, Any], source: SourceTable
) -> Profile:
    """How a file is read: what was given, columns found by their headers where none were given.

    Raises ``Invalid`` for a setting that is not allowed.
    """
    currency = str(given.get("currency") or account.currency)
    values = dict(given)
    if not values.get("columns"):
        values["columns"] = automatic_mapping(kind, source.headers)
    try:
        return profile_from(
            values,
            columns={},
            time_zone=account.time_zone,
            business_zone=retailer().time_zone,
            currency=currency,
            decimals=exponent(currency),
        )
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise Invalid(
            "invalid_mapping",
            gettext_lazy("A setting of the mapping is not allowed."),
            {"error": str(error)[:300]},
        ) from error
