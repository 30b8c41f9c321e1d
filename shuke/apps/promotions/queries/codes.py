"""From a code to its voucher and back."""

import base64
import hmac
from collections.abc import Iterable, Sequence

from shuke.apps.promotions.models import Voucher, VoucherBatch
from shuke.apps.promotions.rules.codes import derived_codes
from shuke.platform.crypto import decrypt, keyed_hash, keyring
from shuke.platform.ids import ALPHABET

_PURPOSE = b"voucher\x00"
_LETTERS = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", ALPHABET.encode())


def voucher_ids(codes: Iterable[str]) -> list[str]:
    """The public ids of vouchers by their codes: 80 bits of a keyed hash, as 16 letters.

    Two of a million codes share an id with a chance of 4 × 10⁻¹³.
    """
    key = keyring().hash_key_bytes
    return [
        "vch_"
        + base64.b32encode(hmac.digest(key, _PURPOSE + code.encode(), "sha256")[:10])
        .translate(_LETTERS)
        .decode("ascii")
        for code in codes
    ]


def word_hash(word: str) -> str:
    """The keyed hash of a shared code."""
    return keyed_hash(word, purpose="voucher word")


def secret_of(batch: VoucherBatch) -> bytes:
    """The secret that a batch's codes follow from."""
    return bytes.fromhex(decrypt(batch.secret_encrypted))


def codes_of(vouchers: Sequence[Voucher]) -> list[str]:
    """The codes of vouchers, whose batches must be loaded."""
    secrets = {v.batch_id: v.batch for v in vouchers}
    known = {pk: secret_of(batch) for pk, batch in secrets.items()}
    return [derived_codes(known[v.batch_id], [v.number])[0] for v in vouchers]
