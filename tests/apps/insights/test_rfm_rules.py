"""Rules and names of segments are edited, tried, kept by version and told in both languages."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from django.http import HttpResponse, QueryDict
from django.test import Client
from django.utils.translation import override

from shuke.apps.audiences.queries.labels import trait_values
from shuke.apps.insights.forms.rfm_rules import RulesForm, built_scheme_of, shown_rules, typed_rules
from shuke.apps.insights.models import RfmVersion
from shuke.apps.insights.operations import build_traits, save_rfm_scheme
from shuke.apps.insights.queries.rfm import explained, rfm_preview, rfm_scheme
from shuke.platform.permissions import SYSTEM
from shuke.science.rfm_scheme import DEFAULT_RULES, RANGES, RfmScheme, SegmentName, SegmentRule
from shuke.web.labels import choices_of, label_of
from tests.apps.insights.conftest import AT
from tests.apps.insights.test_layers import OWN, YESTERDAY, borders, signed_in

URL = "/insights/layers/scores/"
TREASURES = SegmentName("treasures", "Treasures", "心头好")
OF_MONEY = replace(
    OWN,
    rules=(SegmentRule("treasures", monetary=(4, 5)), *DEFAULT_RULES),
    names=(TREASURES, SegmentName("lost", "Gone", "已流失客户")),
)


def posted(scheme: RfmScheme, **more: str) -> QueryDict:
    """The body that a browser sends of the form."""
    form, body = shown_rules(scheme), QueryDict(mutable=True)
    body.update(borders(version="0") | {"rest": form.rest, "outside": form.outside})
    for rule in form.rules:
        body.appendlist("rule_segment", rule.segment)
        for name in RANGES:
            low, high = getattr(rule, name)
            body.appendlist(f"rule_{name}", f"{low}-{high}")
    for name in form.names:
        for field in ("segment", "english", "chinese"):
            body.appendlist(f"name_{field}", getattr(name, field))
    body.update(more)
    return body


def sent(client: Client, scheme: RfmScheme, **more: str) -> HttpResponse:
    """Post the form with all of its repeated fields."""
    return client.post(URL, dict(posted(scheme, **more).lists()))


def scheme_from(form: RulesForm) -> RfmScheme:
    scheme, faults = built_scheme_of(
        method="thresholds",
        borders={name: getattr(OWN, name) for name in ("recency_days", "frequency", "monetary_minor")},
        form=form,
    )
    assert faults == []
    assert scheme is not None
    return scheme


@pytest.mark.once
@pytest.mark.django_db
def test_the_form_gives_back_what_it_shows_and_its_buttons_change_it() -> None:
    assert scheme_from(typed_rules(posted(OF_MONEY), known=RfmScheme())) == OF_MONEY
    first, second = OF_MONEY.rules[:2]
    for deed, expected in (
        ("up:1", (second, first)), ("down:0", (second, first)), ("up:0", (first, second)), ("remove:0", (second,)),
        ("remove:99", (first, second)), ("nonsense:0", (first, second)),
    ):  # fmt: skip
        form = typed_rules(posted(OF_MONEY, do=deed), known=RfmScheme())
        assert form.rules[: len(expected)] == expected, deed
        assert len(form.rules) == len(OF_MONEY.rules) - 1 - (deed == "remove:0")
    added = typed_rules(posted(OF_MONEY, do="rule"), known=RfmScheme())
    assert added.rules[-1] == SegmentRule("lost")
    standard = typed_rules(posted(OF_MONEY, do="standard"), known=OF_MONEY)
    assert scheme_from(standard) == replace(OWN, rules=DEFAULT_RULES)
    for english, code in (("Night owls", "night_owls"), ("Treasures", "segment_1"), ("夜", "segment_1")):
        form = typed_rules(
            posted(OF_MONEY, do="segment", new_english=english, new_chinese="夜猫子"), known=RfmScheme()
        )
        assert form.names[-1] == SegmentName(code, english, "夜猫子")


@pytest.mark.once
@pytest.mark.django_db
def test_what_is_wrong_with_rules_and_names_is_said() -> None:
    unnamed = replace(OF_MONEY, names=(SegmentName("treasures", "Treasures", ""),))
    same = replace(OF_MONEY, names=(SegmentName("treasures", "champions", "心头好"),))
    nameless = replace(OF_MONEY, names=())
    for scheme, more, message in (
        (unnamed, {}, "1 to 40 characters in Chinese"),
        (same, {}, "Two segments are called Champions in English"),
        (OF_MONEY, {"rest": "no such"}, "Segment no such: give it a name first"),
        (OF_MONEY, {"rule_recency": "5-4"}, "choose scores from the menus"),
    ):
        form = typed_rules(posted(scheme, **more), known=RfmScheme())
        found, faults = built_scheme_of(method="quantiles", borders={}, form=form)
        assert found is None
        assert any(message in fault for fault in faults), (message, faults)
    body = posted(nameless)
    for field in ("segment", "english", "chinese"):
        body.setlist(f"name_{field}", body.getlist(f"name_{field}")[1:])
    _none, faults = built_scheme_of(method="quantiles", borders={}, form=typed_rules(body, known=RfmScheme()))
    assert faults == ["Segment treasures: give it a name first, or choose one from the menu."]


@pytest.mark.once
def test_own_rules_are_tried_saved_scored_and_told_by_their_names(shop: None) -> None:
    client = signed_in("administrator")
    build_traits(at=AT, as_of=YESTERDAY)
    preview = rfm_preview(OF_MONEY)
    assert (preview.members, preview.moved) == (3, 3)
    assert (
        preview.rules[0].members
        == next(s for s in preview.segments if s.segment == "treasures").would_be
        == 2
    )
    tried = sent(client, OF_MONEY)
    assert "<strong>3</strong> of 3 members would change" in tried.content.decode()
    shadowed = replace(
        OF_MONEY,
        rules=(SegmentRule("lost", recency=(1, 5), frequency=(1, 5), monetary=(1, 5)), *OF_MONEY.rules),
    )
    assert "Rule 2 (Treasures) can never decide" in sent(client, shadowed).content.decode()
    assert not RfmVersion.objects.exists()
    assert sent(client, OF_MONEY, save="1").status_code == 302
    assert rfm_scheme().scheme == OF_MONEY
    before = explained("mem_b")
    assert before is not None
    assert before.scheme.rules == DEFAULT_RULES, "the build of before is explained by its own rules"
    build_traits(at=AT, as_of=YESTERDAY)
    after = explained("mem_b")
    assert after is not None
    assert (after.explanation.segment, after.explanation.rule) == ("treasures", 1)
    assert rfm_preview(OF_MONEY).moved == 0
    with override("zh-hans"):
        assert (label_of("rfm_segment", "treasures"), label_of("rfm_segment", "lost")) == (
            "心头好",
            "已流失客户",
        )
        assert dict(trait_values("rfm_segment"))["treasures"] == "心头好"
    assert choices_of("rfm_segment")[0] == ("treasures", "Treasures")
    portrait = client.get("/api/v1/insights/portrait").json()
    assert next((s["label"], s["members"]) for s in portrait["segments"]) == ("Treasures", 2)
    assert "Treasures" in client.get("/members/").content.decode()
    assert 'value="up:1"' in client.get(URL, {"version": "0"}).content.decode()
    assert client.get(URL, {"version": "7"}).status_code == 404


def test_a_name_outlives_its_rule_and_the_api_speaks_the_same_schemes(db: None) -> None:
    client = signed_in("administrator")
    save_rfm_scheme(actor=SYSTEM, at=AT, scheme=OF_MONEY, version=0)
    told = client.get("/api/v1/insights/rfm").json()
    assert (told["number"], told["rest"], len(told["rules"])) == (1, "lost", len(OF_MONEY.rules) - 1)
    body = {name: told[name] for name in told if name not in {"number", "author_name", "created_at"}}
    body["rules"] = body["rules"][1:]

    def put(version: int, scheme: dict[str, object]) -> object:
        return client.put(
            "/api/v1/insights/rfm",
            json.dumps({"version": version, "scheme": scheme}),
            content_type="application/json",
        )

    assert put(0, body).status_code == 409
    saved = put(1, body)
    assert saved.status_code == 200, saved.content
    assert rfm_scheme().scheme.rules == DEFAULT_RULES
    assert label_of("rfm_segment", "treasures") == "Treasures", "kept days are still told by the name"
    wrong = put(2, body | {"rest": "nobody_knows", "frequency": [5, 4, 3, 2]})
    assert wrong.status_code == 422
    assert "nobody_knows" in wrong.json()["message"]
    assert put(2, body | {"frequency": [5, 4, 3, 2]}).status_code == 422
    versions = client.get("/api/v1/insights/rfm/versions").json()
    assert [one["number"] for one in versions] == [2, 1]
    tried = client.post("/api/v1/insights/rfm/preview", json.dumps(body), content_type="application/json")
    assert sum(rule["scores"] for rule in tried.json()["rules"]) == 125
    assert signed_in("viewer").put(
        "/api/v1/insights/rfm", "{}", content_type="application/json"
    ).status_code in {403, 422}
