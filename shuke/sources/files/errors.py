"""Files that cannot be taken at all."""

from __future__ import annotations

from collections.abc import Mapping


class UnreadableFileError(Exception):
    """The whole file is refused.

    ``code`` is stable.  ``template`` is an English sentence that says what is wrong and how to mend it,
    with ``facts`` to be filled in, so that it can be translated.
    """

    def __init__(self, code: str, template: str, **facts: object) -> None:
        super().__init__(template.format(**facts))
        self.code = code
        self.template = template
        self.facts: Mapping[str, object] = facts
