"""Pages and API of data quality, in both languages, for those who may and those who may not."""

from datetime import UTC, datetime

import pytest
from django.test import Client

from shuke.apps.connections.models import ImportBatch
from shuke.apps.quality.models import Correction, Issue
from shuke.apps.quality.operations import check_quality
from shuke.platform.accounts.models import User
from tests.apps.quality.test_quality import AT, HEADER, ODD, PLAIN, TWICE, account, bring  # noqa: F401 - a fixture
from tests.sources.files import platform_samples as samples

# What pages ask runs on PostgreSQL in tests/security/test_doors.py and tests/test_api_schema.py; texts are the same.
pytestmark = pytest.mark.once

BROKEN = ",1,2026-05-22 10:00,C3,P,Tea,1,11,11\n"


def signed_in(role: str) -> Client:
    user = User.objects.create(username=role, role=role, created_at=datetime(2026, 1, 1, tzinfo=UTC))
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_page_answers(account, language):  # noqa: F811
    client = signed_in("administrator")
    User.objects.update(language=language)
    empty = client.get("/quality/")
    assert "/imports/new/" in empty.text
    bring(account, HEADER + PLAIN + ODD + TWICE + BROKEN)
    check_quality(at=AT)
    for path in ("", "issues/", "issues/?rule=far_price", "issues/?state=ignored", "corrections/"):
        answer = client.get(f"/quality/{path}")
        assert answer.status_code == 200
        assert ("质量" in answer.text) == (language == "zh-hans")
    for row in Issue.objects.all():
        assert client.get(f"/quality/issues/{row.public_id}/").status_code == 200


def test_settling_an_issue_leads_to_the_next(account):  # noqa: F811
    client = signed_in("analyst")
    bring(account, HEADER + PLAIN + ODD)
    check_quality(at=AT)
    price = Issue.objects.get(rule="far_price")
    wrong = client.post(f"/quality/issues/{price.public_id}/correct/", {"value": "12.345"})
    assert (wrong.status_code, Correction.objects.count()) == (422, 0)
    answer = client.post(f"/quality/issues/{price.public_id}/correct/", {"value": "1,2.50"})
    assert answer.url == f"/quality/issues/{Issue.objects.get(rule='far_quantity').public_id}/"
    shown = client.get("/quality/corrections/").text
    assert "CN¥12.50" in shown or "¥12.50" in shown
    back = client.post(f"/quality/corrections/{Correction.objects.get().public_id}/revert/", follow=True)
    assert back.status_code == 200
    price.refresh_from_db()
    assert price.state == "open"
    client.post(f"/quality/issues/{price.public_id}/decide/", {"decision": "ignored"})
    price.refresh_from_db()
    assert price.state == "ignored"


def test_viewers_look_and_touch_nothing(account):  # noqa: F811
    client = signed_in("viewer")
    bring(account, HEADER + PLAIN + ODD)
    check_quality(at=AT)
    row = Issue.objects.first()
    assert "decision" not in client.get(f"/quality/issues/{row.public_id}/").text
    for path, data in (("decide", {"decision": "ignored"}), ("correct", {"value": "1"})):
        assert client.post(f"/quality/issues/{row.public_id}/{path}/", data).status_code == 403
    assert client.post("/quality/check/").status_code == 403
    assert client.get("/quality/issues/nothing/").status_code == 404


def test_a_newcomer_brings_an_export_in_three_clicks(account, settings):  # noqa: F811
    """Choose the file, upload, take in: nothing else is asked."""
    from django.core.files.uploadedfile import SimpleUploadedFile

    client = signed_in("administrator")
    file = SimpleUploadedFile("export.csv", samples.JD_ORDERS.encode("gbk"))
    answer = client.post("/imports/new/", {"file": file, "kind": "", "account": ""}, follow=True)
    view = ImportBatch.objects.latest("pk")
    assert (answer.redirect_chain[-1][0], view.state) == (f"/imports/{view.public_id}/", "checked")
    assert "JD: orders" in answer.text
    client.post(f"/imports/{view.public_id}/run/")
    view.refresh_from_db()
    assert (view.state, view.report["accepted"]) == ("done", 3)
