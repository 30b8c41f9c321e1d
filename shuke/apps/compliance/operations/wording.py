"""The texts that people consented to, each kept once."""

import hashlib
from collections.abc import Iterable

from shuke.apps.compliance.models import Wording


def wordings(texts: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """The database key of each (language, text); empty texts have none."""
    wanted = {(language, body) for language, body in texts if body.strip()}
    hashes = {_hash(language, body): (language, body) for language, body in wanted}
    Wording.objects.bulk_create(
        [
            Wording(language=language, body=body, body_hash=digest)
            for digest, (language, body) in hashes.items()
        ],
        ignore_conflicts=True,
    )
    rows = Wording.objects.filter(body_hash__in=hashes).values_list("body_hash", "pk")
    return {hashes[digest]: pk for digest, pk in rows}


def _hash(language: str, body: str) -> str:
    return hashlib.sha256(f"{language}\x00{body}".encode()).hexdigest()
