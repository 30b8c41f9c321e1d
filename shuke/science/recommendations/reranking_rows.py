"""The rules of the house for many lists at once: what ``reranking.rerank`` says of each, in whole-array steps.

Candidates are a matrix, lists × candidates, every row in its own order; a place of all lists is filled at a time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shuke.science.recommendations.reranking import MARGIN_BOUND, Reason, Rules

#: Bits of ``Rows.moved``.
BITS = {
    Reason.BOOST: 1,
    Reason.CAP: 2,
    Reason.DIVERSITY: 4,
    Reason.MARGIN: 8,
    Reason.NOVELTY: 16,
}


@dataclass(frozen=True, eq=False)
class Rows:
    """Lists × candidates: ``item``, ``score`` > 0, ``kind``, ``family``, ``margin`` and ``is_new`` as in
    ``Candidates``; ``may`` false for those that a filter takes away (and for empty places)."""

    item: np.ndarray
    score: np.ndarray
    kind: np.ndarray
    family: np.ndarray
    margin: np.ndarray
    is_new: np.ndarray
    may: np.ndarray


@dataclass(frozen=True, eq=False)
class Placed:
    """``place``: lists × places, which candidate stands there, -1 for none; ``score`` of each candidate after factors;
    ``moved``: bits of each candidate (``BITS``)."""

    place: np.ndarray
    score: np.ndarray
    moved: np.ndarray


def rerank_rows(found: Rows, rules: Rules) -> Placed:
    """The lists that are shown, without exploration; ``rules.age`` and ``rules.rest`` are the caller's in ``may``."""
    score, moved = _weighed(found, rules)
    order = _sorted(found, score)
    place = _spread(found, score, moved, rules, order=order)
    if rules.new_places:
        _with_new(found, place, score, moved, rules=rules)
    return Placed(place, score, moved)


def _weighed(found: Rows, rules: Rules) -> tuple[np.ndarray, np.ndarray]:
    score = found.score.astype(np.float64, copy=True)
    moved = np.zeros(score.shape, dtype=np.uint8)
    if rules.margin_weight:
        known = found.may & np.isfinite(found.margin)
        margin = np.where(known, found.margin, 0.0).astype(np.float64)
        count = np.maximum(known.sum(axis=1, keepdims=True), 1)
        mean = margin.sum(axis=1, keepdims=True) / count
        spread = np.sqrt((np.where(known, margin - mean, 0.0) ** 2).sum(axis=1, keepdims=True) / count)
        standard = np.divide(margin - mean, spread, out=np.zeros_like(margin), where=known & (spread > 0))
        factor = np.clip(rules.margin_weight * standard, -MARGIN_BOUND, MARGIN_BOUND)
        score *= 1 + factor
        moved[factor != 0] |= BITS[Reason.MARGIN]
    for boost in rules.boosts:
        meant = np.isin(found.item, list(boost.items)) | np.isin(found.kind, list(boost.kinds))
        meant &= found.may
        score[meant] *= boost.factor
        moved[meant] |= BITS[Reason.BOOST]
    return score, moved


def _sorted(found: Rows, score: np.ndarray) -> np.ndarray:
    """Candidates of each list, best first, ties by item; those that may not be shown last."""
    by_item = np.argsort(found.item, axis=1, kind="stable")
    key = np.where(found.may, -score, np.inf)
    by_score = np.argsort(np.take_along_axis(key, by_item, axis=1), axis=1, kind="stable")
    return np.take_along_axis(by_item, by_score, axis=1)


def _spread(
    found: Rows, score: np.ndarray, moved: np.ndarray, rules: Rules, *, order: np.ndarray
) -> np.ndarray:
    """One place of all lists after the other, as ``reranking._spread`` does for one."""
    lists = np.arange(len(order))
    free = np.take_along_axis(found.may, order, axis=1)
    sorted_score = np.take_along_axis(score, order, axis=1)
    kind, family = (
        np.take_along_axis(found.kind, order, axis=1),
        np.take_along_axis(found.family, order, axis=1),
    )
    best = np.where(free, sorted_score, 0.0).max(axis=1, initial=0.0, keepdims=True)
    relevance = (1 - rules.diversity) * (sorted_score / np.maximum(best, 1e-300))
    alike = np.zeros(order.shape)
    held = np.zeros(order.shape, dtype=np.int16)
    result = np.full((len(order), rules.places), -1, dtype=np.int64)
    for rank in range(rules.places):
        has_free = free.any(axis=1)
        if not has_free.any():
            break
        allowed = free & (held < rules.cap)
        allowed = np.where(allowed.any(axis=1, keepdims=True), allowed, free)
        value = np.where(allowed, relevance - rules.diversity * alike, -np.inf)
        chosen, first = value.argmax(axis=1), free.argmax(axis=1)
        candidate = order[lists, chosen]
        result[has_free, rank] = candidate[has_free]
        passed = has_free & (chosen != first)
        bit = np.where(allowed[lists, first], BITS[Reason.DIVERSITY], BITS[Reason.CAP]).astype(np.uint8)
        moved[lists[passed], candidate[passed]] |= bit[passed]
        free[lists, chosen] = False
        own_kind, own_family = kind[lists, chosen][:, None], family[lists, chosen][:, None]
        same_kind = (kind == own_kind) & (own_kind >= 0)
        same_family = (family == own_family) & (own_family >= 0)
        held += same_kind
        np.maximum(alike, np.where(same_kind, 1.0, np.where(same_family, 0.5, 0.0)), out=alike)
    return result


def _with_new(found: Rows, place: np.ndarray, score: np.ndarray, moved: np.ndarray, *, rules: Rules) -> None:
    """The last places of known items go to the best new ones until enough are there; list by list, few need it."""
    filled = place >= 0
    is_new = np.take_along_axis(found.is_new, np.maximum(place, 0), axis=1) & filled
    for row in np.flatnonzero(is_new.sum(axis=1) < rules.new_places):
        missing = rules.new_places - int(is_new[row].sum())
        rest = np.flatnonzero(found.is_new[row] & found.may[row])
        rest = rest[~np.isin(rest, place[row])]
        best = rest[np.lexsort((found.item[row][rest], -score[row][rest]))][:missing]
        known = np.flatnonzero(filled[row] & ~is_new[row])
        ranks = known[len(known) - min(len(best), len(known)) :]
        place[row, ranks] = best[: len(ranks)]
        moved[row, best[: len(ranks)]] |= BITS[Reason.NOVELTY]
