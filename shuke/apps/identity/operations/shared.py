"""The deterministic rules: members that claim the same identifier, unless too many do.

Of the links only those are looked at whose two ends belong to different members now.  Who claims an
identifier is counted by ``origin``, the member each was first given to, so that merging does not hide
how many share it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.db.models import F, Q

from shuke.apps.identity.models import Identifier, Link, Merge
from shuke.apps.identity.rules import KindRule, names_agree
from shuke.apps.members.queries import member_names
from shuke.platform.batches import in_batches


@dataclass
class Found:
    """Pairs of members (database keys, lower first) with their evidence, and what the rules held back."""

    pairs: dict[tuple[int, int], "Claim"] = field(default_factory=dict)
    over_limit: int = 0
    outdated: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Claim:
    """An identifier two members claim: its kind, how many members do, and the two ends of the link."""

    kind: str
    shared_by: int
    ends: tuple[int, int]
    confidence: int
    is_sure: bool = True


#: How sure a shared value of a kind is, in thousandths: a phone number is given to somebody else in time.
CONFIDENCE: Mapping[str, int] = {"phone": 960, "email": 985}


def shared_identifiers(policy: Mapping[str, KindRule]) -> Found:
    """Members who are one person by the rules.  Reads only."""
    crossing = list(_crossing())
    origins = _origins({end.pk for edge in crossing for end in edge})
    found = Found(outdated=outdated_merges(policy))
    too_many = {
        end.pk
        for edge in crossing
        for end in edge
        if policy[end.kind].links and len(origins[end.pk]) > policy[end.kind].limit
    }
    found.over_limit = len(too_many)
    for left, right in crossing:
        if _may_link(left, policy, too_many) and _may_link(right, policy, too_many):
            claim = _claim(left, right, policy, origins)
            pair = (min(left.member, right.member), max(left.member, right.member))
            known = found.pairs.get(pair)
            if known is None or claim.confidence > known.confidence:
                found.pairs[pair] = claim
    found.pairs = _with_doubts(found.pairs)
    return found


@dataclass(frozen=True)
class _End:
    pk: int
    kind: str
    form: str
    member: int


def _crossing() -> Iterable[tuple[_End, _End]]:
    rows = Link.objects.exclude(left__member=None).exclude(right__member=None)
    columns = ("pk", "kind", "form", "member_id")
    names = [f"{side}__{column}" for side in ("left", "right") for column in columns]
    for row in rows.exclude(left__member=F("right__member")).order_by("pk").values_list(*names).iterator():
        yield _End(*row[:4]), _End(*row[4:])


def _origins(identifiers: set[int]) -> dict[int, set[int]]:
    """For each identifier, the members that claim it: its own and those of what it is linked with."""
    found: dict[int, set[int]] = {pk: set() for pk in identifiers}
    for batch in in_batches(identifiers):
        rows = Link.objects.filter(Q(left__in=batch) | Q(right__in=batch))
        for left, right, *origins in rows.values_list("left", "right", "left__origin", "right__origin"):
            for end in (left, right):
                if end in found:
                    found[end].update(origin for origin in origins if origin)
    return found


def _may_link(end: _End, policy: Mapping[str, KindRule], too_many: set[int]) -> bool:
    return policy[end.kind].links and end.form != "cipher" and end.pk not in too_many


def _claim(left: _End, right: _End, policy: Mapping[str, KindRule], origins: dict[int, set[int]]) -> Claim:
    """The evidence is named after the weaker of the two identifiers."""
    weaker = max(left, right, key=lambda end: policy[end.kind].priority)
    confidence = CONFIDENCE.get(weaker.kind, 995)
    return Claim(weaker.kind, len(origins[weaker.pk]), (left.pk, right.pk), confidence)


def _with_doubts(pairs: Mapping[tuple[int, int], Claim]) -> dict[tuple[int, int], Claim]:
    """Pairs whose names have nothing in common are left to a person: families share phones."""
    pks = {pk for pair in pairs for pk in pair}
    names = _names(pks)
    found = {}
    for pair, claim in pairs.items():
        is_sure = names_agree(*(names.get(pk, "") for pk in pair))
        found[pair] = Claim(claim.kind, claim.shared_by, claim.ends, claim.confidence, is_sure)
    return found


def _names(pks: set[int]) -> dict[int, str]:
    ids: dict[int, str] = {}
    for batch in in_batches(pks):
        rows = Identifier.objects.filter(member__in=batch)
        ids |= dict(rows.values_list("member_id", "member__public_id"))
    names = member_names(ids.values())
    return {pk: names.get(public_id, "") for pk, public_id in ids.items()}


def outdated_merges(policy: Mapping[str, KindRule]) -> list[str]:
    """Merges made by these rules whose identifier is by now claimed by too many, or no longer links."""
    rows = Merge.objects.filter(basis="rules", undone_at=None).order_by("-pk")
    merges = [(row.public_id, row.evidence) for row in rows if row.evidence.get("identifiers")]
    origins = _origins({pk for _, evidence in merges for pk in evidence["identifiers"]})
    kinds = _kinds(origins)
    return [
        public_id
        for public_id, evidence in merges
        if any(_is_too_many(pk, kinds, policy, origins) for pk in evidence["identifiers"])
    ]


def _kinds(pks: Iterable[int]) -> dict[int, str]:
    found: dict[int, str] = {}
    for batch in in_batches(pks):
        found |= dict(Identifier.objects.filter(pk__in=batch).values_list("pk", "kind"))
    return found


def _is_too_many(
    pk: int, kinds: Mapping[int, str], policy: Mapping[str, KindRule], origins: Mapping[int, set[int]]
) -> bool:
    rule = policy.get(kinds.get(pk, ""))
    return rule is not None and (not rule.links or len(origins[pk]) > rule.limit)
