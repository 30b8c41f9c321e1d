"""Files whose columns and clocks are not ours: other languages, numbers of orders, days since the order before."""

from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from shuke.apps.recommendations.adapters import read_history
from shuke.apps.recommendations.adapters.file_columns import columns_of
from shuke.science.recommendations.histories import DAY, NotAHistory

pytestmark = pytest.mark.once


def read(path, **columns):
    return read_history(
        path, columns=columns, day_baskets=False, date_order="ymd", at=datetime(2026, 11, 28, tzinfo=UTC)
    )


@pytest.mark.parametrize(
    "headers",
    [
        ("Käufer", "Bon-Nr.", "Artikel-Nr.", "Datum"),
        ("ID client", "N° ticket", "Code produit", "Date"),
        ("id_cliente", "id_ticket", "id_producto", "fecha"),
        ("Cliente", "Pedido", "Produto", "Data"),
        ("покупатель", "чек", "товар", "дата"),
        ("会员编号", "订单编号", "商品名称", "下单日期"),
        ("顧客ID", "注文ID", "商品コード", "購入日"),
        ("고객번호", "주문번호", "상품코드", "주문일"),
        ("Customer ID", "Purchase ID", "Product name", "Purchased at"),
    ],
    ids=lambda headers: headers[0],
)
def test_headers_in_other_languages_are_known(headers):
    assert tuple(columns_of(headers, {}).values()) == headers


def test_a_surer_header_wins_over_a_noun():
    headers = ("customer_name", "user_id", "visit", "order_id", "title", "item_id", "data", "timestamp")
    assert columns_of(headers, {}) == {
        "member": "user_id",
        "basket": "order_id",
        "item": "item_id",
        "time": "timestamp",
    }


def test_what_headers_do_not_tell_is_asked_for():
    with pytest.raises(NotAHistory, match="--member COLUMN --item COLUMN"):
        columns_of(("id", "chain", "category", "date"), {})
    with pytest.raises(NotAHistory, match="'kunde' for --member"):
        columns_of(("user", "item", "time"), {"member": "kunde"})


def orders():
    """Two orders of Ann, three of Bob; Bob's second and third on one day, their ids falling."""
    rows = [
        ("ann", 11, 1, None, "tea"),
        ("ann", 12, 2, 7.0, "tea"),
        ("ann", 12, 2, 7.0, "rice"),
        ("bob", 30, 1, None, "rice"),
        ("bob", 29, 2, 10.0, "tea"),
        ("bob", 28, 3, 0.0, "milk"),
    ]
    return pl.DataFrame(
        rows,
        schema=["user_id", "order_id", "order_number", "days_since_prior_order", "product_id"],
        orient="row",
    )


def test_days_since_the_order_before_become_days_that_end_together(tmp_path):
    orders().write_csv(tmp_path / "f.csv")
    found = read(tmp_path / "f.csv")
    history = found.history
    assert history.basket_ids.tolist() == [11, 12, 30, 29, 28]
    assert np.diff(history.basket_day).tolist() == [7, -10, 10, 0]
    assert history.basket_day[1] == history.basket_day[4]
    assert "days_since_prior_order" in found.facts.notes[0]
    assert "same day" in found.facts.notes[0]


def test_numbers_of_orders_name_baskets_where_nothing_else_does(tmp_path):
    orders().select("user_id", "order_number", "product_id").write_csv(tmp_path / "f.csv")
    history = read(tmp_path / "f.csv").history
    assert history.baskets == 5
    assert history.basket_day.max() == history.basket_day[1] == history.basket_day[4]
    dated = orders().with_columns(order_date=pl.date(2026, 1, "order_number"))
    dated.drop("order_id", "days_since_prior_order").write_csv(tmp_path / "g.csv")
    found = read(tmp_path / "g.csv")
    assert found.facts.columns["basket"] == "order_number"
    assert found.facts.columns["time"] == "order_date"


def own_clocks(members, *, first):
    """So many members; the n-th has n baskets, a week apart."""
    return [(u, 100 * u + b, "tea", first(u) + 7 * b) for u in range(members) for b in range(1 + u)]


def test_days_that_begin_with_every_member_are_laid_side_by_side(tmp_path):
    schema = ["user", "basket", "item", "time"]
    pl.DataFrame(own_clocks(25, first=lambda _: 1), schema=schema, orient="row").write_csv(
        tmp_path / "own.csv"
    )
    found = read(tmp_path / "own.csv")
    ends = found.history.basket_day[found.history.basket_back == 0]
    assert set(ends.tolist()) == {ends[0]}
    assert "begins anew with every member" in " ".join(found.facts.notes)
    pl.DataFrame(own_clocks(25, first=lambda u: 1 + u % 3), schema=schema, orient="row").write_csv(
        tmp_path / "one.csv"
    )
    shared = read(tmp_path / "one.csv")
    assert "begins anew" not in " ".join(shared.facts.notes)
    assert shared.history.basket_time[0] == DAY


def test_months_by_name_are_read(tmp_path):
    for number, day in enumerate(("Jan 18, 2024 05:00 PM", "18-Jan-2024", "18 Jan 2024")):
        path = tmp_path / f"{number}.csv"
        pl.DataFrame({"user": [1, 2], "item": [1, 2], "date": [day, day]}).write_csv(path)
        assert read(path).history.basket_day[0] == 19_740


def test_the_only_column_of_lists_is_that_of_items(tmp_path):
    rows = {"user": [1, 2], "order_id": [1, 2], "things": [["a", "b"], ["b"]], "date": ["2026-01-01"] * 2}
    pl.DataFrame(rows).write_parquet(tmp_path / "f.parquet")
    assert read(tmp_path / "f.parquet").history.lines == 3
