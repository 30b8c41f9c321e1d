"""Which voucher a code is, and whether somebody may use it now."""

from collections.abc import Sequence
from datetime import datetime

from shuke.apps.members.queries import absorbed_members, family_of, member_refs
from shuke.apps.promotions.models import GONE, Voucher, VoucherBatch
from shuke.apps.promotions.queries.codes import voucher_ids, word_hash
from shuke.apps.promotions.queries.counting import used_of
from shuke.apps.promotions.queries.prices import is_exchange_only
from shuke.apps.promotions.queries.wording import name_of
from shuke.apps.promotions.rules.codes import RANDOM_SIGNS, SIGNS, normalised_code, normalised_word
from shuke.apps.promotions.rules.evaluation import Candidate, Reason, time_reason
from shuke.apps.promotions.rules.terms import Terms, terms_of
from shuke.apps.promotions.rules.validity import life
from shuke.platform.errors import NotFound

#: Nothing longer is a code.
MOST_SIGNS = 64
_STATE_REASONS = {
    "expired": "expired",
    "cancelled": "cancelled",
    "redeemed": "already_used",
    "gifted": "wrong_member",
}
_LOADED = ("batch__version__definition", "reservation")


def purse_of(member_id: str) -> list[int]:
    """The database keys of a member and of everybody who was merged into it; empty for nobody."""
    if not member_id:
        return []
    try:
        family = family_of(member_id)
    except NotFound:
        return []
    if family.public_id == member_id:
        return list(family.pks)
    # A merged member has what is its own, not what belongs to who speaks for it.
    ids = [member_id, *absorbed_members(member_id)]
    return [ref.pk for ref in member_refs(ids).values()]


def voucher_of_code(text: str) -> Voucher | VoucherBatch | Reason:
    """The voucher of a code as it was typed, the batch of a shared one, or why there is none."""
    word = normalised_word(text)
    if not word or len(word) > MOST_SIGNS or "\x00" in word:
        return Reason("unknown_code")
    code = normalised_code(word)
    if code:
        found = Voucher.objects.select_related(*_LOADED).filter(public_id=voucher_ids([code])[0]).first()
        if found:
            return found
    shared = VoucherBatch.objects.select_related("version__definition").filter(word_hash=word_hash(word))
    batch = shared.first()
    if batch:
        return batch
    looks_like_ours = len(word) == RANDOM_SIGNS + 1 and set(word) <= set(SIGNS)
    return Reason("check_sign_wrong" if looks_like_ours and code is None else "unknown_code")


def found_candidates(
    codes: Sequence[str], *, member_id: str, at: datetime, time_zone: str
) -> list[Candidate | Reason]:
    """For each code the voucher that may be tried on a basket, or why not.  The same voucher twice is refused."""
    purse = purse_of(member_id)
    answers: list[Candidate | Reason] = []
    seen: set[str] = set()
    for code in codes:
        found = voucher_of_code(code)
        if isinstance(found, VoucherBatch):
            found = _held_of(found, purse) or found
        answer = found if isinstance(found, Reason) else _candidate(found, purse, at=at, time_zone=time_zone)
        if isinstance(answer, Candidate):
            answer = Reason("not_combinable") if answer.voucher_id in seen else answer
        if isinstance(answer, Candidate):
            seen.add(answer.voucher_id)
        answers.append(answer)
    return answers


def _held_of(batch: VoucherBatch, purse: Sequence[int]) -> Voucher | None:
    """A voucher of a shared code that the member has already."""
    if not purse:
        return None
    own = Voucher.objects.select_related(*_LOADED).filter(batch=batch, member__in=purse, state="claimed")
    return own.order_by("valid_through", "pk").first()


def _candidate(
    found: Voucher | VoucherBatch, purse: Sequence[int], *, at: datetime, time_zone: str
) -> Candidate | Reason:
    batch = found if isinstance(found, VoucherBatch) else found.batch
    terms = terms_of(batch.version.terms)
    if isinstance(found, VoucherBatch):
        if found.state in GONE:
            return Reason("cancelled")
        if is_exchange_only(found):
            return Reason("exchange_only")
        valid_from, valid_through = life(
            terms, begins_at=found.created_at, is_held=False, time_zone=time_zone
        )
    else:
        valid_from, valid_through = found.valid_from, found.valid_through
    candidate = Candidate(
        voucher_id=found.public_id,
        definition=batch.version.definition.public_id,
        version=batch.version.number,
        name=name_of(batch.version.definition),
        terms=terms,
        valid_from=valid_from,
        valid_through=valid_through,
    )
    reason = time_reason(candidate, at=at, time_zone=time_zone)
    if reason is None and isinstance(found, Voucher):
        reason = _state_reason(found, purse, at=at)
    if reason is None and terms.limits.uses_per_member is not None and not purse:
        reason = Reason("wrong_member")
    return reason or _with_limits(candidate, batch, purse, terms=terms, at=at)


def _state_reason(voucher: Voucher, purse: Sequence[int], *, at: datetime) -> Reason | None:
    state = voucher.state
    if state in _STATE_REASONS:
        return Reason(_STATE_REASONS[state])
    if state == "reserved" and voucher.reservation and voucher.reservation.until >= at:
        return Reason("reserved_elsewhere", {"until": voucher.reservation.until.isoformat()})
    if voucher.member_id is not None and voucher.member_id not in purse:
        return Reason("wrong_member")
    return None


def _with_limits(
    candidate: Candidate, batch: VoucherBatch, purse: Sequence[int], *, terms: Terms, at: datetime
) -> Candidate:
    limits = terms.limits
    if limits.uses is None and limits.uses_per_member is None and limits.budget_minor is None:
        return candidate
    definition = batch.version.definition_id
    used = used_of(definition, member_ids=purse)
    if used.is_used_up(limits) or used.left_minor(limits) == 0:
        used = used_of(definition, member_ids=purse, at=at)
    return Candidate(
        **{
            **vars(candidate),
            "left_minor": used.left_minor(limits),
            "is_used_up": used.is_used_up(limits),
        }
    )
