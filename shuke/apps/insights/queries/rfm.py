"""How members are scored: the scheme in use, its versions, what another would change, why a member is there."""

from __future__ import annotations

from shuke.apps.insights.models import RfmVersion
from shuke.apps.insights.queries.traits import latest_build, traits_on
from shuke.apps.insights.schemas import MemberExplanation, RfmVersionView, SegmentChange
from shuke.platform.warehouse import lake
from shuke.science.rfm import rfm_scores
from shuke.science.rfm_scheme import RfmScheme, scheme_of


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


def rfm_preview(scheme: RfmScheme) -> list[SegmentChange]:
    """The segments of the newest build and what the scheme would make of the same members, in the scheme's order."""
    build = latest_build()
    if build is None:
        return []
    with lake().read() as snapshot:
        traits = traits_on(snapshot, build.as_of)
        buyers = traits.filter(traits.orders_total > 0)
        again = rfm_scores(
            buyers.select("member_id", "recency_days", "frequency", "monetary_minor"), scheme=scheme
        )
        both = buyers.select("member_id", was="rfm_segment").join(
            again.select("member_id", would_be="rfm_segment"), "member_id"
        )
        pairs = both.group_by("was", "would_be").agg(members=both.count()).to_pyarrow().to_pylist()
    names = dict.fromkeys([*scheme.segments, *(row["was"] for row in pairs)])
    return [
        SegmentChange(
            segment=name,
            members=sum(row["members"] for row in pairs if row["was"] == name),
            would_be=sum(row["members"] for row in pairs if row["would_be"] == name),
        )
        for name in names
    ]


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
