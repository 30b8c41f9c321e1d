"""Reading messages and the settings of channels."""

from shuke.apps.channels.queries.messages import (
    FILTERS as MESSAGE_FILTERS,
)
from shuke.apps.channels.queries.messages import (
    message,
    message_content,
    messages_page,
    run_counts,
    suppressed_reasons,
)
from shuke.apps.channels.queries.rendering import content_problem, render_preview
from shuke.apps.channels.queries.settings import adapter_of, consent_channel, email_settings, usable_channels
from shuke.apps.channels.queries.tracking import unsubscribe_target
from shuke.apps.channels.rules.templating import asked_fields

__all__ = [
    "MESSAGE_FILTERS",
    "adapter_of",
    "asked_fields",
    "consent_channel",
    "content_problem",
    "email_settings",
    "message",
    "message_content",
    "messages_page",
    "render_preview",
    "run_counts",
    "suppressed_reasons",
    "unsubscribe_target",
    "usable_channels",
]
