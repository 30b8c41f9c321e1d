"""Changing the key that encrypts: a new key first, every value written anew, then the old keys go.

May be killed at any point and started again: the keyring says whether a rotation is under way (it
holds several keys), and each value says for itself whether it was written with the newest.  Processes
that run meanwhile go on: they read with all keys.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.apps import apps
from django.db import models, transaction

from shuke.platform.batches import in_batches
from shuke.platform.crypto import keyring, keyring_file, load_keyring, replace_encryption_keys
from shuke.platform.locks import exclusive

#: Values per transaction.
BATCH = 500
#: A value that was written with an old key while we were at work is met by a further pass.
MOST_PASSES = 5
#: What every value of Fernet begins with.
TOKEN = b"gAAAA"
#: Told how far it is: values looked at, values in all, where.
Tell = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Rotated:
    """What a rotation did: values written anew, values that no key can read, keys left in the file."""

    rewritten: int
    unreadable: int
    keys: int


def rotate_keys(*, keep_old: bool = False, tell: Tell = lambda _done, _total, _label: None) -> Rotated:
    """Begin a rotation, or go on with the one that was interrupted, and bring it to its end.

    ``keep_old`` leaves the old keys in the file, for backups made before.  One at a time over all processes.
    """
    with exclusive("keyring"):
        keys = load_keyring(keyring_file()).encryption_keys
        if len(keys) == 1:
            replace_encryption_keys(keyring_file(), (Fernet.generate_key().decode(), *keys))
        rewritten, unreadable, last = 0, 0, 0
        for _pass in range(MOST_PASSES):
            last, unreadable = _rewrite_all(tell)
            rewritten += last
            if not last:
                break
        keys = load_keyring(keyring_file()).encryption_keys
        if not keep_old and not last:
            replace_encryption_keys(keyring_file(), keys[:1])
        return Rotated(rewritten, unreadable, len(load_keyring(keyring_file()).encryption_keys))


def encrypted_fields() -> Iterator[tuple[type[models.Model], str]]:
    """Every column that holds encrypted values: those of bytes."""
    for model in apps.get_models():
        for field in model._meta.local_fields:
            if isinstance(field, models.BinaryField):
                yield model, field.name


def _rewrite_all(tell: Tell) -> tuple[int, int]:
    found = keyring(look_again=True)
    newest = Fernet(found.encryption_keys[0])
    places = list(encrypted_fields())
    total = sum(model._default_manager.count() for model, _name in places)
    done = rewritten = unreadable = 0
    for model, name in places:
        keys = model._default_manager.order_by("pk").values_list("pk", flat=True)
        for batch in in_batches(keys.iterator(chunk_size=5_000), BATCH):
            written, lost = _rewrite(model, name, batch, newest=newest, reader=found.fernet)
            done, rewritten, unreadable = done + len(batch), rewritten + written, unreadable + lost
            tell(done, total, f"{model._meta.label_lower}.{name}")
    return rewritten, unreadable


@transaction.atomic
def _rewrite(
    model: type[models.Model], name: str, batch: list[Any], *, newest: Fernet, reader: MultiFernet
) -> tuple[int, int]:
    rows = model._default_manager.filter(pk__in=batch).values_list("pk", name)
    written = lost = 0
    for pk, value in rows:
        token = bytes(value or b"")
        if not token.startswith(TOKEN) or _reads(newest, token):
            continue
        if not _reads(reader, token):
            lost += 1
            continue
        # Only the value that was read: somebody may have written another meanwhile.
        same = model._default_manager.filter(pk=pk, **{name: token})
        written += same.update(**{name: newest.encrypt(reader.decrypt(token))})
    return written, lost


def _reads(key: Fernet | MultiFernet, token: bytes) -> bool:
    try:
        key.decrypt(token)
    except InvalidToken:
        return False
    return True
