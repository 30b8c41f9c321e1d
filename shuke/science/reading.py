"""A result in plain words: a sentence with places for numbers, so that a page can say it in its language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True)
class Reading:
    """``sentence`` in English with ``{named}`` places, which is also the key of its translations."""

    sentence: str
    values: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))

    def __str__(self) -> str:
        """The sentence in English."""
        return self.sentence.format(**self.values)

    def said(self, translate: Mapping[str, str]) -> str:
        """The sentence in another language; the English one where that has none."""
        return translate.get(self.sentence, self.sentence).format(**self.values)
