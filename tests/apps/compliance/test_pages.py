"""The preference centre, the pages of privacy, and who may open them."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from shuke.apps.compliance.models import ConsentAsk, RetentionRule
from shuke.apps.compliance.operations import record_consents, save_ask, save_brand
from shuke.apps.compliance.queries import consents_of, decisions_of, suppressed_addresses
from shuke.apps.compliance.queries.erasures import erasures_page
from shuke.apps.compliance.queries.preferences import preference_link, preference_token
from shuke.apps.compliance.schemas import Decision
from shuke.apps.members.operations import create_members, mark_merged
from shuke.apps.members.schemas import MemberProfile
from shuke.platform.accounts.models import User
from shuke.platform.accounts.operations import create_user
from shuke.platform.audit.models import AuditEntry
from shuke.platform.clock import now
from shuke.platform.permissions import ROLES, SYSTEM
from shuke.web.labels import choices_of
from shuke.web.verbs import verb_in_words

# What pages ask runs on PostgreSQL in tests/security/test_doors.py and tests/test_api_schema.py; texts are the same.
pytestmark = [pytest.mark.django_db, pytest.mark.once]
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
PAGES = ["/privacy/", "/privacy/looks/", "/privacy/addresses/", "/privacy/consents/", "/privacy/retention/"]


@pytest.fixture
def client_of(db, lake_home):
    def sign_in(role, language="en"):
        view = create_user(
            actor=SYSTEM, at=now(), username=role, password="correct horse 9", role=role, language=language
        )
        client = Client()
        client.force_login(User.objects.get(public_id=view.id))
        return client

    return sign_in


@pytest.fixture
def ann(db):
    (ref,) = create_members(at=AT, source="t", profiles=[MemberProfile(name="Ann Lee", language="en")])
    return ref.public_id


@pytest.fixture
def asked(db):
    """Two consents of which one is of a brand."""
    save_brand(actor=SYSTEM, at=AT, code="fresh", name="Fresh & Co")
    texts = {"en": "Offers by <b>email</b>.", "zh-hans": "通过邮件发送优惠。"}
    one = save_ask(actor=SYSTEM, at=AT, channel="email", purpose="marketing", texts=texts)
    two = save_ask(
        actor=SYSTEM,
        at=AT,
        channel="sms",
        purpose="marketing",
        brand="fresh",
        texts={"en": "Texts of Fresh."},
    )
    return one, two


class TestPreferenceCentre:
    def address(self, member_id):
        return f"/p/{preference_token(member_id)}/"

    def test_it_opens_without_signing_in_and_changes_nothing_by_itself(self, ann, asked):
        page = Client().get(self.address(ann))
        assert page.status_code == 200
        assert "Offers by &lt;b&gt;email" in page.text
        assert "Fresh &amp; Co" in page.text
        assert not re.search(r"\bAnn\b", page.text), "as a word: tokens of forms hold any letters"
        assert consents_of(ann) == []
        assert not re.search(r"\sstyle=|\son\w+=|<style|<script", page.text)

    def test_what_is_ticked_is_granted_with_its_text_and_only_changes_are_written(self, ann, asked):
        client = Client(enforce_csrf_checks=True)
        token = client.get(self.address(ann)).context["csrf_token"]
        for _repeat in range(2):
            client.post(self.address(ann), {"granted": [asked[0]], "csrfmiddlewaretoken": str(token)})
        (decision,) = decisions_of(ann)
        assert (decision.state, decision.source, decision.language) == ("granted", "preference_centre", "en")
        assert decision.wording == "Offers by <b>email</b>."
        later = client.post(self.address(ann), {"csrfmiddlewaretoken": str(token)})
        assert later.status_code == 200
        assert [view.state for view in consents_of(ann)] == ["withdrawn"]

    def test_one_click_stops_everything_also_what_is_not_shown(self, ann, asked):
        told = [("push", ""), ("email", "fresh")]
        decisions = [Decision(ann, c, "marketing", "granted", AT, "t", brand=b) for c, b in told]
        record_consents(actor=SYSTEM, at=AT, decisions=decisions)
        page = Client().post(self.address(ann), {"act": "leave"})
        assert "You get nothing from us any more" in page.text
        assert {view.state for view in consents_of(ann)} == {"withdrawn"}

    def test_it_speaks_the_member_s_language_and_others(self, asked):
        (ref,) = create_members(at=AT, source="t", profiles=[MemberProfile(language="zh-hans")])
        address = self.address(ref.public_id)
        assert "通过邮件发送优惠" in Client().get(address).text
        assert "Offers by" in Client().get(f"{address}?language=en").text

    def test_a_forged_link_and_a_forgotten_member_show_nothing(self, ann):
        token = preference_token(ann)
        for wrong in (token[:-2] + "xx", "mem_x", f"{token}x"):
            assert Client().get(f"/p/{wrong}/").status_code == 404
        assert ann not in preference_link(ann)

    def test_a_merged_member_s_link_leads_to_who_speaks_for_them(self, ann, asked):
        (other,) = create_members(at=AT, source="t", profiles=[MemberProfile()])
        mark_merged(at=AT, member_id=ann, into_id=other.public_id)
        Client().post(self.address(ann), {"granted": [asked[0]]})
        assert [view.state for view in consents_of(other.public_id)] == ["granted"]


@pytest.mark.parametrize("role", sorted(ROLES))
def test_pages_open_for_those_who_may(client_of, role):
    client = client_of(role)
    wanted = 200 if "privacy.view" in ROLES[role] else 403
    assert {client.get(address).status_code for address in PAGES} == {wanted}


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_pages_show_their_contents(client_of, ann, asked, language):
    client = client_of("privacy_officer", language)
    client.post(f"/members/{ann}/erase/", {"when": "night"})
    client.post(f"/members/{ann}/export/")
    client.post(
        "/privacy/addresses/", {"address": "bo@example.com", "channel": "email", "reason": "complained"}
    )
    pages = {address: client.get(address).text for address in [*PAGES, "/privacy/retention/?count=1"]}
    assert ann in pages["/privacy/"]
    assert ann in pages["/privacy/looks/"]
    assert "b***@example.com" in pages["/privacy/addresses/"]
    assert "Fresh &amp; Co" in pages["/privacy/consents/"]
    assert ("等待夜间执行" if language == "zh-hans" else "Waits for the night") in pages["/privacy/"]
    assert ("会员：已导出" if language == "zh-hans" else "Member: handed out") in pages["/privacy/looks/"]
    for page in pages.values():
        assert not re.search(r"\sstyle=|\son\w+=|<style", page)


def test_an_erasure_is_asked_for_and_taken_back(client_of, ann):
    client = client_of("privacy_officer")
    client.post(f"/members/{ann}/erase/", {"when": "night"})
    (row,) = erasures_page()[0]
    client.post(f"/privacy/erasures/{row.id}/cancel/")
    assert erasures_page()[0][0].step == "cancelled"
    assert client.get(f"/members/{ann}/").status_code == 200


def test_marketers_neither_erase_nor_export(client_of, ann):
    client = client_of("marketer")
    assert client.post(f"/members/{ann}/erase/", {"when": "now"}).status_code == 403
    assert client.post(f"/members/{ann}/export/").status_code == 403
    assert erasures_page()[1] == 0


def test_addresses_are_looked_up_without_standing_in_a_url(client_of):
    client = client_of("privacy_officer")
    told = {"address": "Bo@Example.com ", "channel": "email", "reason": "complained"}
    assert client.post("/privacy/addresses/", told).status_code == 302
    assert suppressed_addresses(["bo@example.com"], channel="email")
    assert "b***@example.com" in client.post("/privacy/addresses/", {"q": "bo@example.com"}).text
    assert "not on the list" in client.post("/privacy/addresses/", {"q": "cy@example.com"}).text
    wrong = client.post("/privacy/addresses/", told | {"channel": "sms"})
    assert wrong.status_code == 422


def test_a_decision_written_down_by_mistake_is_corrected_on_the_page(client_of, ann):
    client = client_of("marketer")
    client.post(f"/members/{ann}/consents/", {"channel": "email", "purpose": "marketing", "state": "granted"})
    (decision,) = decisions_of(ann)
    told = {"channel": "email", "purpose": "marketing", "decided_at": decision.decided_at.isoformat()}
    client.post(f"/members/{ann}/consents/correct/", told)
    assert consents_of(ann) == []
    assert len(decisions_of(ann)) == 2
    wrong = client.post(f"/members/{ann}/consents/correct/", told | {"decided_at": "yesterday"})
    assert wrong.status_code == 422


def test_consents_are_asked_for_with_a_text(client_of):
    client = client_of("privacy_officer")
    told = {"channel": "email", "purpose": "marketing", "position": "1", "is_offered": "on"}
    assert client.post("/privacy/consents/new/", told).status_code == 422
    assert client.post("/privacy/consents/new/", told | {"text_en": "Yes"}).status_code == 302
    assert client.post("/privacy/consents/new/", told | {"text_en": "Again"}).status_code == 422
    row = ConsentAsk.objects.get()
    assert client.get(f"/privacy/consents/{row.pk}/").status_code == 200
    client.post(f"/privacy/consents/{row.pk}/delete/")
    assert not ConsentAsk.objects.exists()


def test_retention_is_changed_with_care(client_of):
    client = client_of("privacy_officer")
    client.post("/privacy/retention/", {"place": "lake:events", "keep_days": "400"})
    assert RetentionRule.objects.get().keep_days == 400
    for wrong in ("3", "many", "99999999"):
        client.post("/privacy/retention/", {"place": "lake:events", "keep_days": wrong})
    assert RetentionRule.objects.get().keep_days == 400
    client.post("/privacy/retention/", {"place": "lake:events", "keep_days": ""})
    assert RetentionRule.objects.get().keep_days is None


def test_each_look_stands_in_the_audit(client_of, ann):
    client_of("privacy_officer").post(f"/members/{ann}/export/")
    entry = AuditEntry.objects.get(verb="member.exported")
    assert (entry.actor_name, entry.subject_id) == ("privacy_officer", ann)
    assert entry.at + timedelta(days=1) > AT


def test_every_verb_of_the_code_is_named_in_words():
    from pathlib import Path

    import shuke

    found = set()
    for path in Path(shuke.__file__).parent.rglob("*.py"):
        text = path.read_text()
        if "record_audit" in text:
            found |= set(re.findall(r'(?:verb=|, at, \w+, |audit\([^)]*?)"([a-z_]+\.[a-z_]+)"', text))
    assert len(found) > 40
    nouns, acts = (dict(choices_of(noun)) for noun in ("audit_noun", "audit_act"))
    unnamed = {verb for verb in found if verb.split(".")[0] not in nouns or verb.split(".")[1] not in acts}
    assert sorted(unnamed) == []
    assert verb_in_words("campaign.approved") == "Campaign: approved"
    assert verb_in_words("odd.thing") == "odd: thing"


class TestLooking:
    """Each way of seeing people in the clear leaves a trace; without it nobody sees them."""

    @pytest.fixture
    def message(self, ann):
        from shuke.apps.channels.models import Message
        from shuke.apps.channels.operations import queue_messages
        from shuke.apps.channels.schemas import Content, Recipient

        queue_messages(
            at=AT,
            campaign_id="",
            run_id="run_look",
            channel="console",
            recipients=[Recipient(ann, "per_x", "a", "en", {"name": "Ann Lee"})],
            contents={("a", "en"): Content("Hi {{ member.name }}", "Dear {{ member.name }}", "")},
            context={},
        )
        return Message.objects.get().public_id

    def test_messages_are_masked_until_somebody_asks(self, client_of, message):
        client = client_of("administrator")
        assert "Ann Lee" not in client.get(f"/messages/{message}/").text
        assert "Ann Lee" not in client.get(f"/messages/{message}/body/").text
        assert not AuditEntry.objects.filter(verb="message.unmasked").exists()
        assert "Ann Lee" in client.post(f"/messages/{message}/unmask/").text
        assert AuditEntry.objects.filter(verb="message.unmasked", subject_id=message).count() == 1
        assert client_of("marketer").post(f"/messages/{message}/unmask/").status_code == 403

    def test_rejected_rows_are_downloaded_with_a_trace(self, client_of, settings, tmp_path):
        from shuke.apps.connections.operations import ensure_account, run_batch, upload

        settings.SHUKE_HOME = str(tmp_path)
        account = ensure_account(actor=SYSTEM, at=AT, name="Tills", sales_channel="store")
        view = upload(
            actor=SYSTEM,
            at=AT,
            account_id=account.id,
            kind="members",
            file_name="m.csv",
            blocks=[b"email,birthday\nann@example.com,never\nbo@example.com,1990-01-01\n"],
        )
        run_batch(at=AT, batch_id=view.id)
        assert client_of("viewer").get(f"/imports/{view.id}/rejected.csv").status_code == 403
        answer = client_of("marketer").get(f"/imports/{view.id}/rejected.csv")
        assert b"ann@example.com" in answer.content
        entry = AuditEntry.objects.get(verb="import.rows_downloaded")
        assert (entry.actor_name, entry.subject_id) == ("marketer", view.id)
