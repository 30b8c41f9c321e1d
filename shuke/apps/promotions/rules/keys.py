"""Requests by their keys: what makes one the same as another."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def request_digest(details: Mapping[str, Any]) -> str:
    """SHA-256 of a request (64 hex): equal for equal requests, whatever the order of their fields."""
    text = json.dumps(details, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def number_of_key(key: str) -> int:
    """The number, below 2⁶², that a request's key gives the voucher it makes: asked twice, it is made once."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") >> 2
