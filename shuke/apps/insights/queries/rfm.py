"""How members are scored: the scheme in use, its versions, what another would change, why a member is there."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, replace
from datetime import date
from typing import Any

from shuke.apps.insights.models import RfmVersion
from shuke.apps.insights.queries.traits import latest_build, traits_on
from shuke.apps.insights.schemas import (
    MemberExplanation,
    RfmPreview,
    RfmRuleShare,
    RfmSchemeView,
    RfmVersionView,
    SegmentChange,
    SegmentMove,
)
from shuke.platform.warehouse import lake
from shuke.science.rfm import rfm_scores
from shuke.science.rfm_scheme import RfmScheme, scheme_of
from shuke.web.labels import OwnWords


def rfm_scheme() -> RfmVersionView:
    """The scheme that the next build scores by: the newest version, else that of fifths."""
    return next(iter(rfm_versions(limit=1)), RfmVersionView(0, RfmScheme()))


def rfm_versions(*, limit: int = 20) -> list[RfmVersionView]:
    """The versions that were saved, newest first."""
    return [
        RfmVersionView(row.number, scheme_of(row.scheme), row.author_name, row.created_at)
        for row in RfmVersion.objects.order_by("-number")[:limit]
    ]


def built_scheme() -> RfmScheme | None:
    """Borders and rules of the newest build, which explain its scores; ``None`` before a build that kept them."""
    build = latest_build()
    return scheme_of(build.scheme) if build and build.scheme else None


def rfm_version(number: int) -> RfmVersionView | None:
    """The version of that number; 0 is the one that everybody begins with."""
    if number == 0:
        return RfmVersionView(0, RfmScheme())
    row = RfmVersion.objects.filter(number=number).first()
    return (
        None
        if row is None
        else RfmVersionView(row.number, scheme_of(row.scheme), row.author_name, row.created_at)
    )


def rfm_view(version: RfmVersionView) -> RfmSchemeView:
    """A version as the API tells it: the rest apart from the rules."""
    scheme = version.scheme
    data = scheme.as_data() | {"rules": [asdict(rule) for rule in scheme.told_rules], "rest": scheme.rest}
    return RfmSchemeView(
        **data, number=version.number, author_name=version.author_name, created_at=version.created_at
    )


def own_segment_words() -> OwnWords:
    """What the retailer calls its segments, and which are in use: those of its scheme and of the newest build."""
    scheme = rfm_scheme().scheme
    words = {name.segment: {"en": name.english, "zh-hans": name.chinese} for name in scheme.names}
    segments = scheme.segments
    if segments == RfmScheme().segments and not words:
        return OwnWords()
    built = built_scheme()
    return OwnWords(words, tuple(dict.fromkeys([*segments, *(built.segments if built else ())])))


def rfm_preview(scheme: RfmScheme) -> RfmPreview:
    """What the scheme would make of the members of the newest build, in the scheme's order of segments."""
    build = latest_build()
    shares = [
        RfmRuleShare(rule=one.rule, segment=rule.segment, scores=one.scores, taken_by=list(one.taken_by))
        for one, rule in zip(scheme.decided(), scheme.rules, strict=True)
    ]
    if build is None:
        return RfmPreview(rules=shares)
    # Each rule as a segment of its own tells how many members it decides.
    numbered = replace(
        scheme,
        rules=tuple(replace(rule, segment=str(place)) for place, rule in enumerate(scheme.rules)),
        outside="",
    )
    with lake().read() as snapshot:
        traits = traits_on(snapshot, build.as_of)
        buyers = traits.filter(traits.orders_total > 0)
        again = rfm_scores(
            buyers.select("member_id", "recency_days", "frequency", "monetary_minor"), scheme=numbered
        )
        both = buyers.select("member_id", was="rfm_segment").join(
            again.select("member_id", place="rfm_segment"), "member_id"
        )
        rows = both.group_by("was", "place").agg(members=both.count()).to_pyarrow().to_pylist()
    return _previewed(rows, scheme=scheme, shares=shares, as_of=build.as_of)


def _previewed(
    rows: list[dict[str, Any]], *, scheme: RfmScheme, shares: list[RfmRuleShare], as_of: date
) -> RfmPreview:
    pairs: Counter[tuple[str, str]] = Counter()
    for row in rows:
        becomes = shares[int(row["place"])].segment if row["place"] else scheme.outside
        pairs[row["was"], becomes] += row["members"]
        if row["place"]:
            shares[int(row["place"])].members += row["members"]
    moves = [
        SegmentMove(was=was, would_be=becomes, members=members)
        for (was, becomes), members in sorted(pairs.items(), key=lambda item: (-item[1], item[0]))
        if was != becomes
    ]
    names = dict.fromkeys([*scheme.segments, *(was for was, _becomes in sorted(pairs))])
    return RfmPreview(
        as_of=as_of,
        members=pairs.total(),
        moved=sum(move.members for move in moves),
        segments=[
            SegmentChange(
                segment=name,
                members=sum(members for (was, _becomes), members in pairs.items() if was == name),
                would_be=sum(members for (_was, becomes), members in pairs.items() if becomes == name),
            )
            for name in names
        ],
        moves=moves,
        rules=shares,
    )


def explained(member_id: str) -> MemberExplanation | None:
    """Why the member is in its segment; ``None`` for who never bought, and before a build that kept its scheme."""
    build, scheme = latest_build(), built_scheme()
    if build is None or scheme is None:
        return None
    with lake().read() as snapshot:
        traits = traits_on(snapshot, build.as_of)
        rows = traits.filter(traits.member_id == member_id, traits.orders_total > 0).to_pyarrow().to_pylist()
    if not rows:
        return None
    measures = {name: rows[0][name] for name in ("recency_days", "frequency", "monetary_minor")}
    return MemberExplanation(
        as_of=build.as_of, **measures, explanation=scheme.explain(**measures), scheme=scheme
    )
