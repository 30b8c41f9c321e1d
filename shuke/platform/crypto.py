"""Personal values at rest: encrypted for reading, keyed hashes for equality.

Two secrets live in a file of the home directory, made on first use and never in the database, so a
leaked database alone tells no phone or email.  Values are encrypted with Fernet; the first key
encrypts, all keys decrypt, so keys can be rotated.
"""

import hashlib
import hmac
import json
import os
import secrets
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings


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
    draft = path.with_suffix(f".{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(fresh, file)
        file.flush()
        os.fsync(file.fileno())
    try:
        # A hard link refuses to overwrite, a rename would not.
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


@lru_cache(maxsize=4)
def _cached_keyring(path: Path) -> Keyring:
    return load_keyring(path)


def keyring() -> Keyring:
    """The keyring of the configured home directory."""
    return _cached_keyring(Path(settings.SHUKE_HOME) / "keyring.json")


def encrypt(value: str) -> bytes:
    """The value, unreadable without the keyring.  An empty value stays empty."""
    return keyring().fernet.encrypt(value.encode()) if value else b""


def decrypt(token: bytes | memoryview) -> str:
    """The value of ``encrypt``.  Raises ``cryptography.fernet.InvalidToken`` if it was tampered with."""
    return keyring().fernet.decrypt(bytes(token)).decode() if token else ""


def keyed_hash(value: str, *, purpose: str) -> str:
    """HMAC-SHA256 of a normalised value: equal values have equal hashes within one purpose (64 hex)."""
    message = f"{purpose}\x00{value}".encode()
    return hmac.new(keyring().hash_key_bytes, message, hashlib.sha256).hexdigest()
