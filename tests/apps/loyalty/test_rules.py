"""The rules of the ledger on their own: fast, and exact to the point."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shuke.apps.loyalty.rules import corrections, returns, wallet
from shuke.apps.loyalty.rules.postings import Posting, Shortfall
from shuke.apps.loyalty.rules.wallet import WalletState

START = datetime(2026, 1, 5, tzinfo=UTC)
DAY = timedelta(days=1)


def state_with(*lots: tuple[int, datetime | None], debt: int = 0) -> WalletState:
    """A wallet with available lots of (points, end)."""
    state = WalletState()
    for points, end in lots:
        state.apply(wallet.award(state, points=points, activates_at=START, expires_at=end, at=START))
    state.balances["debt"] = -debt
    return state


def buckets(state: WalletState) -> list[dict[str, int]]:
    return [{b: n for b, n in lot.buckets.items() if n} for lot in state.lots.values()]


def test_entries_must_balance():
    with pytest.raises(ValueError, match="balance"):
        Posting({"available": 5, "issued": -4})
    with pytest.raises(ValueError, match="balance"):
        Posting({"available": 0, "issued": 0})


def test_the_soonest_end_goes_first_and_the_endless_last():
    state = state_with((10, None), (10, START + 9 * DAY), (10, START + 3 * DAY))
    state.apply(wallet.hold(state, points=25))
    assert buckets(state) == [{"available": 5, "held": 5}, {"held": 10}, {"held": 10}]
    with pytest.raises(Shortfall):
        wallet.hold(state, points=6)


def test_released_points_pay_debt_and_late_ones_expire():
    state = state_with((10, START + DAY), (10, None))
    held = wallet.hold(state, points=20)
    state.apply(held)
    earned = returns.claw_back(state, lots=[1], points=4, earned=10, taken=0, policy="debt")
    assert earned is not None
    state.apply(earned)
    assert state.balances == {"pending": 0, "available": 0, "held": 20, "debt": -4}
    state.apply(wallet.release(state, held=held.moves, at=START + 2 * DAY))
    assert state.balances == {"pending": 0, "available": 6, "held": 0, "debt": 0}
    assert buckets(state) == [{"expired": 10}, {"available": 6, "clawed_back": 4}]


def test_points_that_come_back_pay_debt_first():
    state = state_with((10, None))
    held = wallet.hold(state, points=10)
    state.apply(held)
    spent = wallet.commit(state, held=held.moves)
    state.apply(spent)
    taken = returns.claw_back(state, lots=[1], points=3, earned=10, taken=0, policy="debt")
    assert taken is not None
    state.apply(taken)
    state.apply(returns.give_back(state, spent=spent.moves, points=5, at=START, grace_until=None))
    assert state.balances == {"pending": 0, "available": 2, "held": 0, "debt": 0}


def test_an_activation_pays_debt_first():
    state = state_with((5, None))
    state.apply(wallet.hold(state, points=5))
    taken = returns.claw_back(state, lots=[1], points=5, earned=5, taken=0, policy="debt")
    assert taken is not None
    state.apply(taken)
    state.apply(wallet.award(state, points=8, activates_at=START + DAY, expires_at=None, at=START))
    due = wallet.due(state, at=START + DAY)
    assert due is not None
    state.apply(due.posting)
    assert (state.balances["available"], state.balances["debt"]) == (3, 0)


def test_what_a_transfer_brings_pays_debt_first():
    giver, taker = state_with((10, START + DAY)), state_with((4, None))
    taker.apply(wallet.hold(taker, points=4))
    taken = returns.claw_back(taker, lots=[1], points=4, earned=4, taken=0, policy="debt")
    assert taken is not None
    taker.apply(taken)
    sent = corrections.parcels(giver, points=None)
    taker.apply(corrections.receiving(taker, giver=giver, sent=sent))
    giver.apply(corrections.sending(sent))
    assert (taker.balances["available"], taker.balances["debt"]) == (6, 0)
    assert taker.lots[2].expires_at == START + DAY
    assert giver.balances["available"] == 0


def test_pending_points_of_the_purchase_go_first():
    state = state_with((10, None))
    state.apply(wallet.award(state, points=6, activates_at=START + DAY, expires_at=None, at=START))
    taken = returns.claw_back(state, lots=[2], points=8, earned=8, taken=0, policy="debt")
    assert taken is not None
    state.apply(taken)
    assert state.balances == {"pending": 0, "available": 8, "held": 0, "debt": 0}


@given(total=st.integers(0, 10_000), parts=st.lists(st.integers(1, 50), min_size=1, max_size=8))
def test_shares_of_returns_sum_to_the_whole(total, parts):
    whole, before, taken = sum(parts), 0, []
    for part in parts:
        before += part
        taken.append(returns.cumulative_share(total, share=Fraction(before, whole)) - sum(taken))
    assert sum(taken) == total
    assert min(taken) >= 0
