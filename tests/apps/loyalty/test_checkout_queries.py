"""How often a till's calls ask the database: each setting and each row once in a call."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from shuke.apps.loyalty.queries.verification import ledger_findings
from shuke.apps.members.models import Member
from shuke.apps.members.queries import family_of
from shuke.apps.promotions.operations import issue_voucher
from shuke.apps.promotions.queries import member_vouchers
from shuke.platform.calls import one_call
from shuke.platform.permissions import SYSTEM
from shuke.platform.retailer.operations import change_retailer
from shuke.platform.retailer.queries import retailer
from tests.apps.loyalty import benefit_terms, earning_shop
from tests.apps.loyalty.checkout_desk import AT, asked, bring_back, commit, fund, quote_of, release, reserve
from tests.apps.loyalty.conftest import START
from tests.apps.promotions.conftest import defined

LINES = tuple(
    {"line_no": n, "product_id": f"p{n}", "list_minor": minor}
    for n, minor in enumerate((4990, 15, 9600, 1250, 3000), 1)
)
#: Statements of each step for the first basket of a member, with everything; first uses make the rows that count them.
#: What opens and closes transactions is left out.
MOST = {"evaluate": 13, "reserve": 58, "commit": 59, "return": 60, "release": 42}


@pytest.fixture
def ann(members):
    """Points, a discount, free shipping twice a month, and rules that earn."""
    fund(members[0], 900)
    rights: list[dict[str, Any]] = [
        {
            "code": "gold",
            "kind": "discount",
            "period": "",
            "cells": {"*": {"numerator": 1, "denominator": 20}},
        },
        {
            "code": "ship",
            "kind": "shipping",
            "period": "month",
            "cells": {"*": {"from_minor": 0, "count": 5}},
        },
    ]
    benefit_terms.publish([{"names": {"en": right["code"]}, **right} for right in rights], at=START)
    earning_shop.publish({**earning_shop.GROUND, "points_type": "points"}, at=START)
    yield members[0]
    assert ledger_findings() == []


def voucher(member: str) -> str:
    """The code of a voucher with limits and a budget."""
    limits = {"uses": 100, "uses_per_member": 5, "budget_minor": 1_000_000}
    definition = defined(limits=limits)
    issue_voucher(actor=SYSTEM, at=START, key="v", definition_id=definition, member_id=member)
    return member_vouchers(member, at=AT)[0].code


def counted(act: Any) -> tuple[Any, int]:
    """What came of it, and how many statements it sent."""
    with CaptureQueriesContext(connection) as found:
        told = act()
    framing = ("BEGIN", "SAVEPOINT", "RELEASE", "ROLLBACK", "COMMIT")
    return told, sum(not query["sql"].startswith(framing) for query in found.captured_queries)


def test_no_step_asks_more_often_than_it_must(ann):
    request = asked(LINES, points=500, codes=[voucher(ann)], shipping_minor=600)
    shown, evaluating = counted(lambda: quote_of(request, ann))
    assert {d.step for d in shown.deductions} == {"tier", "voucher", "points"}
    assert (shown.benefits, shown.not_applied) == ({"ship": 1}, [])
    first, again = counted(lambda: reserve(request, ann))  # evaluates too, as the till did
    _released, releasing = counted(lambda: release(first.answer["reservation_id"]))
    held = reserve(request, ann).answer["reservation_id"]
    bought, committing = counted(lambda: commit(held))
    _back, returning = counted(lambda: bring_back(bought.answer["receipt_id"], {3: 1}))
    found = {
        "evaluate": evaluating,
        "reserve": again - evaluating,
        "commit": committing,
        "return": returning,
        "release": releasing,
    }
    assert [f"{name}: {count}" for name, count in found.items() if count > MOST[name]] == []


@pytest.mark.once
def test_what_a_call_has_read_dies_with_it(members):
    with one_call():
        assert counted(lambda: [retailer() for _ in range(3)])[1] == 1
        with one_call():
            assert counted(retailer)[1] == 0
    assert counted(lambda: [retailer() for _ in range(3)])[1] == 3
    change_retailer(actor=SYSTEM, at=START, time_zone="Europe/Berlin")
    with one_call():
        assert retailer().time_zone == "Europe/Berlin"


@pytest.mark.once
def test_a_chain_of_merges_is_one_family(members):
    ann, bob, cy = (Member.objects.get(public_id=public_id) for public_id in members)
    for row, into in ((ann, bob), (bob, cy)):
        row.status, row.merged_into = "merged", into
        row.save()
    families, asked_for = counted(lambda: [family_of(public_id) for public_id in members])
    assert asked_for == 3
    assert families[0] == families[1] == families[2]
    assert (families[0].public_id, families[0].pks) == (cy.public_id, (cy.pk, ann.pk, bob.pk))
