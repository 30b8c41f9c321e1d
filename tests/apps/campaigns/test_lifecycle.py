"""From draft to done through the console channel."""

from datetime import date, timedelta

import pytest

from shuke.apps.campaigns.models import RunMember
from shuke.apps.campaigns.operations import (
    approve_campaign,
    change_campaign,
    continue_campaign,
    create_campaign,
    start_campaign,
    stop_campaign,
    submit_campaign,
    write_content,
)
from shuke.apps.campaigns.queries import campaign, checklist
from shuke.apps.campaigns.schemas import CampaignInput, CampaignView, ContentInput
from shuke.apps.channels.queries import message_content, messages_page, suppressed_reasons
from shuke.platform.errors import Refused
from shuke.platform.outbox.relay import drain
from shuke.platform.permissions import SYSTEM
from shuke.platform.retailer.operations import change_retailer
from shuke.platform.warehouse import lake
from tests.apps.campaigns.conftest import AT, MEMBERS, REACHABLE, Shop


def plan(shop: Shop, **changes: object) -> CampaignInput:
    values = {
        "name": "Come back",
        "audience_id": shop.audience_id,
        "channel": "console",
        "starts_on": date(2026, 5, 4),
        "ends_on": date(2026, 5, 17),
        "budget_minor": 100_000,
        "cost_per_thousand_minor": 5_000,
        "control_percent": 20,
    }
    return CampaignInput(**{**values, **changes})


def drafted(shop: Shop, **changes: object) -> str:
    campaign_id = create_campaign(actor=shop.author, at=AT, plan=plan(shop, **changes)).id
    for language, greeting in (("en", "Hello"), ("zh-hans", "您好")):
        content = ContentInput(
            channel="console",
            language=language,
            subject=f"{greeting} {{{{ member.first_name or 'friend' }}}}",
            html="<p>A <a href='https://example.com/offer'>gift</a></p>",
        )
        write_content(actor=shop.author, at=AT, campaign_id=campaign_id, content=content)
    return campaign_id


def approved(shop: Shop, **changes: object) -> str:
    campaign_id = drafted(shop, **changes)
    submit_campaign(actor=shop.author, at=AT, campaign_id=campaign_id)
    approve_campaign(actor=shop.approver, at=AT, campaign_id=campaign_id)
    return campaign_id


def sent(shop: Shop, **changes: object) -> CampaignView:
    campaign_id = approved(shop, **changes)
    start_campaign(actor=shop.author, at=AT, campaign_id=campaign_id)
    return continue_campaign(campaign_id=campaign_id, clock=lambda: AT)


def test_everybody_reachable_is_in_one_arm_and_the_others_in_none(shop: Shop) -> None:
    done = sent(shop)
    assert done.state == "done"
    assert done.run is not None
    counts = done.run.counts
    drain()
    with lake().read() as snapshot:
        exposures = snapshot.table("exposures").to_pyarrow().to_pylist()
        facts = snapshot.table("messages").to_pyarrow().to_pylist()
        costs = snapshot.table("costs").to_pyarrow().to_pylist()
    control = [row for row in exposures if row["arm"] == "control"]
    assert len(exposures) == REACHABLE
    assert 0 < len(control) < REACHABLE / 2
    assert counts.delivered == REACHABLE - len(control)
    assert counts.suppressed == MEMBERS - REACHABLE
    assert suppressed_reasons(done.run.id) == {"no_consent": MEMBERS - REACHABLE}
    told = {event: sum(row["event"] == event for row in facts) for event in ("queued", "sent", "delivered")}
    assert told == {"queued": counts.total, "sent": counts.delivered, "delivered": counts.delivered}
    assert {row["person_key"] for row in control}.isdisjoint({row["person_key"] for row in facts})
    assert [row["amount_minor"] for row in costs] == [-(-counts.delivered * 5000 // 1000)]


def test_members_are_greeted_by_name_in_their_language(shop: Shop) -> None:
    done = sent(shop, control_percent=0)
    rows, total = messages_page(limit=200, filters={"campaign_id": done.id})
    assert total == MEMBERS
    subjects = {row.language: message_content(row.id, unmask=True).subject for row in rows}
    assert subjects["zh-hans"] == "您好 王小明"
    assert subjects["en"].startswith("Hello Ann")
    masked = message_content(next(row.id for row in rows if row.language == "zh-hans"), unmask=False)
    assert masked.subject == "您好 王**"


def test_the_author_cannot_approve_and_an_edit_voids_the_approval(shop: Shop) -> None:
    administrator = shop.author.__class__(kind="user", id=shop.author.id, name="Mark", role="administrator")
    campaign_id = drafted(shop)
    submit_campaign(actor=shop.author, at=AT, campaign_id=campaign_id)
    with pytest.raises(Refused, match="other than the author"):
        approve_campaign(actor=administrator, at=AT, campaign_id=campaign_id)
    approve_campaign(actor=shop.approver, at=AT, campaign_id=campaign_id)
    change_campaign(actor=shop.author, at=AT, campaign_id=campaign_id, plan=plan(shop, name="Another name"))
    assert campaign(campaign_id).state == "draft"
    with pytest.raises(Refused) as refused:
        start_campaign(actor=shop.author, at=AT, campaign_id=campaign_id)
    assert refused.value.code == "not_approved"


def test_one_person_is_enough_where_the_retailer_says_so(shop: Shop) -> None:
    change_retailer(actor=SYSTEM, at=AT, needs_second_approval=False)
    view = submit_campaign(actor=shop.author, at=AT, campaign_id=drafted(shop))
    assert view.state == "approved"


def test_more_than_the_budget_is_refused(shop: Shop) -> None:
    campaign_id = drafted(shop, budget_minor=100)
    with pytest.raises(Refused) as refused:
        submit_campaign(actor=shop.author, at=AT, campaign_id=campaign_id)
    assert set(refused.value.details["blocked"]) == {"budget"}


def test_a_faulty_template_blocks_and_names_line_and_field(shop: Shop) -> None:
    campaign_id = drafted(shop)
    content = ContentInput(channel="console", subject="Hi", text="Dear\n{{ member.fist_name }}")
    write_content(actor=shop.author, at=AT, campaign_id=campaign_id, content=content)
    found = checklist(campaign_id, as_of=AT.date())
    item = next(item for item in found.items if item.key == "template")
    assert item.status == "blocked"
    assert "Line 2" in item.text
    assert "fist_name" in item.text


def test_the_checklist_tells_the_smallest_lift_that_would_show(shop: Shop) -> None:
    found = checklist(drafted(shop), as_of=AT.date())
    control = next(item for item in found.items if item.key == "control")
    assert "%" in control.text
    assert not found.is_blocked
    assert (found.audience_size, found.reachable, found.control) == (MEMBERS, REACHABLE, REACHABLE // 5)


def test_starting_twice_is_refused(shop: Shop) -> None:
    campaign_id = approved(shop)
    start_campaign(actor=shop.author, at=AT, campaign_id=campaign_id)
    with pytest.raises(Refused, match="approved"):
        start_campaign(actor=shop.author, at=AT, campaign_id=campaign_id)


def test_a_stop_holds_back_what_is_queued(shop: Shop) -> None:
    campaign_id = approved(shop)
    start_campaign(actor=shop.author, at=AT, campaign_id=campaign_id)
    calls = []

    def stop_after_first_batch(done: int, total: int) -> None:
        calls.append(done)
        if done and len([call for call in calls if call]) == 1:
            stop_campaign(actor=shop.author, at=AT, campaign_id=campaign_id)

    view = continue_campaign(
        campaign_id=campaign_id,
        clock=lambda: AT + timedelta(minutes=1),
        on_progress=stop_after_first_batch,
        send_batch_size=10,
    )
    assert view.state == "stopped"
    assert view.run is not None
    assert view.run.counts.waiting == 0
    assert view.run.counts.delivered <= 10
    assert suppressed_reasons(view.run.id)["campaign_stopped"] >= 100


def test_members_erased_meanwhile_do_not_hold_the_run_up(shop: Shop) -> None:
    campaign_id = approved(shop)
    start_campaign(actor=shop.author, at=AT, campaign_id=campaign_id)
    RunMember.objects.filter(position__in=[0, 7, MEMBERS - 1]).delete()
    done = continue_campaign(campaign_id=campaign_id, clock=lambda: AT)
    assert done.state == "done"
    assert done.run is not None
    assert done.run.queued_upto == MEMBERS


def _messages(campaign_id):
    return messages_page(limit=500, filters={"campaign_id": campaign_id})[0]


def test_a_campaign_lets_others_through_and_goes_on(shop):
    """Whether it was left while it queued or while it sent, the rest goes out and nobody gets two."""
    campaign_id = approved(shop)
    start_campaign(actor=SYSTEM, at=AT, campaign_id=campaign_id)
    left_at_once = continue_campaign(campaign_id=campaign_id, clock=lambda: AT, is_turn_over=lambda: True)
    assert left_at_once.state == "running"
    assert _messages(campaign_id) == []
    asked = []

    def after_the_first_batch() -> bool:
        asked.append(1)
        return len(asked) > 4

    left = continue_campaign(
        campaign_id=campaign_id, clock=lambda: AT, is_turn_over=after_the_first_batch, send_batch_size=10
    )
    states = [message.state for message in _messages(campaign_id)]
    assert left.state == "running"
    assert 0 < states.count("queued") < len(states)
    done = continue_campaign(campaign_id=campaign_id, clock=lambda: AT)
    messages = _messages(campaign_id)
    assert (done.state, {message.state for message in messages}) == ("done", {"delivered", "suppressed"})
    assert len(messages) == len({message.member_id for message in messages})
