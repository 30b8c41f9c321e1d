"""The demonstration's slots."""

import pytest

from shuke.apps.recommendations.queries.slots import slots
from shuke.demo.slots import make_slots
from tests.apps.recommendations.slot_shop import AT


@pytest.mark.once
def test_five_slots_go_live_once(db):
    make_slots(at=AT)
    first = slots()
    assert {view.code for view in first} == {"for-you", "basket", "similar", "bring-back", "discover"}
    assert {view.state for view in first} == {"live"}
    assert all(view.rules.minimum_ages["BEERS/ALES"] == 21 for view in first)
    by_code = {view.code: view for view in first}
    assert by_code["for-you"].experiment_id
    assert by_code["discover"].rules.new_places == by_code["discover"].places
    make_slots(at=AT)
    assert slots() == first
