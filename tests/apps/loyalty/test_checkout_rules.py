"""The arithmetic of the checkout: the tables of docs/algorithms/checkout.md to the cent, and what always holds."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shuke.apps.loyalty.rules.checkout.basket import Fault, Item, faults, spread
from shuke.apps.loyalty.rules.checkout.returning import Bought, MoreThanBought, Returned, outcome, staying
from shuke.apps.loyalty.rules.checkout.steps import Rate, Working
from shuke.apps.loyalty.rules.earning import EarningRule, Line, Purchase, earned_points
from tests.apps.loyalty.conftest import START

pytestmark = pytest.mark.once
TABLE = (Item(1, "bread", 1, 4990), Item(2, "milk", 1, 15), Item(3, "wine", 1, 9600))


def table() -> tuple[Working, int, dict[int, int]]:
    """The basket of the document, through all steps."""
    working = Working(TABLE)
    working.take_offers()
    working.take_discount(Fraction(5, 100), code="gold", name="Gold")
    lines = spread(2000, weights=working.left)
    working.take("voucher", code="twenty", name="20 off", lines=lines)
    points, by_line = working.take_points(
        Rate(100, 100), wanted=500, available=900, code="points", name="Points"
    )
    return working, points, by_line


def receipt(working: Working, points: dict[int, int]) -> list[Bought]:
    return [
        Bought(
            number,
            working.items[number].quantity,
            left,
            points.get(number, 0),
            {d.code: d.lines.get(number, 0) for d in working.deductions if d.step == "voucher"},
        )
        for number, left in working.left.items()
    ]


def test_the_table_of_the_document_to_the_cent():
    working, points, by_line = table()
    taken = {deduction.step: (deduction.lines, deduction.minor) for deduction in working.deductions}
    assert taken["tier"] == ({1: 250, 2: 1, 3: 480}, 731)
    assert taken["voucher"] == ({1: 683, 2: 2, 3: 1315}, 2000)
    assert taken["points"] == ({1: 171, 3: 329}, 500)
    assert working.left == {1: 3886, 2: 12, 3: 7476}
    assert working.goods_minor == 11374
    assert (points, by_line) == (500, {1: 171, 3: 329})
    lines = [Line(n, item.product_id, working.left[n], item.list_minor) for n, item in working.items.items()]
    purchase = Purchase(lines, on=START.date(), sales_channel="store")
    (earned,) = earned_points([EarningRule("ground", points=1, per_minor=100)], purchase)
    assert (earned.points, earned.lines) == (113, {1: 39, 2: 0, 3: 74})


def test_the_wine_comes_back():
    working, _, by_line = table()
    bought = receipt(working, by_line)
    kept = outcome(bought, before=[], lines={3: 1})
    assert (kept.refund_minor, kept.points, kept.recovered, kept.is_whole) == (7476, {3: 329}, {}, False)
    lost = outcome(bought, before=[], lines={3: 1}, lost_vouchers=frozenset({"twenty"}))
    assert (lost.refund_minor, lost.recovered) == (6791, {1: 683, 2: 2})
    assert staying(bought, returns=[Returned({3: 1})]) == {1: 1, 2: 1}
    # What was kept from the refund was paid for the bread; it comes back with the bread, and once.
    before = [Returned({3: 1}, frozenset({"twenty"}), lost.recovered)]
    bread = outcome(bought, before=before, lines={1: 1}, lost_vouchers=frozenset({"twenty"}))
    assert (bread.refund_minor, bread.recovered) == (3886 + 683, {})


def test_three_bottles_come_back_one_by_one():
    bought, before, refunds = [Bought(1, 3, 1000, points=100)], [], []
    for _ in range(3):
        one = outcome(bought, before=before, lines={1: 1})
        refunds.append((one.refund_minor, one.points[1], one.is_whole))
        before.append(Returned({1: 1}))
    assert refunds == [(333, 33, False), (333, 33, False), (334, 34, True)]
    with pytest.raises(MoreThanBought):
        outcome(bought, before=before, lines={1: 1})


@pytest.mark.parametrize("lines", [{1: 4}, {1: 0}, {2: 1}])
def test_more_than_was_bought_is_refused(lines):
    with pytest.raises(MoreThanBought):
        outcome([Bought(1, 3, 1000)], before=[], lines=lines)


@pytest.mark.parametrize(
    ("rate", "wanted", "goods", "taken"),
    [
        (Rate(3, 1), 500, 10**6, (498, 166)),
        (Rate(1, 10), 99_999, 11_874, (1187, 11_870)),
        (Rate(100, 100, maximum_percent=50), 99_999, 11_874, (5937, 5937)),
        (Rate(100, 100, minimum_points=500), 499, 11_874, (0, 0)),
        (Rate(100, 1), 99, 11_874, (0, 0)),
        (Rate(100, 100), 0, 11_874, (0, 0)),
    ],
)
def test_whole_points_and_no_more_than_they_are_worth(rate, wanted, goods, taken):
    assert rate.taken(wanted, available=10**9, goods_minor=goods) == taken


def test_a_basket_names_each_line_that_cannot_be():
    found = faults([Item(1, "a", 0, 100), Item(2, "b", 1, -1), Item(2, "c", 1, 100, offer_minor=101)])
    assert found == [
        Fault(1, "quantity", "quantity_below_one"),
        Fault(2, "list_minor", "amount_below_zero"),
        Fault(2, "line_no", "line_twice"),
        Fault(2, "offer_minor", "offer_above_price"),
    ]


amounts = st.integers(0, 2_000_00)
items = st.lists(
    st.builds(
        lambda price, offer, quantity, allows: Item(
            0, "p", quantity, price, offer_minor=min(price, offer), allows_discount=allows
        ),
        amounts,
        amounts | st.just(0),
        st.integers(1, 5),
        st.booleans(),
    ),
    min_size=1,
    max_size=7,
).map(lambda found: [Item(**{**vars(item), "line_no": n * 3 + 1}) for n, item in enumerate(found)])
rates = st.builds(
    Rate,
    st.integers(1, 300),
    st.integers(1, 300),
    minimum_points=st.integers(1, 50),
    maximum_percent=st.integers(0, 100),
)
discounts = st.integers(1, 100).flatmap(lambda d: st.integers(0, d).map(lambda n: Fraction(n, d)))


def walked(basket: list[Item], rate: Rate, discount: Fraction, voucher: int, wanted: int):
    working = Working(basket)
    working.take_offers()
    working.take_discount(discount, code="t", name="T")
    off = min(voucher, working.goods_minor)
    working.take("voucher", code="v", name="V", lines=spread(off, weights=working.left))
    points = working.take_points(rate, wanted=wanted, available=wanted, code="p", name="P")
    return working, points


@given(items, rates, discounts, amounts, st.integers(0, 10**6), st.randoms(use_true_random=False))
def test_amounts_sum_and_never_fall_below_zero_in_whatever_order_lines_come(
    basket, rate, discount, voucher, wanted, random
):
    working, (points, by_line) = walked(basket, rate, discount, voucher, wanted)
    assert min(working.left.values()) >= 0
    off = sum(deduction.minor for deduction in working.deductions)
    assert sum(item.list_minor for item in basket) - off == working.goods_minor
    paid_by_points = sum(d.minor for d in working.deductions if d.step == "points")
    assert sum(by_line.values()) == points <= wanted
    assert rate.worth(points) == paid_by_points
    # One point less would be worth less: nobody pays for a fraction that is lost.
    assert not points or rate.worth(points - 1) < paid_by_points
    shuffled = list(basket)
    random.shuffle(shuffled)
    again, also = walked(shuffled, rate, discount, voucher, wanted)
    assert (again.left, again.deductions, also) == (working.left, working.deductions, (points, by_line))


@given(items, rates, discounts, amounts, st.integers(0, 10**6), st.booleans(), st.data())
def test_successive_returns_give_back_exactly_what_was_stored(
    basket, rate, discount, voucher, wanted, recompute, data
):
    working, (points, by_line) = walked(basket, rate, discount, voucher, wanted)
    bought, before, refunded, given_back = receipt(working, by_line), [], 0, 0
    while left := staying(bought, returns=before):
        number = data.draw(st.sampled_from(sorted(left)))
        lines = {number: data.draw(st.integers(1, left[number]))}
        lost = frozenset({"v"}) if recompute and data.draw(st.booleans()) else frozenset()
        one = outcome(bought, before=before, lines=lines, lost_vouchers=lost)
        assert one.refund_minor >= 0
        assert min(one.points.values()) >= 0
        before.append(Returned(lines, lost, one.recovered))
        refunded += one.refund_minor
        given_back += sum(one.points.values())
        assert refunded <= working.goods_minor
    assert (refunded, given_back) == (working.goods_minor, points)


def test_ties_of_spreading_go_to_the_lower_line():
    assert spread(1, weights={2: 5, 1: 5}) == {1: 1, 2: 0}
