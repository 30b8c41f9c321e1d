"""A message can carry the link to the member's own page, which nobody but the member gets to see."""

import re

from shuke.apps.campaigns.operations import (
    approve_campaign,
    continue_campaign,
    create_campaign,
    start_campaign,
    submit_campaign,
    write_content,
)
from shuke.apps.campaigns.queries import checklist
from shuke.apps.campaigns.queries.composing import preview_member
from shuke.apps.campaigns.schemas import ContentInput
from shuke.apps.channels.models import Message
from shuke.apps.channels.queries import message_content
from shuke.apps.channels.queries.rendering import unsealed
from shuke.apps.loyalty.queries.own_links import own_member
from shuke.platform.outbox.relay import drain
from shuke.platform.warehouse import lake
from tests.apps.campaigns.conftest import AT, Shop
from tests.apps.campaigns.test_lifecycle import plan

LINK = re.compile(r"/my/([\w.-]+)/")


def test_each_member_gets_a_link_of_their_own_and_staff_see_none(shop: Shop) -> None:
    campaign_id = create_campaign(actor=shop.author, at=AT, plan=plan(shop, control_percent=0)).id
    for language in ("en", "zh-hans"):
        html = '<p>See <a href="{{ member.own_page_url }}">your points</a></p>'
        content = ContentInput(channel="console", language=language, subject="Points", html=html)
        write_content(actor=shop.author, at=AT, campaign_id=campaign_id, content=content)
    found = checklist(campaign_id, as_of=AT.date()).items
    assert [item.status for item in found if item.key == "template"] == ["ok"]
    assert "/my/example/" in preview_member(campaign_id, member_id="", at=AT).html
    submit_campaign(actor=shop.author, at=AT, campaign_id=campaign_id)
    approve_campaign(actor=shop.approver, at=AT, campaign_id=campaign_id)
    start_campaign(actor=shop.author, at=AT, campaign_id=campaign_id)
    continue_campaign(campaign_id=campaign_id, clock=lambda: AT)
    rows = list(Message.objects.select_related("member").filter(content_encrypted__isnull=False)[:5])
    assert rows
    for row in rows:
        html = unsealed(row.content_encrypted).html
        token = LINK.search(html)[1]
        assert own_member(token, at=AT).id == row.member.public_id
        assert token not in message_content(row.public_id, unmask=True).html
    drain()
    with lake().read() as snapshot:
        assert "/my/" not in str(snapshot.table("messages").to_pyarrow().to_pylist())
