"""What must be true of the ledger and the books beside it.  Each check gives the sentences that tell what breaks it."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from hashlib import sha256
from itertools import islice

from django.db.models import F, Q

from shuke.apps.loyalty.models import PointsTransaction, Wallet
from shuke.apps.loyalty.queries.benefits import counter_findings
from shuke.apps.loyalty.queries.chains import broken_chains, lost_heads, missing_heads
from shuke.apps.loyalty.queries.plans import paid_findings
from shuke.apps.loyalty.queries.replaying import differing_wallets
from shuke.apps.loyalty.queries.verification import lots, steps, sums
from shuke.apps.loyalty.queries.verification.reading import one_state
from shuke.apps.promotions.queries import voucher_findings

#: Gets the wallets to look at (``None``: all).  Only checks that are costly per wallet heed it.
Check = Callable[[Sequence[int] | None], Iterator[str]]
#: Examples that are kept of each check.
SHOWN = 20


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it must be; ``check`` is the number in docs/algorithms/points.md."""

    check: int
    text: str


@dataclass(frozen=True)
class Result:
    """What one check found: how much, the first of it, and the seconds it took."""

    check: int
    found: int
    examples: tuple[str, ...]
    seconds: float


@dataclass(frozen=True)
class Look:
    """One look at the whole ledger, at one state of it."""

    results: tuple[Result, ...]
    wallets: int
    wallets_looked_at: int
    transactions: int
    heads_digest: str
    heads: Mapping[int, tuple[int, str]]

    @property
    def found(self) -> int:
        """How much is wrong; 0 is what one wants."""
        return sum(result.found for result in self.results)

    @property
    def is_ledger_whole(self) -> bool:
        """Whether nothing is wrong with the ledger itself, whatever there is beside it."""
        return not any(result.found for result in self.results if result.check <= LAST_OF_LEDGER)


def _chains(wallets: Sequence[int] | None) -> Iterator[str]:
    """15: the hash chain recomputes, and no head that was verified before is gone."""
    yield from lost_heads()
    yield from broken_chains(wallets)


CHECKS: dict[int, Check] = {
    1: sums.entries_balance,
    2: sums.balances_are_sums,
    3: sums.lots_hold_the_balances,
    4: lots.no_bucket_is_negative,
    5: steps.debt_is_paid_first,
    6: sums.accounts_sum_to_zero,
    7: lots.lots_are_whole,
    8: steps.keys_are_unique,
    9: steps.holds_end_once,
    10: steps.returns_stay_within,
    11: lots.lots_are_used_in_their_time,
    12: lots.first_to_end_is_used_first,
    13: lots.lots_expire_once,
    14: steps.sequences_have_no_gap,
    15: _chains,
    16: sums.answers_stand,
    17: differing_wallets,
    18: sums.liability_rolls_forward,
    19: lambda _wallets: iter(counter_findings()),
    20: lambda _wallets: iter(paid_findings()),
    21: lambda _wallets: voucher_findings(),
}
#: The last check of the ledger itself; those after it look at what is scarce beside points.
LAST_OF_LEDGER = 18


def ledger_findings(*, tell: Callable[[int, int], None] = lambda *_: None) -> list[Finding]:
    """Everything about the ledger that is not as it must be; an empty list is what one wants."""
    found: list[Finding] = []
    for done, (number, check) in enumerate(CHECKS.items(), start=1):
        found += [Finding(number, text) for text in check(None)]
        tell(done, len(CHECKS))
    return found


def look_at_ledger(
    *,
    is_full: bool,
    exported: Mapping[str, str] | None = None,
    tell: Callable[[int, int], None] = lambda *_: None,
) -> Look:
    """Run every check on one state of the ledger.

    Unless ``is_full``, the checks that replay or rehash (12, 15, 16, 17) look only at wallets that changed
    since they were verified.  ``exported`` are heads that were kept elsewhere (``heads_at``).  ``tell`` must not
    write to the database, so a job reports no progress from here: on PostgreSQL the one state is read-only, and
    on SQLite the first write fails where a till has written since, or keeps all tills waiting until the end.
    """
    with one_state():
        changed = None if is_full else changed_wallets()
        results = []
        for done, (number, check) in enumerate(CHECKS.items(), start=1):
            told = partial(missing_heads, exported) if number == 15 and exported else None
            results.append(_result(number, check, changed, told))
            tell(done, len(CHECKS))
        rows = Wallet.objects.filter(seq__gt=0).order_by("pk").values_list("pk", "seq", "head_hash")
        heads = {pk: (seq, head) for pk, seq, head in rows.iterator(chunk_size=5000)}
        return Look(
            results=tuple(results),
            wallets=len(heads),
            wallets_looked_at=len(heads) if changed is None else len(changed),
            transactions=PointsTransaction.objects.count(),
            heads_digest=digest_of(heads),
            heads=heads,
        )


def _result(
    number: int, check: Check, wallets: Sequence[int] | None, told: Callable[[], Sequence[str]] | None
) -> Result:
    began = time.perf_counter()
    texts = check(wallets)
    examples = list(islice(texts, SHOWN))
    found = len(examples) + sum(1 for _ in texts)
    if told is not None:
        more = told()
        examples, found = [*examples, *more][:SHOWN], found + len(more)
    return Result(number, found, tuple(examples), time.perf_counter() - began)


def changed_wallets() -> list[int]:
    """Wallets that are not as they were when they were last verified."""
    same = Q(verified_head__seq=F("seq"), verified_head__hash=F("head_hash"))
    return list(Wallet.objects.exclude(same).filter(seq__gt=0).order_by("pk").values_list("pk", flat=True))


def heads_at(at: datetime) -> dict[str, str]:
    """The newest hash of every wallet: keep it elsewhere, and a tail that is cut off later is seen."""
    rows = Wallet.objects.filter(seq__gt=0).order_by("pk")
    return {"at": at.isoformat()} | {
        f"{pk}:{seq}": head for pk, seq, head in rows.values_list("pk", "seq", "head_hash")
    }


def digest_of(heads: Mapping[int, tuple[int, str]]) -> str:
    """One hash over all heads, in the order of their wallets (64 hex)."""
    digest = sha256()
    for pk, (seq, head) in sorted(heads.items()):
        digest.update(f"{pk}:{seq}:{head}\n".encode())
    return digest.hexdigest()
