"""What the guide's test does inside the retailer's house, each in a process of its own that prints one line of JSON."""

import json
import sys
from datetime import timedelta
from typing import Any

from shuke.platform.clock import now

MEMBERS = 40
LINES = (
    "{% for item in member.recommendations.bring_back %}{{ item.product_id }} {% else %}nothing {% endfor %}"
)


def tell(found: Any) -> None:
    """The line that the test reads."""
    print(json.dumps(found), flush=True)


def set_up() -> None:
    """Members with numbers of the web shop, their orders, live slots, a token, a write key, a campaign, a bundle."""
    from shuke.apps.audiences.operations import create_audience
    from shuke.apps.collector.operations import create_source, create_write_key
    from shuke.apps.connections.operations import ensure_account
    from shuke.apps.identity.operations import register_members
    from shuke.apps.identity.schemas import MemberRegistration
    from shuke.apps.members.schemas import MemberProfile
    from shuke.platform.accounts.operations import create_user, issue_token
    from shuke.platform.outbox.relay import drain
    from shuke.platform.permissions import SYSTEM
    from shuke.platform.retailer.operations import change_retailer

    at = now() - timedelta(days=120)
    change_retailer(actor=SYSTEM, at=at, name="Test Market", needs_second_approval=False)
    account = ensure_account(actor=SYSTEM, at=at, name="Web shop", sales_channel="web").id
    register_members(
        at=at,
        account=account,
        source="test",
        registrations=[
            MemberRegistration(
                row_no=number,
                identifiers={"external": f"c{number:02}", "email": f"c{number:02}@example.com"},
                profile=MemberProfile(name=f"Ann{number} Lee", language="en"),
                consents={("email", "marketing"): "granted"},
            )
            for number in range(MEMBERS)
        ],
    )
    drain()
    _shop()
    _slots()
    audience = create_audience(
        actor=SYSTEM,
        at=now(),
        as_of=now().date(),
        name="Everybody",
        conditions={"type": "all", "children": []},
    )
    _campaign(audience)
    owner = create_user(actor=SYSTEM, at=at, username="o", password="correct horse", role="administrator")
    token = issue_token(
        actor=SYSTEM,
        at=at,
        owner_id=owner.id,
        name="Web shop",
        scopes=["recommendations.view", "members.view"],
        requests_per_minute=10_000,
    )
    source = create_source(actor=SYSTEM, at=at, account_id=account, name="Web shop", kind="server")
    key = create_write_key(actor=SYSTEM, at=at, source_id=source, role="server")
    tell({"token": token.secret, "write_key": key.key, "members": _fit()})


def _shop() -> None:
    """Orders until yesterday: everybody has staples of their own, every other week."""
    from shuke.apps.identity.queries import primary_person_keys
    from shuke.apps.members.queries import members_page
    from tests.apps.recommendations.town import ODDS, STAPLES, goods, put

    views, _total = members_page(limit=MEMBERS)
    people = sorted(primary_person_keys([view.id for view in views]).values())
    put("products", goods())
    names, orders, lines = [row["product_id"] for row in goods()], [], []
    for number, key in enumerate(people):
        for visit in range(9):
            at = now() - timedelta(days=1 + number % 13 + 10 * visit)
            order = {
                "order_id": f"web:{number}-{visit}",
                "person_key": key,
                "placed_at": at,
                "paid_minor": 900,
            }
            orders.append(order)
            odd = STAPLES + (number * 7 + visit) % ODDS
            for place, product in enumerate((number % STAPLES, (number + 1) % STAPLES, odd), 1):
                line = {"line_no": place, "product_id": names[product], "quantity": 1, "paid_minor": 300}
                lines.append(order | line)
    put("orders", orders)
    put("order_lines", lines)


def _slots() -> None:
    from shuke.apps.recommendations.operations.slots import create_slot, go_live
    from shuke.apps.recommendations.schemas import SlotInput
    from shuke.platform.permissions import SYSTEM

    rules = {"only_in_stock": False, "rest_percent": 0}
    competing = [
        {"name": "usual", "strategy": "personal-frequency"},
        {"name": "new", "strategy": "discovery"},
    ]
    for slot in (
        {"code": "for-you", "name": "For you", "places": 4, "arms": competing},
        {"code": "bring-back", "name": "Again", "places": 3, "arms": competing[:1]},
        {
            "code": "basket",
            "name": "Goes with it",
            "about": "basket",
            "arms": [{"name": "only", "strategy": "complements"}],
        },
    ):
        create_slot(actor=SYSTEM, at=now(), slot=SlotInput(**slot, rules=rules))
        go_live(actor=SYSTEM, at=now(), code=slot["code"])


def _campaign(audience_id: str) -> None:
    from shuke.apps.campaigns.operations import create_campaign, write_content
    from shuke.apps.campaigns.schemas import CampaignInput, ContentInput
    from shuke.platform.permissions import SYSTEM

    today = now().date()
    plan = CampaignInput(
        name="Again",
        audience_id=audience_id,
        channel="console",
        starts_on=today,
        # A run that begins before midnight goes on after it.
        ends_on=today + timedelta(days=1),
        budget_minor=10_000,
        control_percent=0,
    )
    campaign_id = create_campaign(actor=SYSTEM, at=now(), plan=plan).id
    content = ContentInput(channel="console", subject="Again", text=LINES)
    write_content(actor=SYSTEM, at=now(), campaign_id=campaign_id, content=content)


def _fit() -> int:
    """What ``shuke recommend fit`` does, without the strategies that take long."""
    from shuke.apps.recommendations.operations.fitting import fit_bundle
    from shuke.science.recommendations.bundle_fitting import FitSettings

    quick = ("popularity", "personal-frequency", "up-cf")
    day = now().date() - timedelta(days=1)
    return fit_bundle(at=now(), as_of=day, settings=FitSettings(strategies=quick, threads=1)).members


def _running() -> str:
    """The campaign, started at the first time: with the bundle that was fitted meanwhile."""
    from shuke.apps.campaigns.operations import start_campaign, submit_campaign
    from shuke.apps.campaigns.queries import campaigns_page
    from shuke.platform.permissions import SYSTEM

    (row,), _total = campaigns_page()
    if row.state == "draft":
        submit_campaign(actor=SYSTEM, at=now(), campaign_id=row.id)
        start_campaign(actor=SYSTEM, at=now(), campaign_id=row.id)
    return row.id


def carry_on(*, is_led: bool = False) -> None:
    """Send what is left, three members at a time, and say so after each part; one that is led waits for a line then."""
    from shuke.apps.campaigns.operations import continue_campaign, running

    running.QUEUE_BATCH = 3
    campaign_id = _running()

    def tell_part(_done: int, _all: int) -> None:
        print("part", flush=True)
        if is_led:
            sys.stdin.readline()

    continue_campaign(campaign_id=campaign_id, clock=now, on_progress=tell_part)


def finish() -> None:
    """Send the rest; then what was queued (also before), what was noted, and for how many both agree."""
    from shuke.apps.campaigns.queries import campaigns_page
    from shuke.apps.channels.models import Message
    from shuke.apps.channels.queries.rendering import unsealed
    from shuke.platform.outbox.relay import drain
    from shuke.platform.warehouse import lake

    at_kill = Message.objects.count()
    carry_on()
    drain()
    with lake().read() as snapshot:
        rows = snapshot.table("recommendation_lists").to_pyarrow().to_pylist()
    noted = {row["person_key"]: row["product_ids"] for row in rows if row["slot"] == "bring-back"}
    messages = list(Message.objects.all())
    shown = {row.person_key: unsealed(row.content_encrypted).text.split("\n")[0].split() for row in messages}
    (campaign,), _total = campaigns_page()
    tell(
        {
            "at_kill": at_kill,
            "messages": len(messages),
            "lists": sum(row["slot"] == "bring-back" for row in rows),
            "distinct_lists": len({row["list_id"] for row in rows if row["slot"] == "bring-back"}),
            "agree": sum(shown[key] == noted.get(key) for key in shown),
            "state": campaign.state,
        }
    )


def count() -> None:
    """Events and lists into the lake, then what became of the lists."""
    from shuke.apps.collector.operations import load_all
    from shuke.apps.recommendations.operations.competition import count_online
    from shuke.apps.recommendations.operations.loading import load_all_lists
    from shuke.platform.outbox.relay import drain

    drain()
    load_all(at=now())
    load_all_lists()
    tell(count_online("for-you", at=now()).model_dump(mode="json"))
