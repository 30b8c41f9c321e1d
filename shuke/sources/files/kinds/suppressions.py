"""Addresses that must get nothing: the list of a former system, of a regulator, of a call centre.

This kind has no shape of its own: the app compliance lands it, as keyed hashes.  It names no person:
an address that nobody has yet makes no member.
"""

from shuke.sources.files.fields import PERSON_FIELDS, Field, FileKind
from shuke.sources.files.kinds.consents import CHANNEL

_REASONS = {
    "bounced": ("bounced", "bounce", "hard bounce", "invalid", "无效", "退信"),
    "complained": ("complained", "complaint", "spam", "投诉", "举报"),
    "unsubscribed": ("unsubscribed", "opt out", "opt-out", "退订"),
    "legal": ("legal", "regulator", "do not call", "法规", "黑名单"),
    "asked": ("asked", "request", "manual", "要求", "人工"),
}

SUPPRESSIONS = FileKind(
    name="suppressions",
    label="Suppressed addresses",
    key=("email", "phone", "channel"),
    one_of=(("email", "phone"),),
    fields=(
        *(field for field in PERSON_FIELDS if field.name in {"email", "phone"}),
        Field(
            CHANNEL.name,
            CHANNEL.type,
            CHANNEL.label,
            words=CHANNEL.words,
            choices=CHANNEL.choices,
        ),
        Field(
            "suppression_reason",
            "choice",
            "Reason of the suppression",
            words=("reason", "why", "status", "原因"),
            choices={spelling: code for code, spellings in _REASONS.items() for spelling in spellings},
        ),
    ),
)
