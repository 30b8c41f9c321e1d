from datetime import UTC, datetime

import pytest
from django.db import transaction

from shuke.platform.outbox.models import OutboxRow
from shuke.platform.outbox.operations import record
from shuke.platform.permissions import SYSTEM
from shuke.platform.retailer.operations import change_retailer

AT = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)
ROW = {"person_key": "per_1", "member_id": "mem_1", "kind": "email", "valid_from": AT, "draw": 7}
EXPOSURE = {
    "experiment_id": "exp_1",
    "person_key": "per_1",
    "arm": "control",
    "assigned_at": AT,
    "eligible_at": AT,
    "is_randomised": True,
}


@pytest.mark.django_db(transaction=True)
def test_a_fact_without_the_transaction_of_its_change_is_refused():
    with pytest.raises(RuntimeError, match="transaction"):
        record("identity_map", [ROW])
    assert OutboxRow.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_change_leaves_no_fact():
    def changed_then_failed():
        with transaction.atomic():
            record("identity_map", [ROW])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        changed_then_failed()
    assert OutboxRow.objects.count() == 0


@pytest.mark.django_db
def test_long_inputs_are_cut_into_payloads_of_a_thousand():
    assert record("identity_map", ({**ROW, "person_key": f"per_{i}"} for i in range(2_500))) == 2_500
    assert [len(row.payload) for row in OutboxRow.objects.order_by("id")] == [1000, 1000, 500]


@pytest.mark.django_db
def test_business_time_is_the_retailers():
    change_retailer(actor=SYSTEM, at=AT, time_zone="Asia/Shanghai")
    record("exposures", [EXPOSURE])
    fact = OutboxRow.objects.get().payload[0]
    assert (fact["local_month"], fact["local_date"], fact["local_hour"]) == ("2026-11", "2026-11-25", 7)
    assert fact["campaign_id"] is None


@pytest.mark.django_db
def test_unknown_columns_and_naive_times_are_faults():
    with pytest.raises(ValueError, match="no columns"):
        record("identity_map", [{**ROW, "phone": "13800138000"}])
    with pytest.raises(ValueError, match="aware"):
        record("identity_map", [{**ROW, "valid_from": AT.replace(tzinfo=None)}])
