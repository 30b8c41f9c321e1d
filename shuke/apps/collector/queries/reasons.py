"""Why an event was put aside, in the reader's language.

The loader writes the English sentences of ``shuke.sources.collector.reasons`` into the lake; a test holds
that each has its translation here.
"""

from django.utils.translation import gettext_lazy as _

REASON_WORDS = {
    "bad_time": _(
        "The timestamp is no time, or before 2000. Send ISO 8601 with a zone: 2026-11-27T10:00:00Z."
    ),
    "has_nul": _(
        "A text holds the character NUL (\\u0000), which no database keeps. Remove it before sending."
    ),
    "id_too_long": _("userId, anonymousId or previousId is longer than 255 characters. Send the id alone."),
    "message_id_too_long": _("messageId is longer than 255 characters. Send a random id such as a UUID."),
    "name_too_long": _("The name of the event is longer than 200 characters. Put details into properties."),
    "no_name": _("A track event needs a name in the field event."),
    "no_person": _(
        "Neither userId nor anonymousId says who did it. Send one; a word such as undefined does not count."
    ),
    "not_a_number": _(
        "A number is NaN or infinite, which JSON does not know. Leave the property out, or send null."
    ),
    "not_an_object": _("The event is not a JSON object. Send an object with type, event and properties."),
    "not_json": _("The event is not JSON. Send what the tracking API describes, encoded as UTF-8."),
    "not_unicode": _(
        "A text holds half a character (a lone surrogate). Cut texts between characters, not inside of one."
    ),
    "not_utf8": _("A text is not UTF-8. Encode the request as UTF-8."),
    "number_too_large": _("A number does not fit into 64 bits. Send it as text."),
    "too_deep": _("Objects are nested deeper than 32. Send flat properties."),
    "too_large": _("The event is larger than 1 MB. Send an address of large content instead of the content."),
    "unknown_source": _("The source of this event was deleted before it was taken in."),
    "unknown_type": _("The type is none of track, page, screen, identify, group and alias."),
    "unusable_id": _(
        "The ids of this event name nobody: they are masked or forged. Send the customer number itself."
    ),
    "wrong_field": _(
        "A field has another type than in the tracking API, such as a list as userId or text as properties."
    ),
}


def reason_text(*, code: str, message: str) -> str:
    """The sentence of a code in the active language; of an unknown code the message as it was written."""
    return str(REASON_WORDS.get(code, message))
