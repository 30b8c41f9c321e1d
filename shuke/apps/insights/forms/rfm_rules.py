"""The rules and names of segments as they are typed, and the scheme that borders, rules and names make together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import zip_longest

from django.http import QueryDict
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import override, pgettext

from shuke.apps.insights.schemas import RfmSchemeBody
from shuke.platform.errors import Invalid
from shuke.science.rfm import SEGMENTS
from shuke.science.rfm_scheme import (
    ANY,
    RANGES,
    SCORES,
    Method,
    Range,
    RfmScheme,
    SegmentName,
    SegmentRule,
)
from shuke.web.labels import standard_label

MOST_RULES = 40
MOST_SEGMENTS = 30
MOST_NAME = 40
_CODE = re.compile(r"[a-z][a-z0-9_]{0,39}")
_LANGUAGES = (("en", "english"), ("zh-hans", "chinese"))


@dataclass(frozen=True)
class RulesForm:
    """Rules without the last one, the segments of the rest and of who bought before the window, and a name of each.

    ``names`` holds every segment that can be chosen, also one that no rule names yet.
    """

    rules: tuple[SegmentRule, ...]
    rest: str
    outside: str
    names: tuple[SegmentName, ...]
    faults: tuple[str, ...] = ()


def shown_rules(scheme: RfmScheme) -> RulesForm:
    """The form filled in with a scheme."""
    own = {name.segment: name for name in scheme.names}
    used = dict.fromkeys([*scheme.segments, *SEGMENTS, *own])
    return RulesForm(
        scheme.told_rules,
        scheme.rest,
        scheme.outside,
        tuple(own.get(segment) or standard_name(segment) for segment in used),
    )


def standard_name(segment: str) -> SegmentName:
    """The name that everybody begins with, in both languages."""
    told = {}
    for language, field in _LANGUAGES:
        with override(language):
            told[field] = standard_label("rfm_segment", segment)
    return SegmentName(segment, **told)


def typed_rules(posted: QueryDict, *, known: RfmScheme) -> RulesForm:
    """What was posted, with what was asked of it by a button (``do``) already done.

    A body without rules leaves those of the known scheme.  Codes and ranges that no menu offers are faults.
    """
    if "rest" not in posted:
        return shown_rules(known)
    texts = ("segment", "english", "chinese")
    names = [
        SegmentName(*(_text(part) for part in parts))
        for parts in zip_longest(*(posted.getlist(f"name_{text}") for text in texts), fillvalue="")
    ]
    columns = [posted.getlist(f"rule_{name}") for name in ("segment", *RANGES)]
    faults: list[str] = []
    rules = []
    for number, (segment, *ranges) in enumerate(zip_longest(*columns, fillvalue=""), start=1):
        limits = [_range(text) for text in ranges]
        if None in limits:
            faults.append(_("Rule {number}: choose scores from the menus.").format(number=number))
        told = (one or ANY for one in limits)
        rules.append(SegmentRule(_text(segment), **dict(zip(RANGES, told, strict=True))))
    form = RulesForm(
        tuple(rules),
        _text(posted.get("rest", "")),
        _text(posted.get("outside", "lost")),
        tuple(names),
        tuple(faults),
    )
    return _done(form, posted)


def _text(value: str) -> str:
    # PostgreSQL refuses NUL in any text.
    return value.replace("\x00", "").strip()[: MOST_NAME + 1]


def _range(text: str) -> Range | None:
    low, dash, high = text.partition("-")
    if not (low in "12345" and high in "12345" and len(low) == 1 and len(high) == len(dash)):
        return None
    first, last = int(low), int(high or low)
    return (first, last) if first <= last <= SCORES else None


def _done(form: RulesForm, posted: QueryDict) -> RulesForm:
    """The form after the button that was pressed: a rule moved, added or taken out, a segment added, the standard."""
    deed, _colon, place = posted.get("do", "").partition(":")
    if deed == "standard":
        return shown_rules(RfmScheme())
    if deed == "segment":
        return _with_segment(
            form, english=_text(posted.get("new_english", "")), chinese=_text(posted.get("new_chinese", ""))
        )
    rules, number = (
        list(form.rules),
        int(place) if place.isascii() and place.isdigit() and len(place) < 4 else -1,
    )
    if deed == "rule":
        rules.append(SegmentRule(form.rest))
    elif 0 <= number < len(rules):
        rule = rules.pop(number)
        to = {"up": max(0, number - 1), "down": number + 1}.get(deed)
        if to is not None:
            rules.insert(to, rule)
        elif deed != "remove":
            rules.insert(number, rule)
    return replace(form, rules=tuple(rules))


def _with_segment(form: RulesForm, *, english: str, chinese: str) -> RulesForm:
    taken = {name.segment for name in form.names}
    code = slugify(english).replace("-", "_")[:40]
    if not _CODE.fullmatch(code) or code in taken:
        code = next(f"segment_{n}" for n in range(1, len(taken) + 2) if f"segment_{n}" not in taken)
    return replace(form, names=(*form.names, SegmentName(code, english, chinese)))


def built_scheme_of(
    *, method: Method, borders: Mapping[str, tuple[int, ...]], form: RulesForm
) -> tuple[RfmScheme | None, list[str]]:
    """The scheme, or what is wrong with its rules and names, each as a sentence.

    Names that are the standard ones are not kept, so that they stay standard.
    """
    rules = (*form.rules, SegmentRule(form.rest))
    named = {name.segment: name for name in form.names}
    used = list(dict.fromkeys([*(rule.segment for rule in rules), form.outside]))
    faults = [*form.faults, *_rule_faults(form, used), *_name_faults(form.names, used)]
    if faults:
        return None, faults
    # Own segments that no rule names any more keep their name: history is still told by it.
    kept = [name for name in named.values() if name != standard_name(name.segment)]
    try:
        return RfmScheme(method=method, rules=rules, outside=form.outside, names=tuple(kept), **borders), []
    except ValueError as wrong:
        return None, [
            _("The borders are not four rising numbers for each measure ({reason}).").format(reason=wrong)
        ]


def scheme_of_body(body: RfmSchemeBody) -> RfmScheme:
    """The scheme of an API's body.  Raises ``Invalid`` with a sentence for everything that is wrong with it."""
    faults = []
    rules = []
    for number, rule in enumerate(body.rules, start=1):
        try:
            rules.append(SegmentRule(**rule.dict()))
        except ValueError:
            faults.append(_("Rule {number}: the lower score of a range comes first.").format(number=number))
    names = tuple(SegmentName(**name.dict()) for name in body.names)
    form = RulesForm(tuple(rules), body.rest, body.outside, names, tuple(faults))
    given = {name: tuple(getattr(body, name)) for name in ("recency_days", "frequency", "monetary_minor")}
    scheme, faults = built_scheme_of(method=body.method, borders=given, form=form)
    if scheme is None:
        raise Invalid("bad_scheme", " ".join(faults), {"scheme": faults})
    return scheme


def _rule_faults(form: RulesForm, used: list[str]) -> Iterable[str]:
    if len(form.rules) > MOST_RULES:
        yield _("There can be at most {most} rules.").format(most=MOST_RULES)
    if len(form.names) > MOST_SEGMENTS:
        yield _("There can be at most {most} segments.").format(most=MOST_SEGMENTS)
    known = {name.segment for name in form.names} | set(SEGMENTS)
    for segment in used:
        if segment not in known or not _CODE.fullmatch(segment):
            yield _("Segment {segment}: give it a name first, or choose one from the menu.").format(
                segment=segment
            )


def _name_faults(names: tuple[SegmentName, ...], used: list[str]) -> Iterable[str]:
    for field, language in (
        ("english", pgettext("language", "English")),
        ("chinese", pgettext("language", "Chinese")),
    ):
        seen: dict[str, str] = {}
        for name in names:
            text = getattr(name, field)
            if not text or len(text) > MOST_NAME:
                yield _("Segment {segment}: give it a name of 1 to {most} characters in {language}.").format(
                    segment=name.segment, most=MOST_NAME, language=language
                )
            elif name.segment in used and seen.setdefault(text.casefold(), name.segment) != name.segment:
                yield _("Two segments are called {name} in {language}: nobody could tell them apart.").format(
                    name=text, language=language
                )
