"""Tokens that were seen lately, looked up again all at once: for doors that cannot ask the database at each call."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime
from threading import Lock
from types import MappingProxyType

from shuke.platform.accounts.queries import hash_of_token, token_actors
from shuke.platform.accounts.schemas import TokenView
from shuke.platform.permissions import Actor

#: Tokens that are looked up together.  Guessed ones are forgotten first.
MOST = 1000


class RememberedTokens:
    """What the last ``refresh`` found valid.  A revoked token goes on to hold until the next one."""

    def __init__(self) -> None:
        self._wanted: OrderedDict[str, None] = OrderedDict()
        self._found: Mapping[str, tuple[Actor, TokenView]] = MappingProxyType({})
        self._lock = Lock()

    def find(self, secret: str) -> tuple[Actor, TokenView] | None:
        """The actor of a token that was valid at the last refresh; ``None`` for any other, which the next one knows."""
        token_hash = hash_of_token(secret)
        found = self._found.get(token_hash)
        if found is None:
            with self._lock:
                self._wanted[token_hash] = None
                while len(self._wanted) > MOST:
                    self._wanted.popitem(last=False)
        return found

    def refresh(self, *, at: datetime) -> None:
        """Ask the database for all of them; one that is not valid is asked for no more."""
        with self._lock:
            wanted, self._wanted = [*self._wanted, *self._found], OrderedDict()
        self._found = MappingProxyType(token_actors(wanted, at=at) if wanted else {})
