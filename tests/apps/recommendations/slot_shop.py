"""A shop with members, a bundle that is served, and people who may look or edit."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import numpy as np
from django.test import Client

from shuke.apps.members.operations import create_members
from shuke.apps.members.schemas import MemberProfile
from shuke.apps.recommendations.adapters.bundle_files import activate, write_bundle
from shuke.platform.accounts.operations import create_user
from shuke.platform.clock import now
from shuke.platform.permissions import SYSTEM
from shuke.science.recommendations.bundles import Bundle
from tests.apps.recommendations.small_bundles import small_bundle

AT = datetime(2026, 3, 2, 4, tzinfo=UTC)
PASSWORD = "a password of ten"


@cache
def _made() -> Bundle:
    return small_bundle()


def serve_bundle(root: Path) -> Bundle:
    """Forty members with names, and the bundle that knows them."""
    profiles = [MemberProfile(name=f"Person {number:02d}") for number in range(40)]
    refs = create_members(at=AT, source="test", profiles=profiles)
    ids = np.array(sorted(ref.public_id for ref in refs))
    bundle = replace(_made(), member_ids=ids)
    write_bundle(root / bundle.id, bundle)
    activate(root, bundle.id)
    return bundle


def signed_in(role: str) -> Client:
    """A client of somebody with that role."""
    create_user(actor=SYSTEM, at=now(), username=role, password=PASSWORD, role=role)
    client = Client()
    assert client.login(username=role, password=PASSWORD)
    return client


def form_of(**given: object) -> dict[str, object]:
    """What the page of a slot sends."""
    return {
        "name": "For you",
        "code": "for-you",
        "about": "member",
        "places": "6",
        "arm_name": [""],
        "arm_strategy": ["personal-frequency"],
        "arm_weight": ["1"],
        "fallbacks": ["popularity", "", ""],
        "cap": "2",
        "diversity_percent": "5",
        "new_places": "0",
        "explore_percent": "0",
        "margin_percent": "0",
        "rest_percent": "50",
    } | given
