"""Keys of identifiers that the loader met lately, so that a busy source does not ask for them in every part.

A key never changes while its identifier lives: merging people moves the identifier, not its key.  Only an
erasure ends it, and tells so by a file in the spool, written while no loader is at work.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from shuke.sources.collector.spool import Spool, sync_folder, write_durably

#: Keys of one generation; two are held, so that what is in use is not dropped with the rest.
MOST_KEYS = 150_000
#: (channel account, kind, value)
Name = tuple[str, str, str]


@dataclass
class RememberedKeys:
    """Keys by identifier, for one state of the spool's ``erasures``."""

    state: tuple[int, int] = (0, 0)
    young: dict[Name, str] = field(default_factory=dict)
    old: dict[Name, str] = field(default_factory=dict)

    def find(self, names: Iterable[Name]) -> dict[Name, str]:
        """The keys that are known."""
        found = {}
        for name in names:
            key = self.young.get(name)
            if key is None and (key := self.old.get(name)) is not None:
                self.add(name, key)
            if key is not None:
                found[name] = key
        return found

    def add(self, name: Name, key: str) -> None:
        """Remember a key."""
        if len(self.young) >= MOST_KEYS:
            self.young, self.old = {}, self.young
        self.young[name] = key


_by_spool: dict[Path, RememberedKeys] = {}


def remembered_keys(held: Spool) -> RememberedKeys:
    """What this process remembers; nothing after an erasure.  Call it while the loader's lock is held."""
    state = _state(held)
    known = _by_spool.get(held.folder)
    if known is None or known.state != state:
        known = _by_spool[held.folder] = RememberedKeys(state)
    return known


def forget_keys(held: Spool) -> None:
    """Let every loader forget its keys.  Call it while the loader's lock is held."""
    # A new file each time: two erasures within one tick of the clock must not look like one.
    draft = held.folder / "erasures.draft"
    write_durably(draft, b"")
    draft.rename(held.folder / "erasures")
    sync_folder(held.folder)
    _by_spool.pop(held.folder, None)


def _state(held: Spool) -> tuple[int, int]:
    with suppress(FileNotFoundError):
        status = (held.folder / "erasures").stat()
        return status.st_ino, status.st_mtime_ns
    return 0, 0
