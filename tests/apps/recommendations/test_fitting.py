"""Bundles as they are fitted: in a process of their own, served when whole, kept three, switched by hand."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
from django.test import Client
from typer.testing import CliRunner

from shuke.apps.recommendations.adapters.bundle_files import verify, write_bundle
from shuke.apps.recommendations.models import BundleRecord
from shuke.apps.recommendations.operations import fitting
from shuke.apps.recommendations.operations.apart import ProcessFailed
from shuke.apps.recommendations.operations.bundle_keeping import activate_bundle, prune_bundles
from shuke.apps.recommendations.operations.fit_process import Order, fit_files
from shuke.apps.recommendations.operations.fitting import change_bundle_settings, fit_bundle
from shuke.apps.recommendations.queries.bundles import (
    bundle_root,
    bundle_settings,
    bundles,
    member_items,
    serving_bundle,
)
from shuke.apps.recommendations.schemas import BundleSettings
from shuke.platform.accounts.models import User
from shuke.platform.errors import Refused
from shuke.platform.jobs import Cancelled
from shuke.platform.locks import Busy, exclusive
from shuke.platform.permissions import SYSTEM
from shuke.platform.privacy import Trace, export_all, sweepers
from shuke.science.recommendations.bundle_fitting import QUICK, FitSettings
from tests.apps.recommendations.small_bundles import small_bundle, small_history
from tests.apps.recommendations.town import AT, YESTERDAY, put, settle

SMALL = small_bundle(small_history(members=12, items=20, baskets=4), depth=15)
FAST = FitSettings(strategies=QUICK, depth=20, neighbours=10, threads=1)


@pytest.fixture
def _town(db, lake_home) -> None:
    settle()


def ready(number: int) -> BundleRecord:
    """A bundle that was fitted some days ago, without fitting it."""
    row = BundleRecord.objects.create(
        as_of=YESTERDAY - timedelta(days=number), built_at=AT - timedelta(days=number), state="ready"
    )
    write_bundle(bundle_root() / row.public_id, replace(SMALL, id=row.public_id))
    return row


@pytest.mark.once
@pytest.mark.usefixtures("_town")
def test_everything_is_fitted_served_and_told() -> None:
    change_bundle_settings(
        actor=SYSTEM, at=AT, settings=BundleSettings(left_out_departments=["Other"], minimum_count=3)
    )
    told: list[tuple[int, int, str]] = []
    view = fit_bundle(at=AT, as_of=YESTERDAY, report=lambda *said: told.append(said))
    served = serving_bundle()
    assert (view.state, view.is_active, served.id) == ("ready", True, view.id)
    assert {str(i)[:6] for i in served.item_ids} == {"staple"}
    assert set(served.lists) == {
        "personal-frequency", "up-cf", "item-knn-tf-idf", "replenishment-due", "repeat-ranker", "fusion",
        "discovery", "ease", "als",
    }  # fmt: skip
    assert set(served.neighbours) == {"similar", "complements"}
    assert {"all", "store:s1"} <= set(served.popular)
    assert served.factors.shape == (12, 64)
    # Everybody's staples are what comes next, whoever is asked.
    number = served.member_number("mem_p03")
    first = served.lists["personal-frequency"].items[number, :2]
    assert {str(served.item_ids[i]) for i in first} == {"staple03", "staple04"}
    new = served.lists["discovery"].items[number]
    assert not {3, 4} & set(new.tolist())
    assert view.members == 40
    assert view.peak_bytes > 50_000_000
    assert view.seconds > 0
    assert [step for _, _, step in told][-1] == "files"
    assert {said[1] for said in told if said[2]} == {17}
    assert view.left_out_departments == ["Other"]
    manifest = served.manifest
    assert set(manifest["versions"]) >= {"numpy", "lightgbm"}
    assert manifest["parameters"]["minimum_count"] == 3
    assert not [words for words in _below() if "spawn_main" in words]


def _below() -> Iterator[str]:
    """The commands of all processes below this one; some are another test's and end while they are asked."""
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            yield " ".join(process.cmdline())


@pytest.mark.once
@pytest.mark.usefixtures("_town")
def test_the_same_lake_and_day_give_the_same_lists(tmp_path: Path, settings) -> None:
    said = []
    for name in ("one", "other"):
        order = Order(tmp_path / name, str(settings.LAKE_ROOT), YESTERDAY, "UTC", (), FAST)
        found = fit_files(order, tell=lambda *_told: None)
        said.append({file: told["sha256"] for file, told in found["files"].items()})
    assert said[0] == said[1]


@pytest.mark.django_db
@pytest.mark.usefixtures("lake_home")
def test_a_lake_without_purchases_is_refused_and_the_reason_kept() -> None:
    with pytest.raises(Refused, match="Import orders") as refusal:
        fit_bundle(at=AT, as_of=YESTERDAY)
    assert refusal.value.code == "not_enough"
    [row] = bundles().items
    assert (row.state, row.problem, row.is_kept) == ("failed", "not_enough", False)
    assert serving_bundle() is None


@pytest.mark.django_db
@pytest.mark.usefixtures("lake_home")
def test_a_day_that_is_not_over_is_refused() -> None:
    with pytest.raises(Refused, match="whole days"):
        fit_bundle(at=AT, as_of=AT.date())
    assert bundles().total == 0


@pytest.mark.once
@pytest.mark.usefixtures("_town")
def test_a_vocabulary_that_nothing_reaches_is_refused_by_the_child(monkeypatch) -> None:
    before = ready(1)
    activate_bundle(actor=SYSTEM, at=AT, bundle_id=before.public_id)
    change_bundle_settings(actor=SYSTEM, at=AT, settings=BundleSettings(minimum_count=300))
    with pytest.raises(Refused, match="least number of baskets"):
        fit_bundle(at=AT, as_of=YESTERDAY, settings=FAST)
    assert bundles().items[0].problem == "not_enough"
    assert serving_bundle().id == before.public_id
    # With more than there are orders, no process is started at all.
    change_bundle_settings(actor=SYSTEM, at=AT, settings=BundleSettings(minimum_count=900))
    monkeypatch.setattr(fitting, "fit_in_child", None)
    with pytest.raises(Refused, match="least number of baskets"):
        fit_bundle(at=AT, as_of=YESTERDAY, settings=FAST)


@pytest.mark.usefixtures("_town")
def test_a_killed_child_leaves_what_was_served() -> None:
    before = ready(1)
    activate_bundle(actor=SYSTEM, at=AT, bundle_id=before.public_id)

    def kill(_done: int, _total: int, now: str) -> None:
        # Early: a quick child would be done before a busy parent has read what it said.
        if now == "purchases":
            for child in multiprocessing.active_children():
                os.kill(child.pid, signal.SIGKILL)

    with pytest.raises(ProcessFailed, match="memory"):
        fit_bundle(at=AT, as_of=YESTERDAY, settings=FAST, report=kill)
    assert serving_bundle().id == before.public_id
    row = bundles().items[0]
    assert row.state == "failed"
    assert "memory" in row.problem
    assert multiprocessing.active_children() == []


@pytest.mark.usefixtures("_town")
def test_a_cancelled_job_takes_its_child_along() -> None:
    def cancel(_done: int, _total: int, step: str) -> None:
        if step == "purchases":
            raise Cancelled

    with pytest.raises(Cancelled):
        fit_bundle(at=AT, as_of=YESTERDAY, settings=FAST, report=cancel)
    assert multiprocessing.active_children() == []
    assert bundles().items[0].problem == "Cancelled"


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("lake_home")
def test_two_are_not_fitted_at_once() -> None:
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        from django.db import connection

        with exclusive("bundle fit"):
            held.set()
            done.wait(300)
        connection.close()

    other = threading.Thread(target=hold)
    other.start()
    try:
        assert held.wait(300)
        with pytest.raises(Busy):
            fit_bundle(at=AT, as_of=YESTERDAY)
    finally:
        done.set()
        other.join()
    assert bundles().total == 0


@pytest.mark.django_db
@pytest.mark.usefixtures("lake_home")
def test_what_a_dead_worker_left_is_told_as_interrupted() -> None:
    left = BundleRecord.objects.create(as_of=YESTERDAY, built_at=AT)
    (bundle_root() / f".writing-{left.public_id}").mkdir(parents=True)
    with pytest.raises(Refused):
        fit_bundle(at=AT, as_of=YESTERDAY)
    left.refresh_from_db()
    assert (left.state, left.problem) == ("failed", "interrupted")
    assert list(bundle_root().glob(".writing-*")) == []


@pytest.mark.django_db
@pytest.mark.usefixtures("lake_home")
def test_three_are_kept_the_served_one_always() -> None:
    rows = [ready(number) for number in range(5)]
    oldest = rows[-1]
    activate_bundle(actor=SYSTEM, at=AT, bundle_id=oldest.public_id)
    assert prune_bundles() == 2
    kept = {row.id for row in bundles().items if row.is_kept}
    assert kept == {rows[0].public_id, rows[1].public_id, oldest.public_id}
    assert {row.state for row in bundles().items if not row.is_kept} == {"removed"}
    assert serving_bundle().id == oldest.public_id


@pytest.mark.django_db
@pytest.mark.usefixtures("lake_home")
def test_a_damaged_bundle_is_not_switched_to() -> None:
    good, bad = ready(1), ready(0)
    activate_bundle(actor=SYSTEM, at=AT, bundle_id=good.public_id)
    (bundle_root() / bad.public_id / "item_ids.npy").write_bytes(b"")
    with pytest.raises(Refused, match="damaged") as refusal:
        activate_bundle(actor=SYSTEM, at=AT, bundle_id=bad.public_id)
    assert "item_ids.npy" in refusal.value.details["problem"]
    assert serving_bundle().id == good.public_id
    with pytest.raises(Refused, match="no such bundle"):
        activate_bundle(actor=SYSTEM, at=AT, bundle_id="bdl_none")


@pytest.mark.django_db
@pytest.mark.usefixtures("lake_home")
def test_an_erased_member_leaves_every_kept_bundle() -> None:
    rows = [ready(number) for number in range(2)]
    activate_bundle(actor=SYSTEM, at=AT, bundle_id=rows[0].public_id)
    who, merged = str(SMALL.member_ids[4]), str(SMALL.member_ids[7])
    assert export_all(who)["recommendations"]["lists"]["popularity"]
    trace = Trace(who, person_keys=(merged, "key"))
    assert sweepers()["recommendations"]((trace,), AT) == 2
    for row in rows:
        found = verify(bundle_root() / row.public_id)
        assert {found.member_number(who), found.member_number(merged)} == {-1}
        assert found.member_number(str(SMALL.member_ids[5])) == 5
    assert member_items(who) == {}
    assert sweepers()["recommendations"]((trace,), AT) == 0


@pytest.mark.usefixtures("_town")
def test_who_was_erased_while_it_was_fitted_is_not_in_it(monkeypatch) -> None:
    def fit_and_erase(order, *, tell):
        found = fit_files(order, tell=tell)
        put("identity_map", [{"person_key": "p03", "member_id": "mem_p04", "valid_from": AT}])
        return found

    monkeypatch.setattr(fitting, "fit_in_child", fit_and_erase)
    fit_bundle(at=AT, as_of=YESTERDAY, settings=FAST)
    assert serving_bundle().member_number("mem_p03") == -1
    assert serving_bundle().member_number("mem_p04") >= 0


@pytest.fixture
def client(db, lake_home) -> Client:
    signed = Client()
    signed.force_login(User.objects.create(username="ann", role="marketer", created_at=AT))
    return signed


def test_the_page_says_what_to_do_first_and_switches_later(client: Client) -> None:
    assert "Nothing is fitted yet" in client.get("/recommendations/bundles/").content.decode()
    old, new = ready(1), ready(0)
    activate_bundle(actor=SYSTEM, at=AT, bundle_id=new.public_id)
    page = client.get("/recommendations/bundles/").content.decode()
    assert "Served now" in page
    assert f"/recommendations/bundles/{old.public_id}/serve/" in page
    client.post(f"/recommendations/bundles/{old.public_id}/serve/")
    assert serving_bundle().id == old.public_id
    answer = client.post("/recommendations/bundles/bdl_none/serve/", follow=True)
    assert "There is no such bundle" in answer.content.decode()


def test_settings_are_saved_and_checked(client: Client) -> None:
    put("products", [{"product_id": "f", "department": "Fuel"}])
    address = "/recommendations/bundles/settings/"
    client.post(address, {"left_out_departments": ["Fuel"], "minimum_count": 4})
    assert bundle_settings() == BundleSettings(left_out_departments=["Fuel"], minimum_count=4)
    wrong = client.post(address, {"left_out_departments": ["No such"], "minimum_count": 0})
    assert wrong.status_code == 200
    assert bundle_settings().minimum_count == 4


def test_the_api_lists_fits_and_activates(client: Client) -> None:
    row = ready(0)
    listed = client.get("/api/v1/recommendations/bundles").json()
    assert [found["id"] for found in listed["items"]] == [row.public_id]
    answer = client.post(f"/api/v1/recommendations/bundles/{row.public_id}/activate")
    assert answer.json()["is_active"]
    assert client.post("/api/v1/recommendations/bundles/bdl_none/activate").status_code == 404
    (bundle_root() / row.public_id / "manifest.json").write_text("{")
    refused = client.post(f"/api/v1/recommendations/bundles/{row.public_id}/activate")
    assert (refused.status_code, refused.json()["code"]) == (409, "bundle_unfit")
    # Jobs run at once in tests, so that the refusal of the empty lake comes back.
    assert client.post("/api/v1/recommendations/bundles/fit").json()["code"] == "not_enough"


@pytest.mark.django_db
@pytest.mark.usefixtures("lake_home")
def test_commands_list_and_activate() -> None:
    from shuke.apps.recommendations.management.cli import cli

    row = ready(0)
    runner = CliRunner()
    assert runner.invoke(cli, ["activate", row.public_id]).exit_code == 0
    [told] = json.loads(runner.invoke(cli, ["bundles", "--json"]).stdout)
    assert (told["id"], told["is_active"]) == (row.public_id, True)
    wrong = runner.invoke(cli, ["activate", "bdl_none"])
    assert wrong.exit_code == 1
    assert "no such bundle" in wrong.stderr
    assert runner.invoke(cli, ["fit"]).exit_code == 1
