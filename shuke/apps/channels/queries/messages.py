"""Messages, their content and their counts."""

from collections.abc import Mapping

from django.db.models import Count, Q
from django.utils.translation import gettext_lazy as _

from shuke.apps.channels.models import Message
from shuke.apps.channels.queries.rendering import unsealed
from shuke.apps.channels.rules.links import without_pixel
from shuke.apps.channels.schemas import MessageContent, MessageView, RunCounts
from shuke.apps.identity.queries import addresses, identifiers_of
from shuke.apps.loyalty.queries.own_links import without_own_links
from shuke.apps.members.queries import masked, member_names
from shuke.platform.errors import NotFound

FILTERS = ("campaign_id", "run_id", "state", "channel", "variant")


def message_view(row: Message) -> MessageView:
    """The public view of a row."""
    return MessageView(
        id=row.public_id,
        campaign_id=row.campaign_id,
        member_id=row.member.public_id,
        channel=row.channel,
        purpose=row.purpose,
        variant=row.variant,
        language=row.language,
        is_test=row.is_test,
        state=row.state,
        reason=row.reason,
        attempts=row.attempts,
        queued_at=row.queued_at,
        sent_at=row.sent_at,
        opened_at=row.opened_at,
        clicked_at=row.clicked_at,
    )


def message_row(message_id: str) -> Message:
    """The row.  Raises ``NotFound``."""
    row = Message.objects.select_related("member").filter(public_id=message_id).first()
    if row is None:
        raise NotFound("message_not_found", _("There is no such message."))
    return row


def message(message_id: str) -> MessageView:
    """One message.  Raises ``NotFound``."""
    return message_view(message_row(message_id))


def messages_page(
    *, limit: int = 50, offset: int = 0, member_id: str = "", filters: Mapping[str, str] | None = None
) -> tuple[list[MessageView], int]:
    """Messages newest first, and how many there are.  ``filters`` maps names of ``FILTERS`` to values."""
    rows = Message.objects.all()
    for name, value in (filters or {}).items():
        if name not in FILTERS:
            raise ValueError(f"Messages cannot be filtered by {name!r}.")
        if value:
            rows = rows.filter(**{name: value})
    if member_id:
        rows = rows.filter(member__public_id=member_id)
    page = rows.select_related("member").defer("content_encrypted").order_by("-id")[offset : offset + limit]
    return [message_view(row) for row in page], rows.count()


def message_content(message_id: str, *, unmask: bool) -> MessageContent:
    """The message as it was sent, without its pixel; the member's name is masked unless the reader may unmask."""
    row = message_row(message_id)
    rendered = unsealed(row.content_encrypted)
    parts = [rendered.subject, rendered.text, without_pixel(rendered.html)]
    parts = [without_own_links(part) for part in parts]
    member_id = row.member.public_id
    if unmask:
        address = addresses([member_id], kind="email").get(member_id, "")
    else:
        address = next((i.value for i in identifiers_of(member_id) if i.kind == "email"), "")
        name = member_names([member_id]).get(member_id, "")
        for word in sorted({name, *name.split()} - {""}, key=len, reverse=True):
            parts = [part.replace(word, masked(word)) for part in parts]
    return MessageContent(subject=parts[0], text=parts[1], html=parts[2], address=address)


def run_counts(run_id: str) -> RunCounts:
    """Messages of a run by state, and how many people opened and clicked."""
    rows = Message.objects.filter(run_id=run_id)
    counts = dict(rows.order_by().values_list("state").annotate(Count("pk")))
    engaged = rows.aggregate(
        opened=Count("pk", filter=Q(opened_at__isnull=False)),
        clicked=Count("pk", filter=Q(clicked_at__isnull=False)),
    )
    return RunCounts(**counts, **engaged)


def suppressed_reasons(run_id: str) -> dict[str, int]:
    """How many messages of a run were held back, by reason, most frequent first."""
    rows = Message.objects.filter(run_id=run_id, state="suppressed").order_by()
    return dict(rows.values_list("reason").annotate(n=Count("pk")).order_by("-n"))
