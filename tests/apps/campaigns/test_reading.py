"""What the report calls clear."""

import pytest

from shuke.apps.campaigns.schemas import CampaignReport
from shuke.apps.measurement.schemas import EffectReport, MoneyRange


@pytest.mark.parametrize(
    ("bounds", "is_clear"),
    [
        ((1, 9), True),
        ((-9, -1), True),
        ((-1, 9), False),
        ((0, 9), False),
        ((None, None), False),
        (None, False),
    ],
)
def test_an_effect_is_clear_when_its_interval_leaves_out_nil(bounds, is_clear):
    earned = MoneyRange.model_construct(lower_minor=bounds[0], upper_minor=bounds[1]) if bounds else None
    report = CampaignReport.model_construct(effect=EffectReport.model_construct(incremental_revenue=earned))
    assert report.is_effect_clear is is_clear
