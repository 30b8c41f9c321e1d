"""What to offer next, on the page of a member; and questions that nobody should ask."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shuke.apps.members.operations import create_members
from shuke.apps.members.schemas import MemberProfile
from shuke.apps.recommendations.adapters.bundle_files import activate, write_bundle
from shuke.apps.recommendations.operations.slots import create_slot, go_live, pause
from shuke.apps.recommendations.schemas import SlotInput
from shuke.platform.clock import now
from shuke.platform.permissions import SYSTEM
from tests.apps.recommendations.slot_shop import signed_in
from tests.apps.recommendations.small_bundles import small_bundle

HOSTILE = "<img src=x onerror=alert(1)>{{ 7*7 }}"


@pytest.fixture
def member(db: Any, lake_home: Path, tmp_path: Path, settings: Any) -> str:
    settings.BUNDLE_ROOT = str(tmp_path / "recommendations")
    (ref,) = create_members(at=now(), source="test", profiles=[MemberProfile(name="Ann Lee")])
    return ref.public_id


def fitted(root: Path, member_id: str) -> None:
    """A bundle whose first member it is, and whose products have hostile names."""
    made = small_bundle()
    names = np.array([f"{HOSTILE} {number}" for number in range(len(made.item_ids))])
    ids = np.array(sorted([member_id, *(f"mem_{number:016d}" for number in range(39))]))
    goods = dataclasses.replace(made.goods, names=names)
    write_bundle(root / made.id, dataclasses.replace(made, member_ids=ids, goods=goods))
    activate(root, made.id)


def made_slot(code: str = "for-you", **facts: Any) -> None:
    given = {"name": "For you", "arms": [{"name": "only", "strategy": "personal-frequency"}]} | facts
    create_slot(actor=SYSTEM, at=now(), slot=SlotInput(code=code, **given))


def test_the_panel_says_what_to_do_next_until_there_is_something_to_offer(
    member: str, tmp_path: Path
) -> None:
    client, address = signed_in("marketer"), f"/members/{member}/"

    def page(query: str = "") -> str:
        answer = client.get(address + query)
        assert answer.status_code == 200
        return answer.content.decode()

    assert "There is no recommendation slot for members yet." in page()
    made_slot("cart", about="basket", arms=[{"name": "only", "strategy": "complements"}])
    assert "There is no recommendation slot for members yet." in page()
    made_slot()
    assert '<a href="/recommendations/slots/for-you/">Let one go live</a>' in page()
    go_live(actor=SYSTEM, at=now(), code="for-you")
    assert "recommends nothing to this member" in page()
    fitted(tmp_path / "recommendations", member)
    shown = page()
    assert f'href="/recommendations/slots/for-you/?member={member}"' in shown
    assert shown.count("&lt;img src=x onerror=alert(1)&gt;{{ 7*7 }}") == 5
    assert "<img src=x" not in shown
    made_slot("again", name="Another", places=2)
    go_live(actor=SYSTEM, at=now(), code="again")
    assert page("?offer=again").count("onerror") == 2
    assert page("?offer=nothing").count("onerror") in {2, 5}
    pause(actor=SYSTEM, at=now(), code="for-you")
    assert page("?offer=for-you").count("onerror") == 2


def test_a_question_that_names_something_twice_is_refused(member: str) -> None:
    made_slot("cart", about="basket", arms=[{"name": "only", "strategy": "complements"}])
    go_live(actor=SYSTEM, at=now(), code="cart")
    client = signed_in("administrator")
    address = "/api/v1/recommendations/cart"
    refused = client.get(f"{address}?basket=p001&basket=p002&places=2")
    assert refused.status_code == 422
    assert list(refused.json()["details"]) == ["basket"]
    assert client.get(f"{address}?basket=p001,p002&places=2").status_code == 200
