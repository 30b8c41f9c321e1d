"""Members who can be written to, a mail server, and a queued run."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from shuke.apps.channels.operations import change_email_settings, queue_messages
from shuke.apps.channels.schemas import Content, Recipient
from shuke.apps.identity.operations import register_members
from shuke.apps.identity.queries import primary_person_keys
from shuke.apps.identity.schemas import MemberRegistration
from shuke.apps.members.queries import members_page
from shuke.apps.members.schemas import MemberProfile
from shuke.platform.permissions import SYSTEM
from shuke.platform.retailer.operations import change_retailer
from tests.apps.channels.smtp_server import Mailbox, smtp_server

AT = datetime(2026, 5, 4, 9, tzinfo=UTC)
CONTENT = Content(
    "Hello {{ member.first_name or 'friend' }}",
    "",
    "<p>Dear {{ member.first_name }}</p><p><a href='https://example.com/offer?a=1&amp;b=2'>See</a></p>",
)


@pytest.fixture
def home(db: Any, lake_home: Path, tmp_path: Path, settings: Any) -> Path:
    settings.SHUKE_HOME = str(tmp_path)
    change_retailer(actor=SYSTEM, at=AT, name="Test Market", sender_address="shop@example.com")
    return tmp_path


@pytest.fixture
def mailbox(home: Path) -> Iterator[Mailbox]:
    with smtp_server() as running:
        change_email_settings(
            actor=SYSTEM, at=AT, host="127.0.0.1", port=running.port, security="none", messages_per_second=0
        )
        yield running


@pytest.fixture
def queued(mailbox: Mailbox) -> Callable[..., list[str]]:
    """Queue a message for ``count`` new members; returns the members' ids in order."""

    def queue(count: int, *, run_id: str = "run_test", content: Content = CONTENT) -> list[str]:
        register_members(
            at=AT,
            account="till",
            source="test",
            registrations=[
                MemberRegistration(
                    row_no=n,
                    identifiers={"email": f"m{n}@example.com"},
                    profile=MemberProfile(name=f"Ann{n} Lee", language="en"),
                    consents={("email", "marketing"): "granted"},
                )
                for n in range(count)
            ],
        )
        views, _ = members_page(limit=count, unmask=True)
        ordered = list(reversed(views))
        keys = primary_person_keys([view.id for view in ordered])
        queue_messages(
            at=AT,
            campaign_id="cmp_test",
            run_id=run_id,
            channel="email",
            recipients=[
                Recipient(v.id, keys[v.id], "a", "en", {"first_name": v.name.split()[0], "name": v.name})
                for v in ordered
            ],
            contents={("a", "en"): content},
            context={},
        )
        return [view.id for view in ordered]

    return queue
