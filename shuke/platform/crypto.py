"""Personal values at rest: encrypted for reading, keyed hashes for equality.

Two secrets live in a file of the home directory, made on first use and never in the database, so a
leaked database alone tells no phone or email.  Values are encrypted with Fernet; the first key
encrypts, all keys decrypt, so keys can be rotated (``shuke.platform.rotation``) while processes run: each looks
at the file again after a second, and at once when it meets a value that it cannot read.
"""

import hashlib
import hmac
import json
import os
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

#: For how long a process trusts what it has read of the file.
LOOK_SECONDS = 1.0


@dataclass(frozen=True)
class Keyring:
    """The secrets of one installation."""

    encryption_keys: tuple[str, ...]
    hash_key: str
    signing_key: str

    @cached_property
    def fernet(self) -> MultiFernet:
        """Encrypts with the first key and decrypts with any."""
        return MultiFernet([Fernet(key) for key in self.encryption_keys])

    @cached_property
    def hash_key_bytes(self) -> bytes:
        """The key of the equality hash."""
        return bytes.fromhex(self.hash_key)


def load_keyring(path: Path) -> Keyring:
    """Read the keyring, making it first if there is none.  The file is readable by its owner only."""
    if not path.exists():
        _create_keyring(path)
    stored = json.loads(path.read_text())
    return Keyring(tuple(stored["encryption_keys"]), stored["hash_key"], stored["signing_key"])


def _create_keyring(path: Path) -> None:
    """Write new secrets atomically: of two processes that start together, one file wins for both."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = {
        "encryption_keys": [Fernet.generate_key().decode()],
        "hash_key": secrets.token_hex(32),
        "signing_key": secrets.token_urlsafe(48),
    }
    draft = _draft(path, fresh)
    try:
        # A hard link refuses to overwrite, a rename would not.
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _draft(path: Path, content: dict[str, Any]) -> Path:
    draft = path.with_suffix(f".{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    return draft


def replace_encryption_keys(path: Path, keys: Sequence[str]) -> None:
    """Put other encryption keys into the file, the first being the one that encrypts; in one step or not at all."""
    content = json.loads(path.read_text()) | {"encryption_keys": list(keys)}
    _draft(path, content).replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        # Values are about to be written that only the new file can read.
        os.fsync(folder)
    finally:
        os.close(folder)


@dataclass
class _Remembered:
    keyring: Keyring
    entry: tuple[int, int]
    looked_at: float


#: By home directory, as text: a path made for each hash would cost more than the hash.
_remembered: dict[str, _Remembered] = {}


def keyring_file() -> Path:
    """Where the secrets lie."""
    return Path(settings.SHUKE_HOME) / "keyring.json"


def keyring(*, look_again: bool = False) -> Keyring:
    """The keyring of the configured home directory, as it was a second ago at most, or is now."""
    home = str(settings.SHUKE_HOME)
    known = _remembered.get(home)
    moment = time.monotonic()
    if known and not look_again and moment - known.looked_at < LOOK_SECONDS:
        return known.keyring
    path = keyring_file()
    entry = _entry(path)
    if known is None or known.entry != entry:
        known = _Remembered(load_keyring(path), _entry(path), moment)
        _remembered[home] = known
    known.looked_at = moment
    return known.keyring


def _entry(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except FileNotFoundError:
        return (0, 0)
    return status.st_ino, status.st_mtime_ns


def encrypt(value: str) -> bytes:
    """The value, unreadable without the keyring.  An empty value stays empty."""
    return keyring().fernet.encrypt(value.encode()) if value else b""


def decrypt(token: bytes | memoryview) -> str:
    """The value of ``encrypt``.  Raises ``cryptography.fernet.InvalidToken`` if it was tampered with."""
    return decrypt_bytes(token).decode() if token else ""


def decrypt_bytes(token: bytes | memoryview) -> bytes:
    """What was encrypted, also with a key that came into the file a moment ago."""
    try:
        return keyring().fernet.decrypt(bytes(token))
    except InvalidToken:
        return keyring(look_again=True).fernet.decrypt(bytes(token))


def keyed_hash(value: str, *, purpose: str) -> str:
    """HMAC-SHA256 of a normalised value: equal values have equal hashes within one purpose (64 hex)."""
    message = f"{purpose}\x00{value}".encode()
    return hmac.new(keyring().hash_key_bytes, message, hashlib.sha256).hexdigest()
