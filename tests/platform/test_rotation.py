"""Changing the encryption key while values are there, killed in the middle, and while others write."""

import json
import stat
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from shuke.apps.members.models import Member
from shuke.apps.members.operations import create_members
from shuke.apps.members.queries import member_names
from shuke.apps.members.schemas import MemberProfile
from shuke.platform import rotation
from shuke.platform.clock import now
from shuke.platform.crypto import decrypt, encrypt, keyed_hash, keyring, keyring_file
from shuke.platform.rotation import encrypted_fields, rotate_keys

pytestmark = pytest.mark.django_db


@pytest.fixture
def named(settings, tmp_path, monkeypatch):
    """Twelve members with names, in a home of their own; batches of five."""
    settings.SHUKE_HOME = str(tmp_path)
    monkeypatch.setattr(rotation, "BATCH", 5)
    profiles = [MemberProfile(name=f"Ann {n}") for n in range(12)]
    refs = create_members(at=now(), source="t", profiles=profiles)
    return {ref.public_id: profile.name for ref, profile in zip(refs, profiles, strict=True)}


def keys() -> list[str]:
    return json.loads(keyring_file().read_text())["encryption_keys"]


def readable_with(key: str) -> int:
    fernet = Fernet(key)
    return sum(
        rotation._reads(fernet, bytes(token))
        for token in Member.objects.values_list("name_encrypted", flat=True)
    )


def test_every_value_is_written_anew_and_the_old_key_goes(named):
    (old,) = keys()
    before = keyed_hash("x", purpose="y")
    done = rotate_keys()
    (new,) = keys()
    assert new != old
    assert (done.rewritten, done.unreadable, done.keys) == (12, 0, 1)
    assert (readable_with(old), readable_with(new)) == (0, 12)
    assert member_names(named) == named
    assert keyed_hash("x", purpose="y") == before
    assert stat.S_IMODE(keyring_file().stat().st_mode) == 0o600


@pytest.mark.parametrize("stop_at", [1, 2, 3])
def test_an_interrupted_rotation_goes_on_where_it_was(named, stop_at):
    calls = []

    def die(done, total, label):
        calls.append(done)
        if len(calls) == stop_at:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rotate_keys(tell=die)
    half = keys()
    assert len(half) == 2
    assert member_names(named) == named
    done = rotate_keys()
    assert keys() == half[:1]
    assert done.rewritten <= 12
    assert (readable_with(half[0]), member_names(named)) == (12, named)


def test_a_value_written_with_the_old_key_meanwhile_is_met_by_a_further_pass(named):
    (old,) = keys()
    late = create_members(at=now(), source="t", profiles=[MemberProfile(name="x")])[0].pk
    told = []

    def write_late(done, total, label):
        if label == "members.member.name_encrypted" and not told:
            told.append(done)
            # A process that has not looked at the file for a second.
            Member.objects.filter(pk__lt=late).update(name_encrypted=Fernet(old).encrypt(b"Late"))

    rotate_keys(tell=write_late)
    assert keys() != [old]
    assert readable_with(keys()[0]) == 13
    assert set(member_names(named).values()) == {"Late"}


def test_a_running_process_reads_what_a_new_key_wrote(named):
    keyring()
    new = Fernet.generate_key().decode()
    rotation.replace_encryption_keys(keyring_file(), (new, *keys()))
    assert decrypt(Fernet(new).encrypt(b"value")) == "value"
    assert rotation._reads(Fernet(new), encrypt("value"))


def test_old_keys_are_kept_for_old_backups_when_asked(named):
    (old,) = keys()
    assert rotate_keys(keep_old=True).keys == 2
    assert keys()[1] == old


def test_what_no_key_can_read_is_counted_and_left(named):
    lost = Fernet(Fernet.generate_key()).encrypt(b"?")
    Member.objects.filter(pk=Member.objects.first().pk).update(name_encrypted=lost)
    assert rotate_keys().unreadable == 1


def test_every_column_of_bytes_is_known_to_the_rotation():
    """Bytes are for encrypted values; whoever needs others has to tell the rotation."""
    found = {f"{model.__name__}.{name}" for model, name in encrypted_fields()}
    assert {"Member.name_encrypted", "Identifier.value_encrypted", "Message.content_encrypted"} <= found


def test_the_file_is_never_half_written(named, tmp_path):
    rotate_keys()
    assert [path.name for path in Path(tmp_path).glob("keyring*")] == ["keyring.json"]
