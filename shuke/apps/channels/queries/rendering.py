"""Messages as their recipients read them."""

import json
import zlib
from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext, override
from django.utils.translation import gettext_lazy as _

from shuke.apps.channels.queries.tracking import LinkMaker
from shuke.apps.channels.rules.links import plain_text, track_html, track_text, with_pixel, with_way_out
from shuke.apps.channels.rules.templating import (
    Content,
    Rendered,
    TemplateFault,
    check_content,
    render_content,
)
from shuke.platform.crypto import decrypt_bytes, keyring

_FAULTS: dict[str, str | Promise] = {
    "syntax": _("Line %(line)s cannot be read: %(subject)s"),
    "not_allowed": _("Line %(line)s uses “%(subject)s”, which message templates do not know."),
    "unknown_filter": _("Line %(line)s uses the filter “%(subject)s”, which message templates do not know."),
    "unknown_field": _("Line %(line)s asks for “%(subject)s”, and there is no such field."),
    "cannot_compute": _("Line %(line)s cannot be computed: %(subject)s"),
    "only_numbers_multiply": _("Line %(line)s multiplies something that is no number."),
    "too_long_a_loop": _("The loop in line %(line)s takes too long."),
    "too_slow": _("The template takes too long."),
    "too_deep": _("The template is nested too deeply."),
    "template_too_long": _("The template is longer than %(subject)s characters."),
    "message_too_long": _("The message is longer than %(subject)s characters."),
    "subject_too_long": _("The subject is longer than %(subject)s characters."),
    "subject_line_break": _("The subject must be one line."),
    "empty_message": _("The message is empty."),
}
SAMPLE_URL = "https://example.com/unsubscribe"


def fault_text(fault: TemplateFault) -> str:
    """The fault in the reader's language."""
    return str(_FAULTS[fault.code]) % {"line": fault.line, "subject": fault.subject}


def way_out_label(language: str) -> str:
    """The words of the link to unsubscribe in the member's language."""
    with override(language or None):
        return gettext("Unsubscribe")


def content_problem(content: Content, context: Mapping[str, Any] | None = None) -> str:
    """What is wrong with templates, in the reader's language; empty if they are fine, also for that context."""
    try:
        check_content(content)
        if context is not None:
            render_preview(content, context)
    except TemplateFault as fault:
        return fault_text(fault)
    return ""


def render_preview(content: Content, context: Mapping[str, Any], *, language: str = "") -> Rendered:
    """The message for looking at: links are not tracked and the way out leads nowhere.  Raises ``TemplateFault``."""
    rendered = render_content(content, {**context, "unsubscribe_url": SAMPLE_URL}, plain_text=plain_text)
    text, html = with_way_out(rendered.text, rendered.html, url=SAMPLE_URL, label=way_out_label(language))
    return Rendered(rendered.subject, text, html)


def render_for(
    content: Content,
    context: Mapping[str, Any],
    *,
    message_id: str,
    links: LinkMaker,
    label: str,
    tracking: bool,
) -> Rendered:
    """The message with its own links.  Raises ``TemplateFault``."""
    leave = links.unsubscribe(message_id)
    rendered = render_content(content, {**context, "unsubscribe_url": leave}, plain_text=plain_text)
    text, html = rendered.text, rendered.html

    # Links that open something for who holds them go into no click and no fact.
    own = str(context.get("member", {}).get("own_page_url", "")) or leave

    def tracked(url: str) -> str:
        return url if url.startswith((leave, own)) else links.clicked(message_id, url)

    if tracking:
        text, html = track_text(text, tracked=tracked), track_html(html, tracked=tracked)
    text, html = with_way_out(text, html, url=leave, label=label)
    if tracking and html.strip():
        html = with_pixel(html, links.opened(message_id))
    return Rendered(rendered.subject, text, html)


def sealed(rendered: Rendered) -> bytes:
    """The content as it is stored: compressed, then encrypted."""
    packed = zlib.compress(json.dumps([rendered.subject, rendered.text, rendered.html]).encode(), 1)
    return keyring().fernet.encrypt(packed)


def unsealed(stored: bytes | memoryview) -> Rendered:
    """The content of ``sealed``; an erased message is empty."""
    if not stored:
        return Rendered("", "", "")
    subject, text, html = json.loads(zlib.decompress(decrypt_bytes(stored)))
    return Rendered(subject, text, html)
