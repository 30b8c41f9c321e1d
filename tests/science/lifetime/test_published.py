"""CDNOW: every published parameter, likelihood and forecast to the digits given."""

import numpy as np
import pytest

from shuke.science.lifetime.bg_nbd import BgNbd
from shuke.science.lifetime.fitting import fit
from shuke.science.lifetime.mbg_cnbd import MbgCnbd
from shuke.science.lifetime.pareto_nbd import ParetoNbd
from shuke.science.lifetime.spend import fit_spend


# The published search for the Pareto/NBD stopped 0.00003 below the maximum, which moves β by one part in a thousand.
@pytest.mark.parametrize(
    ("model", "parameters", "likelihood", "orders_39_weeks", "tolerance"),
    [
        (BgNbd(), (0.2426, 4.4137, 0.7930, 2.4262), -9582.429, 1653.4, 2e-4),
        (MbgCnbd(1), (0.5248, 6.1831, 0.8914, 1.6140), -9582.136, 1576.7, 2e-4),
        (ParetoNbd(), (0.5534, 10.5802, 0.6061, 11.6562), -9594.976, 1665.4, 1.5e-3),
    ],
    ids=["bg_nbd", "mbg_nbd", "pareto_nbd"],
)
def test_the_published_fit_is_found(cdnow, model, parameters, likelihood, orders_39_weeks, tolerance):
    found = fit(model, cdnow)
    assert found.log_likelihood == pytest.approx(likelihood, abs=5e-4)
    assert tuple(found.theta) == pytest.approx(parameters, rel=tolerance)
    # The published forecasts are those of the published, rounded parameters.
    expected = cdnow.weight @ model.expected_orders(np.array(parameters), cdnow, horizon=39)
    assert expected == pytest.approx(orders_39_weeks, abs=0.06)
    best = cdnow.weight @ model.expected_orders(found.theta, cdnow, horizon=39)
    assert best == pytest.approx(orders_39_weeks, rel=1e-4)
    assert found.at_bound == ()


def test_2357_customers_are_1016_rows(cdnow):
    assert cdnow.members == 2357
    assert len(cdnow.frequency) == 1016


def test_the_published_spend_is_found(cdnow_members):
    buyers = cdnow_members.filter((cdnow_members["frequency"] > 0) & (cdnow_members["spend_minor"] > 0))
    purchases = buyers["frequency"].to_numpy().astype(np.int64)
    found = fit_spend(purchases=purchases, average=buyers["spend_minor"].to_numpy() / 100 / purchases)
    assert found.members == 946
    assert (found.p, found.q, found.gamma) == pytest.approx((6.2493, 3.7443, 15.4443), rel=1e-4)
    assert found.log_likelihood == pytest.approx(-4055.918, abs=5e-4)
    # Fader and Hardie's note: the population's mean purchase is 35.2 dollars.
    assert found.population_mean == pytest.approx(35.17, abs=0.05)


def test_cdnow_has_no_regularity(cdnow):
    likelihoods = [fit(MbgCnbd(k), cdnow).log_likelihood for k in (1, 2, 3)]
    assert likelihoods == sorted(likelihoods, reverse=True)
