"""The content of a record in a few characters, for systems that do not say when it changed."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def digest(content: Any) -> str:
    """The same for equal JSON, whatever the order of its keys.

    >>> digest({"a": 1, "b": "x"}) == digest({"b": "x", "a": 1})
    True
    """
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
