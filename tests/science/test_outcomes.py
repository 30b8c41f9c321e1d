from datetime import UTC, datetime, timedelta

from shuke.science.outcomes import OutcomeFacts, member_outcomes

SENT = datetime(2025, 3, 10, 9, tzinfo=UTC)
UNTIL = SENT + timedelta(days=14)


def exposure(key, arm, **more):
    return {"person_key": key, "arm": arm, "assigned_at": SENT, "eligible_at": SENT, **more}


def order(number, key, at, paid=1000, **more):
    return {"order_id": number, "person_key": key, "placed_at": at, "paid_minor": paid, **more}


def outcomes(table, **tables):
    tables.setdefault("identity_map", [{"person_key": k, "member_id": f"m-{k}"} for k in "abcd"])
    facts = OutcomeFacts(**{name: table(name, tables.get(name, [])) for name in OutcomeFacts.__annotations__})
    rows = member_outcomes(facts, until=UNTIL, currency="CNY", pre_days=30).to_pyarrow().to_pylist()
    return {row["member_id"]: row for row in rows}


def test_the_window_takes_its_start_and_leaves_its_end(table):
    found = outcomes(
        table,
        exposures=[exposure("a", "a"), exposure("b", "control")],
        orders=[
            order("o0", "a", SENT - timedelta(microseconds=1), 7),
            order("o1", "a", SENT, 100),
            order("o2", "a", UNTIL - timedelta(microseconds=1), 10),
            order("o3", "a", UNTIL, 1),
            order("o4", "a", SENT - timedelta(days=31), 1),
        ],
    )
    row = found["m-a"]
    assert (row["orders"], row["revenue_minor"], row["converted"], row["visits"]) == (2, 110, 1, 2)
    assert (row["pre_orders"], row["pre_revenue_minor"]) == (1, 7)
    assert found["m-b"] == {**dict.fromkeys(row, 0), "member_id": "m-b", "arm": "control"}


def test_a_refund_counts_only_if_made_before_the_end(table):
    refunds = [
        {
            "refund_id": "r1",
            "order_id": "o1",
            "person_key": "a",
            "refunded_at": UNTIL - timedelta(hours=1),
            "amount_minor": 30,
        },
        {"refund_id": "r2", "order_id": "o1", "person_key": "a", "refunded_at": UNTIL, "amount_minor": 50},
    ]
    found = outcomes(
        table, exposures=[exposure("a", "a")], orders=[order("o1", "a", SENT, 100)], refunds=refunds
    )
    assert found["m-a"]["revenue_minor"] == 70


def test_a_day_with_events_and_orders_is_one_visit(table):
    events = [
        {"message_id": str(i), "person_key": "a", "occurred_at": at, "received_at": at}
        for i, at in enumerate(
            [SENT, SENT + timedelta(hours=2), SENT + timedelta(days=2), SENT - timedelta(days=1), UNTIL]
        )
    ]
    found = outcomes(table, exposures=[exposure("a", "a")], orders=[order("o1", "a", SENT)], events=events)
    assert found["m-a"]["visits"] == 2


def test_a_merged_member_keeps_its_first_arm_and_is_counted_once(table):
    later = SENT + timedelta(hours=1)
    found = outcomes(
        table,
        identity_map=[{"person_key": "a", "member_id": "m"}, {"person_key": "b", "member_id": "m"}],
        exposures=[exposure("b", "control", assigned_at=later), exposure("a", "mens")],
        orders=[order("o1", "b", later, 5)],
    )
    assert [(row["arm"], row["revenue_minor"]) for row in found.values()] == [("mens", 5)]
