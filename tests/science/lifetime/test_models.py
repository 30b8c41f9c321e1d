"""Gradients, probabilities and expectations of the models, each against another way to the same number."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import gammaln, hyp2f1

from shuke.science.lifetime.bg_nbd import BgNbd
from shuke.science.lifetime.histories import Histories, grouped
from shuke.science.lifetime.mbg_cnbd import MbgCnbd
from shuke.science.lifetime.nbd import Nbd
from shuke.science.lifetime.pareto_nbd import ParetoNbd
from shuke.science.lifetime.spend import log_likelihood as spend_likelihood

MODELS = [Nbd(), Nbd(3), BgNbd(), MbgCnbd(1), MbgCnbd(3), ParetoNbd()]
names = [model.name for model in MODELS]


@st.composite
def histories(draw):
    rows = draw(
        st.lists(st.tuples(st.integers(0, 40), st.floats(0, 1), st.integers(1, 400)), min_size=1, max_size=20)
    )
    frequency = np.array([x for x, _, _ in rows])
    age = np.array([float(days) for _, _, days in rows])
    share = np.array([part for _, part, _ in rows])
    return grouped(frequency=frequency, recency=np.where(frequency > 0, age * share, 0.0), age=age)


parameters = st.lists(st.floats(0.05, 30), min_size=4, max_size=4)


@pytest.mark.parametrize("model", MODELS, ids=names)
@given(rows=histories(), values=parameters)
@settings(max_examples=30, deadline=None)
def test_the_gradient_is_that_of_the_likelihood(model, rows, values):
    theta = np.array(values[: len(model.parameters)])
    _value, gradient = model.log_likelihood(theta, rows)
    for i, value in enumerate(theta):
        step = 1e-5 * value
        ends = []
        for sign in (1, -1):
            moved = theta.copy()
            moved[i] += sign * step
            ends.append(model.log_likelihood(moved, rows)[0])
        slope = (ends[0] - ends[1]) / (2 * step)
        assert gradient[i] == pytest.approx(slope, rel=1e-4, abs=1e-4 * (1 + abs(ends[0]) / value))


@pytest.mark.parametrize("model", MODELS, ids=names)
@given(rows=histories(), values=parameters)
@settings(max_examples=30, deadline=None)
def test_probabilities_and_expectations_are_possible(model, rows, values):
    theta = np.array(values[: len(model.parameters)])
    alive = model.probability_alive(theta, rows)
    assert np.all((alive >= -1e-9) & (alive <= 1 + 1e-9))
    near, far = (model.expected_orders(theta, rows, horizon=h) for h in (10.0, 60.0))
    assert np.all((near >= -1e-12) & (far >= near - 1e-9))


@given(rows=histories(), values=parameters)
@settings(max_examples=30, deadline=None)
def test_one_event_a_purchase_is_the_plain_model(rows, values):
    r, alpha, a, b = values
    theta = np.array(values)
    x, tx, age = rows.frequency, rows.recency, rows.age
    beta = lambda p, q: gammaln(p) + gammaln(q) - gammaln(p + q)  # noqa: E731
    likelihood = (
        gammaln(r + x)
        - gammaln(r)
        + r * np.log(alpha)
        + np.logaddexp(
            beta(a, b + x + 1) - beta(a, b) - (r + x) * np.log(alpha + age),
            beta(a + 1, b + x) - beta(a, b) - (r + x) * np.log(alpha + tx),
        )
    )
    assert MbgCnbd(1).log_likelihood(theta, rows)[0] == pytest.approx(rows.weight @ likelihood, rel=1e-9)


@pytest.mark.parametrize(("r", "alpha", "s", "beta"), [(0.55, 10.6, 0.61, 11.7), (2.0, 5.0, 1.3, 90.0)])
@pytest.mark.parametrize(
    ("x", "tx", "age"), [(0, 0.0, 39.0), (3, 30.0, 38.9), (30, 20.0, 80.0), (7, 50.0, 50.0)]
)
def test_paretos_integral_is_the_hypergeometric_difference(r, alpha, s, beta, x, tx, age):
    """Schmittlein, Morrison and Colombo's form, as in Fader and Hardie (2005)."""
    n, low, high = r + s + x, min(alpha, beta), max(alpha, beta)
    second = s + 1 if alpha >= beta else r + x

    def part(t):
        return hyp2f1(n, second, n + 1, (high - low) / (high + t)) / (high + t) ** n

    with_two = np.log((alpha + age) ** -(r + x) * (beta + age) ** -s + s / n * (part(tx) - part(age)))
    rows = Histories(np.array([x]), np.array([tx]), np.array([age]), np.ones(1), np.zeros(1))
    ours = ParetoNbd().log_likelihood(np.array([r, alpha, s, beta]), rows)[0]
    constant = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta)
    assert ours == pytest.approx(constant + with_two, rel=1e-9)


@pytest.mark.parametrize(
    ("x", "tx", "age", "horizon"), [(0, 0.0, 30.0, 39.0), (4, 20.0, 39.0, 10.0), (26, 30.8, 31.0, 39.0)]
)
def test_the_series_is_the_closed_form_of_bg_nbd(x, tx, age, horizon):
    """Fader, Hardie and Lee (2005), equation 10."""
    r, alpha, a, b = theta = np.array([0.2426, 4.4137, 0.7930, 2.4262])
    rows = Histories(np.array([x]), np.array([tx]), np.array([age]), np.ones(1), np.zeros(1))
    z = horizon / (alpha + age + horizon)
    front = (a + b + x - 1) / (a - 1)
    body = 1 - ((alpha + age) / (alpha + age + horizon)) ** (r + x) * hyp2f1(r + x, b + x, a + b + x - 1, z)
    odds = a / (b + x - 1) * ((alpha + age) / (alpha + tx)) ** (r + x) if x else 0.0
    closed = front * body / (1 + odds)
    assert BgNbd().expected_orders(theta, rows, horizon=horizon)[0] == pytest.approx(closed, rel=1e-7)


def test_expected_orders_of_regular_buyers_agree_with_a_simulation():
    """A member waits in the second of three stages; its future is played 200,000 times."""
    rng = np.random.default_rng(7)
    theta = np.array([1.2, 3.0, 0.5, 4.0])
    rows = Histories(np.array([6]), np.array([55.0]), np.array([58.0]), np.ones(1), np.zeros(1))
    model = MbgCnbd(3)
    r, alpha, a, b = theta
    _left, stages = model._parts(theta, rows)
    weights = np.exp(np.array([stage[0] for stage in stages]))
    draws = 200_000
    stage = rng.choice(3, size=draws, p=weights / weights.sum())
    rate = rng.gamma(r + 18 + stage, 1 / (alpha + 58.0))
    leaves = rng.beta(a, b + 7, draws)
    bought = (stage + rng.poisson(rate * 40)) // 3
    stays = rng.geometric(leaves)
    simulated = np.minimum(bought, stays).mean() * model.probability_alive(theta, rows)[0]
    assert model.expected_orders(theta, rows, horizon=40.0)[0] == pytest.approx(simulated, rel=0.01)


def test_nbd_is_the_limit_without_drop_out():
    rows = grouped(
        frequency=np.array([0, 3, 9]), recency=np.array([0, 20.0, 50]), age=np.array([40.0, 40, 60])
    )
    nbd = Nbd().log_likelihood(np.array([0.7, 9.0]), rows)[0]
    assert MbgCnbd(1).log_likelihood(np.array([0.7, 9.0, 1e-9, 50.0]), rows)[0] == pytest.approx(
        nbd, abs=1e-6
    )
    regular = Nbd(3).log_likelihood(np.array([0.7, 9.0]), rows)[0]
    assert MbgCnbd(3).log_likelihood(np.array([0.7, 9.0, 1e-9, 50.0]), rows)[0] == pytest.approx(
        regular, abs=1e-6
    )
    plain = Nbd().expected_orders(np.array([0.7, 9.0]), rows, horizon=30)
    near = MbgCnbd(1).expected_orders(np.array([0.7, 9.0, 1e-9, 50.0]), rows, horizon=30)
    assert near == pytest.approx(plain, rel=1e-5)


def test_the_gradient_of_spend():
    purchases, average = np.array([1, 4, 9]), np.array([12.0, 30.0, 55.5])
    theta = np.array([6.0, 3.5, 15.0])
    gradient = spend_likelihood(theta, purchases=purchases, average=average)[1]
    for i in range(3):
        ends = []
        for sign in (1, -1):
            moved = theta.copy()
            moved[i] += sign * 1e-6
            ends.append(spend_likelihood(moved, purchases=purchases, average=average)[0])
        assert gradient[i] == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-5)


def test_the_likelihood_of_a_gap_integrates_to_one():
    """The density of the first repeat purchase plus the chance of none before T is one (k = 2)."""
    theta, age = np.array([1.1, 8.0, 0.9, 3.0]), 30.0
    model = MbgCnbd(2)

    def density(day):
        """Bought once, on that day, seen at that very moment: left at once or not."""
        rows = Histories(np.array([1]), np.array([day]), np.array([day]), np.ones(1), np.array([np.log(day)]))
        return np.exp(model.log_likelihood(theta, rows)[0])

    never = Histories(np.array([0]), np.array([0.0]), np.array([age]), np.ones(1), np.zeros(1))
    bought = quad(density, 0, age)[0]
    assert bought + np.exp(model.log_likelihood(theta, never)[0]) == pytest.approx(1.0, abs=1e-6)
