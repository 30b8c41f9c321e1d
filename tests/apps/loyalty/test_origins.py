"""Where points came from, in words that people read, on the console and on the member's own page."""

import pytest
from django.utils.translation import override

from shuke.apps.connections.operations import create_account
from shuke.apps.loyalty.operations import award_event, award_points, award_purchase
from shuke.apps.loyalty.pages.own_words import history_line
from shuke.apps.loyalty.queries.origins import origins_in_words
from shuke.apps.loyalty.queries.own import own_page
from shuke.apps.loyalty.schemas import Request
from shuke.platform.permissions import SYSTEM
from tests.apps.loyalty.checkout_desk import AT, asked, bought
from tests.apps.loyalty.conftest import START
from tests.apps.loyalty.earning_shop import GROUND, basket, event_rule, publish
from tests.apps.loyalty.test_points_pages import signed_in

# Texts are the same on every database.
pytestmark = pytest.mark.once


def test_sources_are_read_as_orders_vouchers_and_rules(members):
    ann = members[0]
    tills = create_account(actor=SYSTEM, at=START, name="City store", sales_channel="store")
    publish(GROUND, {**event_rule("review", event="Review Written"), "name": "A review", "name_zh": "写评价"})
    numbered = bought(asked(), ann, order_id=f"{tills.id}:1001")
    plain = bought(asked(), ann)
    request = Request(key="e", actor="shop", at=AT)
    award_event(request=request, member_id=ann, event="Review Written")
    award_purchase(
        request=Request(key="p", actor="shop", at=AT), member_id=ann, order_id="W-7", purchase=basket(1000)
    )
    award_points(
        request=Request(key="s", actor="shop", at=AT, source="spring fair"),
        member_id=ann,
        points_type="points",
        points=5,
    )
    ids = [numbered["receipt_id"], f"checkout:{plain['receipt_id']}", f"{tills.id}:1001"]
    others = ["acc_gone:1", "merge:1>2:3", "event:x:y", "spring fair"]
    words = origins_in_words([*((source, "") for source in (*ids, *others)), ("W-7", "purchase")])
    assert list(words.values()) == [
        "Order 1001, City store",
        "Purchase at a till",
        "Order 1001, City store",
        "Order 1",
        "",
        "",
        "spring fair",
        "Order W-7",
    ]
    text = signed_in("viewer").get(f"/members/{ann}/points/points/").content.decode()
    for word in ("Order 1001, City store", "Purchase at a till", "A review", "spring fair"):
        assert word in text
    with override("zh-hans"):
        page = own_page(ann, at=AT)
        lines = [history_line(line, page.points)["origin"] for line in page.lines]
    # What a program wrote for itself is nothing for a member.
    assert sorted(lines) == sorted(["", "写评价", "收银台购物", "订单 1001，City store", "订单 W-7"])
