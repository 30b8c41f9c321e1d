"""Recording what members decide.  docs/algorithms/consent.md says which decision counts."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from shuke.apps.compliance.events import ConsentWithdrawn
from shuke.apps.compliance.models import Consent, ConsentDecision, Suppression
from shuke.apps.compliance.operations.holding import Key, families, hold, told_by_key
from shuke.apps.compliance.operations.wording import wordings
from shuke.apps.compliance.rules import is_news
from shuke.apps.compliance.schemas import Decision
from shuke.apps.members.queries import absorbed_members, member, member_refs
from shuke.apps.members.schemas import MemberRef
from shuke.platform.audit.operations import record_audit
from shuke.platform.errors import NotFound
from shuke.platform.events import emit
from shuke.platform.locks import until_commit
from shuke.platform.outbox.operations import record
from shuke.platform.permissions import Actor


@transaction.atomic
def record_consents(*, actor: Actor, at: datetime, decisions: Sequence[Decision]) -> int:
    """Add decisions; the newest per member, brand, channel and purpose holds.  A repeated one changes nothing.

    Decisions of unknown members are left out.  Returns how many were new.
    """
    until_commit("consent")
    refs = member_refs({decision.member_id for decision in decisions})
    known = [decision for decision in decisions if decision.member_id in refs]
    news = _news(refs, known)
    if not news:
        return 0
    _write(refs, news, at=at)
    hold(families({refs[decision.member_id].pk for decision, _revision in news}))
    _tell([decision for decision, _revision in news], actor=actor, at=at)
    return len(news)


def _news(refs: dict[str, MemberRef], decisions: Iterable[Decision]) -> list[tuple[Decision, int]]:
    """The decisions that say something new, each with its revision of its instant."""
    told = told_by_key({ref.pk for ref in refs.values()})
    news = []
    for decision in decisions:
        key = Key(refs[decision.member_id].pk, decision.brand, decision.channel, decision.purpose)
        instant = [row for row in told[key] if row.decided_at == decision.decided_at]
        if is_news(decision.state, instant):
            revision = max((row.revision for row in instant), default=-1) + 1
            told[key].append(decision.told(revision))
            news.append((decision, revision))
    return news


def _write(refs: dict[str, MemberRef], news: Sequence[tuple[Decision, int]], *, at: datetime) -> None:
    texts = wordings((decision.language, decision.wording) for decision, _revision in news)
    ConsentDecision.objects.bulk_create(
        [
            ConsentDecision(
                member_id=refs[d.member_id].pk,
                brand=d.brand,
                channel=d.channel,
                purpose=d.purpose,
                state=d.state,
                decided_at=d.decided_at,
                recorded_at=at,
                revision=revision,
                source=d.source,
                place=d.place[:200],
                wording_id=texts.get((d.language, d.wording)),
                evidence=dict(d.evidence),
            )
            for d, revision in news
        ],
        batch_size=1000,
    )
    record("consents", (fact(decision, at=at) for decision, _revision in news))


def fact(decision: Decision, *, at: datetime) -> dict[str, object]:
    """A decision as a row of the lake; per instant the row recorded last counts there."""
    return {
        "member_id": decision.member_id,
        "brand": decision.brand,
        "channel": decision.channel,
        "purpose": decision.purpose,
        "state": decision.state,
        "decided_at": decision.decided_at,
        "recorded_at": at,
        "source": decision.source,
    }


def _tell(decisions: Sequence[Decision], *, actor: Actor, at: datetime) -> None:
    for d in decisions:
        if d.state == "withdrawn":
            emit(ConsentWithdrawn(d.member_id, d.channel, d.purpose, d.decided_at, d.brand))
    if actor.kind == "system":
        return
    changes = {
        "decisions": [0, len(decisions)],
        "members": sorted({d.member_id for d in decisions})[:20],
        "states": sorted({f"{d.brand}/{d.channel}/{d.purpose}: {d.state}" for d in decisions})[:20],
    }
    subject = ("consent", decisions[0].member_id)
    record_audit(actor=actor, at=at, verb="consent.recorded", subject=subject, changes=changes)


@transaction.atomic
def correct_decision(*, actor: Actor, at: datetime, decision: Decision, reason: str) -> None:
    """Say that a decision was written down wrongly: what it really was, or ``void`` for none.

    The wrong row stays.  Refuses an instant of which nothing is known (404).
    """
    until_commit("consent")
    refs = member_refs([decision.member_id])
    pk = refs[decision.member_id].pk if refs else 0
    key = Key(pk, decision.brand, decision.channel, decision.purpose)
    instant = [row for row in told_by_key({pk})[key] if row.decided_at == decision.decided_at]
    if not instant:
        raise NotFound("unknown_decision", _("There is no decision of that moment to correct."))
    revision = max(row.revision for row in instant) + 1
    before = max(instant, key=lambda row: row.revision).state
    _write(refs, [(decision, revision)], at=at)
    hold(families({pk}))
    changes = {"state": [before, decision.state], "reason": [None, reason[:200]]}
    subject = ("consent", decision.member_id)
    record_audit(actor=actor, at=at, verb="consent.corrected", subject=subject, changes=changes)


def withdraw_all(
    *, actor: Actor, at: datetime, member_id: str, source: str, place: str, language: str
) -> int:
    """Withdraw everything that holds for a member, of every brand.  Returns how many consents ended."""
    person = member(member_id)
    pks = [pk for family in families({member_refs([person.id])[person.id].pk}).values() for pk in family]
    rows = Consent.objects.filter(member_id__in=pks, state="granted")
    named = {(row.brand, row.channel, row.purpose) for row in rows}
    decisions = [
        Decision(
            person.id, channel, purpose, "withdrawn", at, source, brand=brand, place=place, language=language
        )
        for brand, channel, purpose in sorted(
            named | {("", channel, purpose) for _b, channel, purpose in named}
        )
    ]
    return record_consents(actor=actor, at=at, decisions=decisions)


@transaction.atomic
def forget_permission(*, member_id: str) -> None:
    """Delete every decision and suppression of a member and of those merged into it."""
    pks = [ref.pk for ref in member_refs([member_id, *absorbed_members(member_id)]).values()]
    for model in (ConsentDecision, Consent, Suppression):
        model.objects.filter(member_id__in=pks).delete()
