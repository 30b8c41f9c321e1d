"""The pages answer in both languages and lead from a file to its report; the API does the same."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from shuke.apps.connections.queries import batches_page
from shuke.platform.accounts.models import User
from shuke.platform.accounts.operations import issue_token
from shuke.platform.permissions import SYSTEM
from tests.apps.connections.test_importing import AT, GOOD, account  # noqa: F401 - a fixture

# What pages ask runs on PostgreSQL in tests/security/test_doors.py and tests/test_api_schema.py; texts are the same.
pytestmark = pytest.mark.once


@pytest.fixture
def client(account):  # noqa: F811
    user = User.objects.create(username="ann", role="marketer", created_at=AT)
    client = Client()
    client.force_login(user)
    return client


def upload_page(client, account, text: str = GOOD, kind: str = "orders"):  # noqa: F811
    file = SimpleUploadedFile("orders.csv", text.encode())
    return client.post("/imports/new/", {"file": file, "kind": kind, "account": account.id})


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_from_upload_to_report(client, account, language):  # noqa: F811
    User.objects.update(language=language)
    mapping = upload_page(client, account, GOOD.replace("20.50", "oops"))["Location"]
    page = client.get(mapping)
    assert page.status_code == 200
    columns = batches_page()[0][0].settings["columns"]
    report = client.post(mapping, {f"column:{name}": header for name, header in columns.items()})["Location"]
    assert ("隔离" in client.get(report).text) == (language == "zh-hans")
    client.post(f"{report}run/")
    for path in (
        report,
        f"{report}rejected/",
        "/imports/",
        "/imports/quality/",
        "/imports/accounts/",
        "/imports/new/",
    ):
        assert client.get(path).status_code == 200
    assert "oops" in client.get(f"{report}rejected.csv").content.decode()
    assert batches_page()[0][0].report.accepted == 2


def test_a_wrong_file_is_explained_on_the_form(client, account):  # noqa: F811
    answer = upload_page(client, account, "")
    assert answer.status_code == 422
    answer = upload_page(client, account, "%PDF-1.7")
    assert (answer.status_code, batches_page()[1]) == (422, 0)
    assert "PDF" in answer.text


@pytest.mark.once
def test_who_names_a_new_account_means_one(client):
    """Nothing chosen in the list above it: the file is taken, and not sent back for want of an account."""
    file = SimpleUploadedFile("orders.csv", GOOD.encode())
    answer = client.post("/imports/new/", {"file": file, "kind": "orders", "new_account": "A second till"})
    assert answer.status_code == 302
    assert batches_page()[0][0].account == "A second till"


def test_a_mapping_without_what_is_needed_stays_on_the_form(client, account):  # noqa: F811
    mapping = upload_page(client, account)["Location"]
    answer = client.post(mapping, {"column:order_no": "order id"})
    assert answer.status_code == 422


def test_viewers_see_reports_but_cannot_import(client, account):  # noqa: F811
    User.objects.update(role="viewer")
    assert client.get("/imports/").status_code == 200
    assert client.get("/imports/new/").status_code == 403
    assert upload_page(client, account).status_code == 403


def test_the_api_imports_and_tells(client, account):  # noqa: F811
    user = User.objects.get()
    scopes = ["imports.view", "imports.edit"]
    issued = issue_token(actor=SYSTEM, at=AT, owner_id=user.public_id, name="till", scopes=scopes)
    headers = {"Authorization": f"Bearer {issued.secret}"}
    file = SimpleUploadedFile("orders.csv", GOOD.encode())
    form = {"file": file, "account": account.id, "kind": "orders", "run": "true"}
    answer = Client().post("/api/v1/imports", form, headers=headers)
    assert answer.status_code == 201, answer.text
    found = Client().get(f"/api/v1/imports/{answer.json()['id']}", headers=headers).json()
    assert (found["state"], found["report"]["accepted"]) == ("done", 3)
    wrong = Client().post(
        "/api/v1/imports", form | {"file": SimpleUploadedFile("x.csv", b"%PDF-1")}, headers=headers
    )
    assert (wrong.status_code, wrong.json()["code"]) == (422, "not_a_table")
