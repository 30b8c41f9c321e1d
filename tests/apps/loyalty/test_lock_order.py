"""The order of locks: who takes them in another order than everybody else waits for somebody who waits for him."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from shuke.apps.identity.operations import merge_members, unmerge_members
from shuke.apps.loyalty.operations import award_points
from shuke.apps.loyalty.operations.benefits import reserve_benefits
from shuke.apps.promotions.models import MemberVoucherCount, VoucherCounter
from shuke.apps.promotions.operations import create_shared_code, publish_definition, reserve_vouchers
from shuke.apps.promotions.operations.definitions import change_definition
from shuke.apps.promotions.queries import voucher_quote
from shuke.platform.permissions import SYSTEM
from tests.apps.loyalty import benefit_terms
from tests.apps.loyalty.conftest import START
from tests.apps.loyalty.earning_shop import asked
from tests.apps.promotions.conftest import BASKET, TWENTY, defined

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one lock."),
]
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def locked(act: Callable[[], object], *tables: str) -> list[str]:
    """The tables in the order in which ``act`` locks rows of theirs: by FOR UPDATE, or by changing them."""
    with CaptureQueriesContext(connection) as seen:
        act()
    found = []
    for sql in (query["sql"] for query in seen.captured_queries):
        changed = re.match(r'UPDATE "?(\w+)', sql)
        read = re.search(r'FROM "(\w+)".*FOR UPDATE', sql)
        name = (changed or read or [None, ""])[1]
        if name in tables:
            found.append(name)
    return found


def test_a_merge_locks_all_wallets_at_once(members):
    ann, bob, _ = members
    for number, (member, kind) in enumerate([(ann, "gift"), (bob, "points"), (bob, "gift"), (ann, "points")]):
        award_points(request=asked(f"k{number}"), member_id=member, points_type=kind, points=5)
    made: list[str] = []

    def merge() -> None:
        at = START + DAY
        made.append(merge_members(actor=SYSTEM, at=at, survivor_id=ann, absorbed_id=bob))

    for act in (merge, lambda: unmerge_members(actor=SYSTEM, at=START + DAY, merge_id=made[0])):
        with CaptureQueriesContext(connection) as seen:
            act()
        statements = [q["sql"] for q in seen.captured_queries if "loyalty_wallet" in q["sql"]]
        first = next(sql for sql in statements if sql.startswith("UPDATE") or "FOR UPDATE" in sql)
        # Before any is changed, in the order of their ids.
        assert "FOR UPDATE" in first
        assert 'ORDER BY "loyalty_wallet"."id" ASC' in first


def test_benefits_lock_holds_before_counters(members):
    right = {
        "code": "trial",
        "kind": "trial",
        "period": "month",
        "names": {"en": "T"},
        "cells": {"*": {"count": 3}},
    }
    benefit_terms.publish([right], at=START)

    def reserve(key: str, at: Any) -> None:
        reserve_benefits(key=key, member_id=members[0], uses={"trial": 1}, until=at + MINUTE, at=at)

    reserve("a", START)
    order = locked(lambda: reserve("b", START + DAY), "loyalty_benefithold", "loyalty_benefitcounter")
    assert order.index("loyalty_benefithold") < order.index("loyalty_benefitcounter")


def test_a_purchase_that_ends_holds_of_others_counts_members_first(members):
    limits = {"uses": 200, "budget_minor": 10_000_000, "uses_per_member": 50}
    first = defined(name="A", limits=limits)
    second = defined(name="B", kind="percent", percent_hundredths=1000, stack_class="percent", limits=limits)
    for word, definition in (("AAAA1", first), ("BBBB1", second)):
        create_shared_code(actor=SYSTEM, at=START, definition_id=definition, word=word)

    def reserve(number: int, *codes: str, at: Any = START) -> None:
        member = members[number % len(members)]
        told = voucher_quote(
            codes=codes, member_id=member, tier="", basket=BASKET, left=BASKET.list_amounts(), at=at
        )
        reserve_vouchers(key=f"r{number}", uses=told.uses, member_id=member, until=at + MINUTE, at=at)

    for number, codes in enumerate((("BBBB1",), ("AAAA1", "BBBB1"), ("AAAA1",), ("BBBB1",))):
        reserve(number, *codes)
    tables = (MemberVoucherCount._meta.db_table, VoucherCounter._meta.db_table)
    order = locked(lambda: reserve(4, "AAAA1", "BBBB1", at=START + DAY), *tables)
    assert set(order) == set(tables)
    assert order == sorted(order)
    # Nothing that was taken stays taken but what the last one holds.
    assert sum(MemberVoucherCount.objects.values_list("count", flat=True)) == 2
    assert sum(VoucherCounter.objects.filter(what="uses").values_list("used", flat=True)) == 2
    # A new version locks limits in the order in which purchases do.
    change_definition(
        actor=SYSTEM,
        at=START,
        definition_id=first,
        name="A",
        terms={**TWENTY, "limits": {**limits, "uses": 100}},
    )
    with CaptureQueriesContext(connection) as seen:
        publish_definition(actor=SYSTEM, at=START + DAY, definition_id=first)
    asked_for = [re.search(r"\"what\" = '(\w+)'", q["sql"]) for q in seen if "FOR UPDATE" in q["sql"]]
    whats = [found[1] for found in asked_for if found]
    assert whats == sorted(whats)
