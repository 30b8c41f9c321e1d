"""Bundles on disk: one directory each, memory-mapped when served, and one pointer that says which is served.

A directory is written aside, flushed and renamed; the pointer is a small file that is replaced.  So a process killed
at any moment leaves either the old bundle served or the new one, never a part.  A process that has a bundle open keeps
it through every change: files that are mapped stay readable after they were removed (POSIX).
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import shutil
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from shuke.apps.recommendations.adapters.bundle_arrays import arrays_of, bundle_of
from shuke.science.recommendations.bundles import Bundle

log = logging.getLogger(__name__)

#: Number of the layout of a directory; another one is not opened.
FORMAT = 1
MANIFEST = "manifest.json"
#: The file that names the bundle that is served.
POINTER = "active"
#: Directories that are being written begin like this, so that what a killed process left is known.
ASIDE = ".writing-"
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,60}")
#: Members whose first items are written down, and compared on opening.
GOLDEN_MEMBERS = 5
GOLDEN_ITEMS = 10


class UnfitBundle(ValueError):
    """The directory is no bundle that can be served; the text says which file and why."""


def write_bundle(folder: Path, bundle: Bundle) -> dict[str, Any]:
    """Write a bundle to a directory that must not exist; the manifest as it was written.

    Whatever ``bundle.manifest`` says is kept beside what is found here: sizes, hashes and the golden lists.
    """
    _checked_name(folder.name)
    if folder.exists():
        raise UnfitBundle(f"There is a bundle {folder.name} already.")
    aside = folder.parent / f"{ASIDE}{folder.name}"
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    files: dict[str, dict[str, Any]] = {}
    for name, array in arrays_of(bundle).items():
        path = aside / f"{name}.npy"
        with path.open("wb") as file:
            np.save(file, array, allow_pickle=False)
            _flush(file)
        files[path.name] = {"bytes": path.stat().st_size, "sha256": file_hash(path)}
    manifest = {
        **bundle.manifest,
        "format": FORMAT,
        "id": bundle.id,
        "as_of": bundle.as_of.isoformat(),
        "members": len(bundle.member_ids),
        "items": len(bundle.item_ids),
        "lists": sorted(bundle.lists),
        "neighbours": sorted(bundle.neighbours),
        "files": files,
        "size_bytes": sum(int(found["bytes"]) for found in files.values()),
        "golden": golden(bundle),
    }
    write_manifest(aside, manifest)
    flush_directory(aside)
    aside.rename(folder)
    flush_directory(folder.parent)
    return manifest


def open_bundle(folder: Path) -> Bundle:
    """The bundle of a directory, its arrays mapped and read-only.

    Checked: every file is there with its size, and the golden lists are what was written.  Raises ``UnfitBundle``.
    """
    manifest = read_manifest(folder)
    try:
        return _mapped_as_told(folder, manifest)
    except (AttributeError, KeyError, TypeError, ValueError) as odd:
        if isinstance(odd, UnfitBundle):
            raise
        raise UnfitBundle(f"{folder.name}/{MANIFEST} says what cannot be: {odd!r}.") from odd


def _mapped_as_told(folder: Path, manifest: Mapping[str, Any]) -> Bundle:
    arrays = {}
    for name, told in manifest["files"].items():
        path = folder / name
        held = path.stat().st_size if path.is_file() else None
        if held != told["bytes"]:
            raise UnfitBundle(
                f"{folder.name}/{name} is missing."
                if held is None
                else f"{folder.name}/{name} has {held} bytes instead of {told['bytes']}."
            )
        arrays[name.removesuffix(".npy")] = _mapped(path)
    try:
        bundle = bundle_of(arrays, manifest)
    except KeyError as missing:
        raise UnfitBundle(f"{folder.name} lacks {missing.args[0]!r}.") from missing
    if golden(bundle, numbers=[int(number) for number in manifest["golden"]]) != manifest["golden"]:
        raise UnfitBundle(f"{folder.name}: the lists of some members are not what was written.")
    return bundle


def verify(folder: Path) -> Bundle:
    """Open it and compare the hash of every file.  Raises ``UnfitBundle``."""
    bundle = open_bundle(folder)
    for name, told in bundle.manifest["files"].items():  # type: ignore[attr-defined]
        # None while a member's rows are being blanked, see ``bundle_erasing``.
        if told["sha256"] is not None and file_hash(folder / name) != told["sha256"]:
            raise UnfitBundle(f"{folder.name}/{name} is not what was written (its hash differs).")
    return bundle


def activate(root: Path, bundle_id: str) -> None:
    """Have a bundle served from now on, by every process, after all of its files were compared with their hashes.

    Raises ``UnfitBundle``; what was served before stays served then.
    """
    _checked_name(bundle_id)
    verify(root / bundle_id)
    aside = root / f"{POINTER}.new"
    with aside.open("w") as file:
        file.write(bundle_id)
        _flush(file)
    aside.replace(root / POINTER)
    flush_directory(root)


def active_id(root: Path) -> str:
    """The bundle that the pointer names; empty for none."""
    try:
        found = (root / POINTER).read_text().strip()
    except (OSError, UnicodeDecodeError):
        return ""
    return found if NAME.fullmatch(found) else ""


def kept_ids(root: Path) -> list[str]:
    """Every whole bundle of the directory by its name."""
    if not root.is_dir():
        return []
    return sorted(path.name for path in root.iterdir() if (path / MANIFEST).is_file() and path.name[0] != ".")


def remove(root: Path, bundle_id: str) -> None:
    """Remove a bundle's files; a process that has them mapped keeps them until it lets go.

    The name goes first, so that a killed removal leaves no half bundle.  The served one is never removed.
    """
    _checked_name(bundle_id)
    if bundle_id == active_id(root):
        raise UnfitBundle(f"{bundle_id} is being served.")
    aside = root / f"{ASIDE}{bundle_id}"
    shutil.rmtree(aside, ignore_errors=True)
    if (root / bundle_id).exists():
        (root / bundle_id).rename(aside)
        shutil.rmtree(aside)


def clear_leftovers(root: Path) -> int:
    """Remove what killed processes left half written; only while nobody writes.  Returns how many."""
    left = [path for path in root.glob(f"{ASIDE}*") if path.is_dir()] if root.is_dir() else []
    for path in left:
        shutil.rmtree(path, ignore_errors=True)
    return len(left)


Stamp = tuple[int, int, int]


@dataclass
class _Door:
    """What one process serves of one root."""

    root: Path
    stamp: Stamp | None = None
    bundle: Bundle | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def now(self) -> Bundle | None:
        stamp = _stamp(self.root / POINTER)
        if stamp == self.stamp:
            return self.bundle
        with self.lock:
            # Who looked before the others opened a newer one must not take it back.
            stamp = _stamp(self.root / POINTER)
            if stamp != self.stamp:
                self.bundle = self._opened() if stamp else None
                self.stamp = stamp
        return self.bundle

    def _opened(self) -> Bundle | None:
        """The one that the pointer names; if that cannot be served the one before, else the newest that can."""
        wanted = active_id(self.root)
        try:
            return open_bundle(self.root / wanted)
        except UnfitBundle as unfit:
            log.error("recommendations: the bundle to be served is unfit, another one is served: %s", unfit)
        if self.bundle is not None:
            return self.bundle
        for other in sorted(
            set(kept_ids(self.root)) - {wanted}, key=lambda i: _as_of(self.root / i), reverse=True
        ):
            try:
                return open_bundle(self.root / other)
            except UnfitBundle:
                continue
        return None


_doors: dict[Path, _Door] = {}


def active_bundle(root: Path) -> Bundle | None:
    """The bundle to serve, opened once per process and again when the pointer changes: one ``stat`` a call."""
    door = _doors.get(root)
    if door is None:
        # A process serves one root.  Who changes it, as tests do, lets go of the other's mapped files.
        _doors.clear()
        door = _doors.setdefault(root, _Door(root))
    return door.now()


def golden(bundle: Bundle, *, numbers: list[int] | None = None) -> dict[str, dict[str, list[int]]]:
    """The first items of a few members, by number and strategy: what an opened bundle must say again."""
    members = len(bundle.member_ids)
    if numbers is None:
        numbers = sorted({int(n) for n in np.linspace(0, members - 1, GOLDEN_MEMBERS)}) if members else []
    return {
        str(number): {
            name: [int(item) for item in lists.items[number, :GOLDEN_ITEMS]]
            for name, lists in sorted(bundle.lists.items())
            if number < len(lists.items)
        }
        for number in numbers
    }


def read_manifest(folder: Path) -> dict[str, Any]:
    """What a bundle says of itself.  Raises ``UnfitBundle``."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text())
    except FileNotFoundError as missing:
        raise UnfitBundle(f"There is no bundle {folder.name}.") from missing
    except ValueError as torn:
        raise UnfitBundle(f"{folder.name}/{MANIFEST} cannot be read.") from torn
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise UnfitBundle(f"{folder.name} has another format than {FORMAT}. Fit a new bundle.")
    for needed in ("id", "as_of", "files", "lists", "neighbours", "golden"):
        if needed not in manifest:
            raise UnfitBundle(f"{folder.name}/{MANIFEST} lacks {needed!r}.")
    return manifest


def write_manifest(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Put the manifest in place, whole or not at all."""
    aside = folder / f"{MANIFEST}.new"
    with aside.open("w") as file:
        json.dump(manifest, file, ensure_ascii=False, indent=1, allow_nan=False)
        _flush(file)
    aside.replace(folder / MANIFEST)
    flush_directory(folder)


def file_hash(path: Path) -> str:
    """SHA-256 in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def flush_directory(folder: Path) -> None:
    """Make names in a directory survive a loss of power."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _mapped(path: Path) -> np.ndarray:
    """A read-only view; as a plain array, since every step through ``memmap`` costs time."""
    try:
        found = np.load(path, mmap_mode="r", allow_pickle=False)
    except ValueError:
        # An array without elements cannot be mapped.
        try:
            found = np.load(path, allow_pickle=False)
        except (ValueError, EOFError) as torn:
            raise UnfitBundle(f"{path.parent.name}/{path.name} is no array.") from torn
    return found.view(np.ndarray)


def _stamp(path: Path) -> Stamp | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _as_of(folder: Path) -> str:
    try:
        return str(read_manifest(folder)["as_of"])
    except UnfitBundle:
        return ""


def _flush(file: Any) -> None:
    file.flush()
    os.fsync(file.fileno())


def _checked_name(name: str) -> None:
    """A name of a bundle never leads out of its root."""
    if not NAME.fullmatch(name):
        raise UnfitBundle(f"{name!r} is no name of a bundle.")
