import base64
import json
import multiprocessing
import stat

import pytest
from cryptography.fernet import Fernet, InvalidToken

from shuke.platform.crypto import Keyring, decrypt, encrypt, keyed_hash, load_keyring


def test_values_come_back_and_the_ciphertext_does_not_contain_them():
    token = encrypt("ann@example.com")
    assert decrypt(token) == "ann@example.com"
    assert b"ann@example.com" not in base64.urlsafe_b64decode(token)
    assert encrypt("") == b""


def test_a_tampered_value_is_refused():
    token = bytearray(encrypt("13800138000"))
    token[-5] ^= 1
    with pytest.raises(InvalidToken):
        decrypt(bytes(token))


def test_equal_values_have_equal_hashes_within_a_purpose_only():
    assert keyed_hash("a", purpose="x") == keyed_hash("a", purpose="x")
    assert keyed_hash("a", purpose="x") != keyed_hash("a", purpose="y")
    assert keyed_hash("a", purpose="x") != keyed_hash("b", purpose="x")


def test_old_keys_still_read_after_rotation():
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    token = Keyring((old,), "00", "s").fernet.encrypt(b"value")
    rotated = Keyring((new, old), "00", "s").fernet
    assert rotated.decrypt(token) == b"value"
    with pytest.raises(InvalidToken):
        Keyring((new,), "00", "s").fernet.decrypt(token)


def test_the_file_is_for_its_owner_only_and_stays(tmp_path):
    path = tmp_path / "keyring.json"
    first = load_keyring(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_keyring(path) == first
    assert len(json.loads(path.read_text())["hash_key"]) == 64


def _load(path, answers):
    answers.put(load_keyring(path).hash_key)


def test_processes_that_start_together_share_one_keyring(tmp_path):
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    path = tmp_path / "keyring.json"
    workers = [context.Process(target=_load, args=(path, answers)) for _ in range(4)]
    for worker in workers:
        worker.start()
    keys = {answers.get(timeout=300) for _ in workers}
    for worker in workers:
        worker.join()
    assert len(keys) == 1
    assert list(tmp_path.iterdir()) == [path]
