"""Duplicates, contradictions, values far from the rest, and the score."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shuke.sources.cleaning.consistency import (
    far_lines,
    orders_without_lines,
    sum_mismatches,
    unknown_products,
)
from shuke.sources.cleaning.duplicates import alike_products, repeated_orders
from shuke.sources.cleaning.outliers import find_outliers
from shuke.sources.cleaning.scoring import WEIGHTS, Counts, score_of

AT = datetime(2026, 6, 1, 12, tzinfo=UTC)


def orders(*rows: dict) -> pl.DataFrame:
    usual = {
        "person_key": "per_1", "channel_account_id": "acc", "placed_at": AT, "lifecycle_status": "completed",
        "payment_status": "paid", "paid_minor": 1000, "shipping_minor": 0, "discount_platform_minor": 0,
    }  # fmt: skip
    return pl.DataFrame([usual | row for row in rows])


def lines(*rows: dict) -> pl.DataFrame:
    usual = {
        "line_no": 1,
        "product_id": "P",
        "quantity": 1,
        "paid_minor": 1000,
        "list_minor": 1000,
        "is_gift": False,
    }
    return pl.DataFrame([usual | row for row in rows])


def test_near_constant_quantities_flag_what_is_far_only():
    """The worked example of docs/algorithms/cleaning.md."""
    pieces = [1] * 950 + [2] * 40 + [3] * 10
    rows = pl.Series(range(1002))

    def flagged(*more: int) -> int:
        found = find_outliers(
            pl.Series([*pieces, *more]), rows.head(1000 + len(more)), field="q", are_counts=True
        )
        return found.count if found else 0

    assert flagged() == 0
    assert flagged(19) == 0
    assert flagged(20) == 1
    assert flagged(20, 5000) == 2


def test_what_is_usual_for_its_product_is_not_far():
    """Fuel by the millilitre among groceries; a slip in fuel is found nevertheless."""
    pieces = [1] * 900 + [9000, 11_000, 10_500, 8000, 12_000, 10_000] + [400_000]
    goods = pl.Series(["food"] * 900 + ["fuel"] * 7)
    rows = pl.Series(range(907))
    found = find_outliers(pl.Series(pieces), rows, field="q", are_counts=True, groups=goods)
    assert found is not None
    assert (found.count, found.examples[0][1]) == (1, 400_000)
    assert find_outliers(pl.Series(pieces), rows, field="q", are_counts=True).count == 7


def test_equal_values_and_few_values_are_not_judged():
    assert find_outliers(pl.Series([5] * 100), pl.Series(range(100)), field="x") is None
    assert find_outliers(pl.Series([1, 10**6]), pl.Series(range(2)), field="x") is None


def test_repeated_orders():
    placed = [AT, AT + timedelta(minutes=3), AT + timedelta(hours=1), AT + timedelta(minutes=1), AT]
    told = orders(
        {"order_id": "1", "placed_at": placed[0]},
        {"order_id": "2", "placed_at": placed[1]},
        {"order_id": "3", "placed_at": placed[2]},
        {"order_id": "4", "placed_at": placed[3], "person_key": "per_2"},
        {"order_id": "5", "placed_at": placed[4], "person_key": "anonymous"},
        {"order_id": "6", "placed_at": placed[4], "person_key": "anonymous"},
        {"order_id": "7", "placed_at": placed[1], "lifecycle_status": "cancelled"},
        {"order_id": "8", "placed_at": placed[1], "paid_minor": 999},
    )
    baskets = lines(*({"order_id": str(n)} for n in range(1, 9)))
    assert repeated_orders(told, baskets).rows() == [("2", "1", 180)]
    other = baskets.with_columns(
        pl.when(pl.col("order_id") == "2")
        .then(pl.lit("Q"))
        .otherwise(pl.col("product_id"))
        .alias("product_id")
    )
    assert repeated_orders(told, other).is_empty()


def test_sums_that_do_not_add_up():
    told = orders(
        {"order_id": "1", "paid_minor": 1590, "shipping_minor": 600, "discount_platform_minor": 10},
        {"order_id": "2", "paid_minor": 1001},
        {"order_id": "3", "paid_minor": 1002},
        {"order_id": "4", "paid_minor": 5, "lifecycle_status": "cancelled"},
        {"order_id": "5", "paid_minor": 77},
    )
    parts = lines(*({"order_id": str(n)} for n in range(1, 5)))
    assert sum_mismatches(told, parts).rows() == [("3", 1002, 1000)]
    assert orders_without_lines(told, parts)["order_id"].to_list() == ["5"]


def test_lines_far_from_their_product():
    usual = [{"order_id": str(n), "list_minor": 1000 + n} for n in range(9)]
    parts = lines(
        *usual,
        {"order_id": "typo", "list_minor": 100_000},
        {"order_id": "many", "quantity": 100, "list_minor": 100_000},
        {"order_id": "gift", "list_minor": 1, "is_gift": True},
        {"order_id": "rare", "product_id": "R", "list_minor": 9_999_999},
    )
    found = far_lines(parts).sort("order_id")
    assert found.select("order_id", "field", "value").rows() == [
        ("many", "quantity", 100), ("typo", "list_minor", 100_000),
    ]  # fmt: skip


def goods_named(*names: str, brands: str) -> pl.DataFrame:
    """Active products numbered from 1."""
    count = len(names)
    return pl.DataFrame(
        {
            "product_id": [str(n) for n in range(1, count + 1)],
            "name": names,
            "brand": list(brands),
            "package_size": [None] * count,
            "is_active": [True] * count,
        },
        schema_overrides={"package_size": pl.String},
    )


def test_products_under_two_numbers():
    others = [f"梨{n}" for n in range(30)]
    goods = goods_named(
        "苹果（红富士） 5斤", "苹果(红富士)5斤", "苹果(红富士)5斤", *others, brands="AaB" + "A" * len(others)
    )
    assert alike_products(goods).rows() == [("2", "1", "苹果(红富士)5斤")]
    kinds = goods_named("牛奶", "牛奶", "面包", "面包", "鸡蛋", brands="AAAAA")
    assert alike_products(kinds).is_empty(), "names of kinds of goods tell products apart nowhere"
    assert unknown_products(lines({"order_id": "1", "product_id": "99"}), goods).rows() == [("99", 1)]


def test_the_worked_score():
    counts = Counts(
        rows=1000, rejected=20, duplicates=5, flagged=10, missing=0.08, orders=400, inconsistent=3
    )
    assert score_of(counts).total == pytest.approx(97.05)
    assert score_of(Counts()) is None
    assert set(score_of(counts).parts) == set(WEIGHTS)


@given(st.integers(1, 1000), st.integers(0, 1000), st.integers(0, 5000), st.integers(0, 1000))
@settings(max_examples=50)
def test_a_score_lies_between_0_and_100_and_faults_never_raise_it(rows, rejected, flagged, duplicates):
    counts = Counts(
        rows=rows, rejected=min(rejected, rows), flagged=flagged, duplicates=min(duplicates, rows)
    )
    found = score_of(counts)
    assert 0 <= found.total <= 100
    worse = score_of(Counts(rows=rows, rejected=rows, flagged=flagged, duplicates=counts.duplicates))
    assert worse.total <= found.total
