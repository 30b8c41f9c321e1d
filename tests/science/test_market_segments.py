"""Market segments: numbers worked out by hand, shares that add up, and intervals that keep their word."""

from datetime import date

import ibis
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shuke.science import market_segments as market
from shuke.science.market_segments import UNKNOWN, Window, segment_figures, segment_history
from shuke.science.persons import current_attributes
from tests.science.conftest import on
from tests.series import examples

LAST = date(2025, 6, 30)
WINDOW = Window(LAST, days=10)
NOW, BEFORE, YEAR = date(2025, 6, 25), date(2025, 6, 15), date(2024, 6, 26)


def bought(*rows):
    names = ("member_id", "order_id", "local_date", "net_minor")
    return ibis.memtable(
        [dict(zip(names, (m, f"o{i}", d, n), strict=True)) for i, (m, d, n) in enumerate(rows)]
    )


def placed(**segment_of):
    return ibis.memtable([{"member_id": m, "segment": s} for m, s in segment_of.items()])


def by_segment(table):
    return {row["segment"]: row for row in table.to_pyarrow().to_pylist()}


def test_hand_numbers():
    purchases = bought(
        ("a", BEFORE, 1000), ("b", BEFORE, 3000), ("a", NOW, 2000), ("b", NOW, 4000),
        ("c", NOW, 2000), ("c", YEAR, 1000), ("a", date(2025, 7, 1), 99_999),
    )  # fmt: skip
    segments = placed(a="north", b="north", c="south", d="south", e=UNKNOWN)
    rated = ibis.memtable([{"member_id": "a", "rating": 4.0}, {"member_id": "b", "rating": 5.0}])
    spent = ibis.memtable(
        [{"member_id": "c", "cost_minor": 400.0, "response_minor": 2000, "extra_minor": 2000.0}]
    )
    found = by_segment(segment_figures(segments, purchases, window=WINDOW, rated=rated, spent=spent))
    north, south = found["north"], found["south"]
    assert (north["members"], north["buyers"], north["orders"]) == (2, 2, 2)
    assert (north["member_share"], north["revenue_share"]) == (pytest.approx(0.4), pytest.approx(0.75))
    assert north["index"] == pytest.approx(0.75 / 0.4)
    assert north["growth"] == pytest.approx(0.5)
    assert (north["growth_lower"], north["growth_upper"]) == pytest.approx((0.01001, 0.98999), abs=1e-5)
    assert north["year_growth"] is None
    assert (north["ratings"], north["rating"]) == (2, 4.5)
    assert north["rating_upper"] == pytest.approx(4.5 + 1.959964 * 0.5)
    assert north["return_on_cost"] is None
    assert (south["members"], south["buyers"], south["growth"], south["rating"]) == (2, 1, None, None)
    assert south["year_growth"] == pytest.approx(1.0)
    assert south["return_on_cost"] == pytest.approx(4.0)
    assert (found[UNKNOWN]["buyers"], found[UNKNOWN]["revenue_share"]) == (0, 0)


@given(
    orders=st.lists(
        st.tuples(
            st.sampled_from("abcdef"),
            st.dates(date(2025, 5, 1), LAST),
            st.integers(-5_000, 50_000),
        ),
        max_size=30,
    ),
    names=st.lists(st.sampled_from(["x", "y", UNKNOWN]), min_size=6, max_size=6),
)
@settings(max_examples=examples(8), deadline=None)
def test_the_parts_add_up_to_the_whole(orders, names):
    segments = placed(**dict(zip("abcdef", names, strict=True)))
    purchases = bought(("nobody", LAST, 0), *orders)
    found = segment_figures(segments, purchases, window=WINDOW).to_pyarrow().to_pylist()
    known = [(d, n) for _, d, n in orders if WINDOW.first <= d <= LAST]
    assert sum(row["members"] for row in found) == 6
    assert sum(row["member_share"] for row in found) == pytest.approx(1)
    assert sum(row["orders"] for row in found) == len(known)
    assert sum(row["revenue_minor"] for row in found) == sum(n for _, n in known)
    if sum(n for _, n in known):
        assert sum(row["revenue_share"] for row in found) == pytest.approx(1)
    history = segment_history(segments, purchases, window=WINDOW).to_pyarrow().to_pylist()
    newest = {r["segment"]: r["revenue_minor"] for r in history if r["period"] == 0}
    assert newest == {r["segment"]: r["revenue_minor"] for r in found if r["orders"]}
    for period in {row["period"] for row in history}:
        shares = [row["revenue_share"] for row in history if row["period"] == period]
        assert None in shares or sum(shares) == pytest.approx(1)


def test_the_interval_of_growth_covers_the_truth_as_often_as_it_says():
    """Two hundred shops whose members spend a tenth more than before on average."""
    rng = np.random.default_rng(7)
    shops, members = 200, 60
    taste = rng.gamma(2, 2_000, (shops, members))
    before = rng.poisson(taste)
    now = rng.poisson(1.1 * taste * rng.lognormal(-0.08, 0.4, (shops, members)))
    names = [[f"{shop}-{member}" for member in range(members)] for shop in range(shops)]
    segments = ibis.memtable(
        [{"member_id": name, "segment": str(shop)} for shop in range(shops) for name in names[shop]]
    )
    purchases = ibis.memtable(
        [
            {"member_id": names[s][m], "order_id": f"{s}-{m}-{d}", "local_date": d, "net_minor": int(v[s, m])}
            for d, v in ((BEFORE, before), (NOW, now))
            for s in range(shops)
            for m in range(members)
        ]
    )
    found = segment_figures(segments, purchases, window=WINDOW).to_pyarrow().to_pylist()
    covered = sum(row["growth_lower"] <= 0.1 <= row["growth_upper"] for row in found)
    assert 180 <= covered <= 199


def test_every_member_is_in_one_segment_of_a_dimension(table):
    keys = table("identity_map", [{"person_key": k, "member_id": m} for k, m in
                                  (("k1", "a"), ("k2", "a"), ("k3", "b"), ("k4", "c"))])  # fmt: skip
    told = [("k1", "city", "深圳市"), ("k3", "city", "Shenzhen"), ("k1", "birth_year", "1990"),
            ("k3", "birth_year", "1850"), ("k4", "birth_year", "2020"), ("k2", "gender", " f ")]  # fmt: skip
    current = current_attributes(
        table(
            "member_attributes",
            [dict(zip(("person_key", "attribute", "value"), row, strict=True)) for row in told],
        ),
        keys,
    )
    regions = table("regions", [
        {"region_id": "CN-GD", "country": "CN", "level": 1, "name": "Guangdong", "name_zh": "广东省",
         "short_zh": "广东", "kind": "province", "source": "t"},
        {"region_id": "CN-440300", "country": "CN", "level": 2, "parent_id": "CN-GD", "name": "Shenzhen",
         "name_zh": "深圳市", "short_zh": "深圳", "kind": "city", "source": "t"},
    ])  # fmt: skip
    members = ibis.memtable([{"member_id": m} for m in "abc"])

    def segments(found):
        return {row["member_id"]: row["segment"] for row in found.to_pyarrow().to_pylist()}

    assert segments(market.by_attribute(members, current, attribute="gender")) == {
        "a": "f", "b": UNKNOWN, "c": UNKNOWN}  # fmt: skip
    assert segments(market.by_region(members, current, regions, attribute="city")) == {
        "a": "CN-GD", "b": "CN-GD", "c": UNKNOWN}  # fmt: skip
    assert segments(market.by_age(members, current, as_of=LAST)) == {"a": "35-44", "b": UNKNOWN, "c": "<18"}


def test_the_newest_answer_counts_and_ratings_are_means_of_members(table):
    keys = table(
        "identity_map",
        [{"person_key": k, "member_id": m} for k, m in (("k1", "a"), ("k2", "b"), ("k3", "c"))],
    )
    said = [
        ("k1", "Survey Answered", '{"question": "style", "answer": "plain", "rating": 2}', NOW, 8),
        ("k1", "Survey Answered", '{"answer":"bold","question":"style"}', NOW, 9),
        ("k1", "Product Reviewed", '{"rating": "4.0"}', NOW, 10),
        ("k2", "Product Reviewed", '{"rating": 9}', NOW, 10),
        ("k2", "Product Reviewed", None, NOW, 11),
    ]
    events = table("events", [
        {"message_id": str(i), "person_key": k, "name": n, "properties": p,
         "occurred_at": on(d, h), "received_at": on(d)}
        for i, (k, n, p, d, h) in enumerate(said)
    ])  # fmt: skip
    told = table(
        "member_attributes",
        [{"person_key": k, "attribute": "satisfaction", "value": "5"} for k in ("k1", "k3")],
    )
    members = ibis.memtable([{"member_id": m} for m in "abc"])
    answers = market.by_answer(members, events, keys, question="style").to_pyarrow().to_pylist()
    assert {r["member_id"]: r["segment"] for r in answers} == {"a": "bold", "b": UNKNOWN, "c": UNKNOWN}
    rated = market.ratings(events, told, keys, window=WINDOW).to_pyarrow().to_pylist()
    assert {r["member_id"]: r["rating"] for r in rated} == {"a": 3.0, "c": 5.0}


def test_the_cost_of_a_campaign_is_shared_out_over_its_messages(table):
    keys = table("identity_map", [{"person_key": k, "member_id": m} for k, m in (("k1", "a"), ("k2", "b"))])
    sent = [
        ("m1", "C", "k1", BEFORE),
        ("m2", "C", "k1", NOW),
        ("m3", "C", "k2", NOW),
        ("m4", "free", "k2", NOW),
    ]
    messages = table("messages", [
        {"message_id": i, "campaign_id": c, "channel": "email", "person_key": k, "event": "sent", "is_machine": False,
         "occurred_at": on(d)}
        for i, c, k, d in sent
    ])  # fmt: skip
    costs = table("costs", [
        {"cost_id": currency, "campaign_id": "C", "kind": "media", "amount_minor": amount, "currency": currency,
         "incurred_on": NOW}
        for currency, amount in (("CNY", 300), ("USD", 999))
    ])  # fmt: skip
    purchases = bought(
        ("a", NOW, 500), ("a", date(2025, 6, 24), 70), ("b", date(2025, 6, 29), 40), ("b", LAST, 2)
    )
    found = market.spending(messages, costs, purchases, keys, window=WINDOW, currency="CNY")
    names = ("cost_minor", "response_minor", "extra_minor")
    rows = {r["member_id"]: tuple(r[name] for name in names) for r in found.to_pyarrow().to_pylist()}
    # Of ten days the last six lie within reach of a message; a pays 70 on the four others.
    assert rows == {"a": (100.0, 500, pytest.approx(500 - 70 / 4 * 6)), "b": (100.0, 42, 42.0)}
    reached = segment_figures(placed(a="x", b="x"), purchases, window=WINDOW, spent=found)
    row = reached.to_pyarrow().to_pylist()[0]
    assert row["return_on_cost"] == pytest.approx((395 + 42 - 200) / 200)
    error = np.std([395, 42], ddof=1) * 2**0.5 / 200
    assert row["return_upper"] == pytest.approx(row["return_on_cost"] + 1.959964 * error)


def test_small_segments_are_put_together_and_the_unknown_stay_apart():
    segments = placed(a="x", b="x", c="y", d="z", e="w", f=UNKNOWN)
    found = market.largest(segments, most=2).to_pyarrow().to_pylist()
    assert {r["member_id"]: r["segment"] for r in found} == {
        "a": "x", "b": "x", "e": "w", "c": market.OTHER, "d": market.OTHER, "f": UNKNOWN}  # fmt: skip
