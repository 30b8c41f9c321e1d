"""Messages that show each member's own recommendations."""

import dataclasses
import re
from typing import Any

import numpy as np
import pytest

from shuke.apps.campaigns.operations import (
    approve_campaign,
    continue_campaign,
    create_campaign,
    start_campaign,
    submit_campaign,
    write_content,
)
from shuke.apps.campaigns.operations import running as carrying
from shuke.apps.campaigns.queries import checklist, snippets
from shuke.apps.campaigns.queries.composing import preview_member
from shuke.apps.campaigns.queries.recommending import field_of
from shuke.apps.campaigns.schemas import ContentInput
from shuke.apps.channels.models import Message
from shuke.apps.channels.queries.rendering import unsealed
from shuke.apps.compliance.operations import erase_member
from shuke.apps.recommendations.adapters.bundle_files import activate, write_bundle
from shuke.apps.recommendations.operations.slots import change_slot, create_slot, go_live, pause
from shuke.apps.recommendations.queries.offers import offers
from shuke.apps.recommendations.queries.slots import slot
from shuke.apps.recommendations.schemas import SlotInput
from shuke.platform.outbox.relay import drain
from shuke.platform.permissions import SYSTEM
from shuke.platform.warehouse import lake
from tests.apps.campaigns.conftest import AT, REACHABLE, Shop
from tests.apps.campaigns.test_lifecycle import plan
from tests.apps.recommendations.small_bundles import small_bundle

HOSTILE = "<b>Tea</b> {{ 7*7 }} {% raw %}"
LINES = """{% for item in member.recommendations.for_you[:3] -%}
{{ item.place }};{{ item.product_id }};{{ item.name }};{{ item.price }};{{ item.category }};{{ item.reason }}
{% else %}Nothing for you{% endfor %}"""


def with_bundle(shop: Shop, settings: Any, tmp_path: Any, *, known: int = 40, name: str = "bdl_one") -> None:
    """A bundle that knows the first members of the shop; what most people buy has a hostile name."""
    made = small_bundle(bundle_id=name)
    names = np.array(made.goods.names, dtype=object)
    names[:] = [f"{HOSTILE} {number}\r\nBcc: x@example.com" for number in range(len(names))]
    made = dataclasses.replace(
        made,
        member_ids=np.array(sorted(shop.member_ids)[:known]),
        goods=dataclasses.replace(made.goods, names=names.astype(str)),
    )
    settings.BUNDLE_ROOT = str(tmp_path / "recommendations")
    write_bundle(tmp_path / "recommendations" / name, made)
    activate(tmp_path / "recommendations", name)


def with_slot(code: str = "for-you", *, live: bool = True, **facts: Any) -> None:
    given = {
        "name": "For you",
        "places": 4,
        "arms": [{"name": "only", "strategy": "personal-frequency"}],
    } | facts
    create_slot(actor=SYSTEM, at=AT, slot=SlotInput(code=code, **given))
    if live:
        go_live(actor=SYSTEM, at=AT, code=code)


def drafted(shop: Shop, html: str, *, subject: str = "Hi", text: str = "", control_percent: int = 20) -> str:
    campaign_id = create_campaign(
        actor=shop.author, at=AT, plan=plan(shop, control_percent=control_percent)
    ).id
    for language in ("en", "zh-hans"):
        content = ContentInput(channel="console", language=language, subject=subject, html=html, text=text)
        write_content(actor=shop.author, at=AT, campaign_id=campaign_id, content=content)
    return campaign_id


def started(shop: Shop, html: str, **texts: Any) -> str:
    campaign_id = drafted(shop, html, **texts)
    submit_campaign(actor=shop.author, at=AT, campaign_id=campaign_id)
    approve_campaign(actor=shop.approver, at=AT, campaign_id=campaign_id)
    start_campaign(actor=shop.author, at=AT, campaign_id=campaign_id)
    return campaign_id


def checks(campaign_id: str) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for item in checklist(campaign_id, as_of=AT.date()).items:
        found.setdefault(item.key, []).append((item.status, item.text))
    return found


def mails() -> dict[str, Any]:
    rows = Message.objects.select_related("member").filter(content_encrypted__isnull=False)
    return {row.member.public_id: unsealed(row.content_encrypted) for row in rows}


def listed() -> list[dict[str, Any]]:
    drain()
    with lake().read() as snapshot:
        return snapshot.table("recommendation_lists").to_pyarrow().to_pylist()


@pytest.fixture
def house(shop: Shop, settings: Any, tmp_path: Any) -> Shop:
    with_bundle(shop, settings, tmp_path)
    with_slot()
    return shop


def test_each_member_reads_items_of_their_own_and_each_list_is_an_exposure(house: Shop) -> None:
    link = "https://shop.example/?list={{ member.recommendations.for_you.list_id }}"
    campaign_id = started(house, f"<pre>{LINES}</pre><a href='{link}'>Shop</a>", text=LINES)
    assert continue_campaign(campaign_id=campaign_id, clock=lambda: AT).state == "done"
    sent, rows = mails(), listed()
    members = {house.person_keys[member_id]: member_id for member_id in house.member_ids}
    reachable = [member_id for member_id in house.member_ids[:REACHABLE] if member_id in sent]
    assert sorted(members[row["person_key"]] for row in rows) == sorted(reachable)
    assert {(row["slot"], row["slot_version"], row["bundle_id"], row["arm"]) for row in rows} == {
        ("for-you", slot("for-you").version, "bdl_one", "only")
    }
    assert len({row["list_id"] for row in rows}) == len(rows)
    for row in rows:
        mail = sent[members[row["person_key"]]]
        shown = [line.split(";")[1] for line in mail.text.splitlines() if line.count(";") >= 5]
        assert shown == row["product_ids"][:3], mail.text
        assert len(row["product_ids"]) == 4
    known = set(sorted(house.member_ids)[:40])
    texts = {member_id: mail.text.split("\n\n")[0] for member_id, mail in sent.items()}
    assert len({texts[member_id] for member_id in known & set(sent)}) > 10


@pytest.mark.once
def test_names_of_products_are_data_in_html_text_and_subject(house: Shop) -> None:
    first = "{{ member.recommendations['for-you'][0].name }}"
    campaign_id = started(house, f"<p>{first}</p>", subject=f"For you: {first}", text=LINES)
    continue_campaign(campaign_id=campaign_id, clock=lambda: AT)
    mail = next(iter(mails().values()))
    assert "&lt;b&gt;Tea&lt;/b&gt; {{ 7*7 }} {% raw %}" in mail.html
    assert "<b>Tea" not in mail.html
    assert re.fullmatch(
        r"For you: <b>Tea</b> \{\{ 7\*7 \}\} \{% raw %\} \d+ Bcc: x@example.com", mail.subject
    )
    assert not Message.objects.filter(state="failed").exists()


def test_a_killed_run_queues_and_lists_each_member_once(house: Shop, monkeypatch: Any) -> None:
    monkeypatch.setattr(carrying, "QUEUE_BATCH", 50)
    campaign_id = started(house, LINES)
    real, calls = carrying.queue_messages, []

    def killed(**given: Any) -> int:
        calls.append(1)
        if len(calls) == 2:
            real(**given)
            raise KeyboardInterrupt
        return real(**given)

    monkeypatch.setattr(carrying, "queue_messages", killed)
    with pytest.raises(KeyboardInterrupt):
        continue_campaign(campaign_id=campaign_id, clock=lambda: AT)
    before = {row["list_id"]: row["product_ids"] for row in listed()}
    assert 0 < len(before) <= 50
    assert continue_campaign(campaign_id=campaign_id, clock=lambda: AT).state == "done"
    continue_campaign(campaign_id=campaign_id, clock=lambda: AT)
    rows = listed()
    reachable = set(mails()) & set(house.member_ids[:REACHABLE])
    assert len(rows) == len({row["list_id"] for row in rows}) == len(reachable)
    assert before.items() <= {row["list_id"]: row["product_ids"] for row in rows}.items()


def test_lists_are_computed_only_for_versions_that_ask(house: Shop) -> None:
    campaign_id = started(house, "<p>Hello</p>")
    assert continue_campaign(campaign_id=campaign_id, clock=lambda: AT).state == "done"
    assert listed() == []
    assert "recommendations" not in checks(campaign_id)


@pytest.mark.once
def test_prices_and_reasons_are_in_the_readers_language(house: Shop) -> None:
    campaign_id = drafted(house, LINES)
    known = min(house.member_ids)
    english = preview_member(campaign_id, member_id=known, at=AT, language="en")
    chinese = preview_member(campaign_id, member_id=known, at=AT, language="zh-hans")
    assert (english.problem, chinese.problem) == ("", "")
    assert "CN¥10.00" in english.html
    assert "¥10.00" in chinese.html
    assert "CN¥" not in chinese.html
    assert re.search("[一-鿿]", chinese.html)
    assert not re.search("[一-鿿]", english.html)
    assert listed() == []


@pytest.mark.once
def test_the_check_tells_what_a_slot_gives(house: Shop) -> None:
    campaign_id = drafted(house, LINES)
    assert [status for status, _text in checks(campaign_id)["recommendations"]] == ["ok"]
    pause(actor=SYSTEM, at=AT, code="for-you")
    (found,) = checks(campaign_id)["recommendations"]
    assert found[0] == "warning"
    assert "For you" in found[1]
    assert checks(campaign_id)["template"][0][0] == "ok"
    assert "Nothing for you" in preview_member(campaign_id, member_id=house.member_ids[0], at=AT).html


@pytest.mark.once
def test_a_slot_that_is_paused_meanwhile_gives_the_fallback_and_fails_nobody(house: Shop) -> None:
    campaign_id = started(house, LINES, subject="{{ member.recommendations.for_you[0].name or 'Hello' }}")
    pause(actor=SYSTEM, at=AT, code="for-you")
    assert continue_campaign(campaign_id=campaign_id, clock=lambda: AT).state == "done"
    assert {(mail.subject, "Nothing for you" in mail.html) for mail in mails().values()} == {("Hello", True)}
    assert listed() == []


@pytest.mark.once
def test_without_a_bundle_the_check_warns_and_members_read_the_fallback(
    shop: Shop, settings: Any, tmp_path: Any
) -> None:
    settings.BUNDLE_ROOT = str(tmp_path / "none")
    with_slot()
    campaign_id = drafted(shop, LINES)
    assert [status for status, _text in checks(campaign_id)["recommendations"]] == ["warning"]
    assert "Nothing for you" in preview_member(campaign_id, member_id=shop.member_ids[0], at=AT).html


@pytest.mark.once
def test_a_message_that_only_works_with_items_is_blocked(house: Shop) -> None:
    campaign_id = drafted(house, "{{ (member.recommendations.for_you|first).name }}")
    ((status, text),) = checks(campaign_id)["template"]
    assert status == "blocked"
    assert "gets no recommendations" in text


@pytest.mark.once
def test_a_slot_that_is_not_there_or_not_about_members_blocks(house: Shop) -> None:
    with_slot("basket", about="basket", arms=[{"name": "only", "strategy": "complements"}])
    for name in ("for_me", "basket", "items"):
        found = checks(drafted(house, f"{{{{ member.recommendations.{name} }}}}"))
        assert [status for status, _text in found["recommendations"]] == ["blocked"]
        assert found["template"][0][0] == "blocked"
        assert name in found["template"][0][1]


@pytest.mark.once
def test_a_slot_called_like_a_method_is_still_a_slot(house: Shop) -> None:
    with_slot("items")
    with_slot("keys")
    html = "{% for item in member.recommendations.items %}{{ item }}{% endfor %}{{ member.recommendations.keys }}"
    found = preview_member(drafted(house, html), member_id=min(house.member_ids), at=AT)
    assert found.problem == ""
    assert found.html.count("Tea") == 8


@pytest.mark.once
def test_odd_questions_are_faults_of_the_template_not_of_the_house(house: Shop) -> None:
    campaign_id = drafted(house, "x")
    for html in (
        "{% for slot in member.recommendations %}x{% endfor %}",
        "{{ member.recommendations|length }}",
        "{{ member.recommendations.for_you.__class__ }}",
        "{{ member.recommendations.for_you and member.recommendations._lists }}",
        "{{ member.recommendations.for_you[0].__init__ }}",
        "{{ member.recommendations[member.name] }}",
    ):
        content = ContentInput(channel="console", language="en", subject="Hi", html=html)
        write_content(actor=house.author, at=AT, campaign_id=campaign_id, content=content)
        found = preview_member(campaign_id, member_id=min(house.member_ids), at=AT, language="en")
        assert found.problem, html


@pytest.mark.once
def test_what_can_be_copied_renders(house: Shop) -> None:
    with_slot("3-for-2", name="<script>alert(1)</script>")
    with_slot("for_you", name="The other", live=False)
    found = {snippet.code: snippet for snippet in snippets("zh-hans")}
    assert found["for-you"].field == 'member.recommendations["for-you"]'
    assert found["for_you"].field == "member.recommendations.for_you"
    assert not found["for_you"].is_live
    for snippet in found.values():
        view = preview_member(drafted(house, snippet.html), member_id=min(house.member_ids), at=AT)
        assert view.problem == ""
        assert ("Tea" in view.html) == snippet.is_live
    assert field_of("for-you", {"for-you"}) == "member.recommendations.for_you"


def test_a_slot_changed_between_two_parts_of_a_run_is_told_by_its_version(
    house: Shop, monkeypatch: Any
) -> None:
    monkeypatch.setattr(carrying, "QUEUE_BATCH", 100)
    campaign_id = started(house, LINES)
    real = carrying.queue_messages

    def change_first(**given: Any) -> int:
        view = slot("for-you")
        changed = SlotInput(**view.model_dump(include=set(SlotInput.model_fields)) | {"places": 2})
        change_slot(actor=SYSTEM, at=AT, code="for-you", slot=changed, version=view.version)
        return real(**given)

    monkeypatch.setattr(carrying, "queue_messages", change_first)
    assert continue_campaign(campaign_id=campaign_id, clock=lambda: AT).state == "done"
    assert {(row["slot_version"], len(row["product_ids"])) for row in listed()} == {(1, 4), (2, 2)}


def test_who_is_erased_is_in_no_list_and_gets_none(house: Shop) -> None:
    before, after = house.member_ids[3], house.member_ids[REACHABLE - 3]
    campaign_id = started(house, LINES, control_percent=0)
    erase_member(actor=SYSTEM, at=AT, member_id=after)
    assert continue_campaign(campaign_id=campaign_id, clock=lambda: AT).state == "done"
    # One is forgotten while the notes are on their way, the other before its part of the run.
    erase_member(actor=SYSTEM, at=AT, member_id=before)
    keys = {row["person_key"] for row in listed()}
    assert len(keys) == REACHABLE - 2
    assert not {house.person_keys[before], house.person_keys[after]} & keys
    found = offers(["for-you"], {before: "en"}, at=AT)["for-you"][before]
    assert found.answer.fallback != ""
