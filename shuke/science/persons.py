"""Whose fact is it: from person keys to members, and the newest word on what may change.

The lake stores ``person_key``, the key of one identifier.  The identity map says which member it
belongs to from a moment on, so merging and unmerging people never rewrites a fact.  The tables read
here only ever grow; the newest row per key counts.
"""

from __future__ import annotations

import ibis
from ibis.expr import types as ir


def newest_per_key(table: ir.Table, key: tuple[str, ...], *, newest_by: tuple[str, ...]) -> ir.Table:
    """The newest row of each ``key``, decided by ``newest_by`` from its first column on.

    Two rows that agree in every column of ``newest_by`` are the same news, and any one is kept, so
    name enough columns to make the choice unique.  Missing values count as oldest.
    """
    newest_first = [ibis.desc(table[column]) for column in newest_by]
    place = ibis.row_number().over(group_by=list(key), order_by=newest_first)
    return table.mutate(newest_place=place).filter(lambda t: t.newest_place == 0).drop("newest_place")


def current_identity(identity_map: ir.Table) -> ir.Table:
    """One row per ``person_key``: the member it belongs to now.

    Takes the table ``identity_map`` and returns the same columns.  Of two rows with the same
    ``valid_from`` the larger member id wins, so that the answer never depends on the order of files.
    """
    return newest_per_key(identity_map, ("person_key",), newest_by=("valid_from", "member_id"))


def with_member(facts: ir.Table, identity_map: ir.Table) -> ir.Table:
    """The facts with the ``member_id`` they belong to now, as one more column at the end.

    A fact whose key the identity map does not know (an erased member, an import still under way)
    belongs to nobody and is left out.  No fact is ever doubled.
    """
    owner = current_identity(identity_map).select("person_key", "member_id")
    return facts.join(owner, "person_key").select(*facts.columns, "member_id")


def speaking_members(table: ir.Table, identity_map: ir.Table) -> ir.Table:
    """The table with ``member_id`` replaced by who speaks for that member now, as its last column.

    A merged member's own id stands in the identity map like a key; a member that was never merged speaks
    for itself.  Two rows may name one member afterwards.
    """
    merged = current_identity(identity_map).filter(lambda t: t.kind == "member")
    speaker = merged.select(spoken_for="person_key", speaker="member_id")
    joined = table.left_join(speaker, table.member_id == speaker.spoken_for)
    named = joined.mutate(member_id=ibis.coalesce(joined.speaker, joined.member_id))
    return named.drop("spoken_for", "speaker").select(
        *(c for c in table.columns if c != "member_id"), "member_id"
    )


def members(identity_map: ir.Table) -> ir.Table:
    """Every member that owns an identifier now: one column ``member_id``, each once."""
    return current_identity(identity_map).select("member_id").distinct()


def current_consents(consents: ir.Table, *, brand: str = "") -> ir.Table:
    """One row per member, channel and purpose: the newest decision about the brand (empty: about all brands).

    Of one instant the row recorded last counts, and ``void`` takes the instant back.  Of a grant and a
    withdrawal that were told as one the withdrawal counts: when in doubt, do not send.
    """
    about = consents.filter(consents.brand.fill_null("") == brand)
    dated = about.mutate(recorded_at=ibis.coalesce(about.recorded_at, about.decided_at))
    instant = ("member_id", "channel", "purpose", "decided_at")
    told = newest_per_key(dated, instant, newest_by=("recorded_at", "state", "source"))
    standing = told.filter(told.state != "void")
    return newest_per_key(
        standing, ("member_id", "channel", "purpose"), newest_by=("decided_at", "state", "source")
    )


def current_attributes(member_attributes: ir.Table, identity_map: ir.Table) -> ir.Table:
    """One row per member and attribute: the newest value over all the member's identifiers.

    Columns: ``member_id, attribute, value, observed_at, source``.
    """
    owned = with_member(member_attributes, identity_map)
    newest = newest_per_key(owned, ("member_id", "attribute"), newest_by=("observed_at", "value", "source"))
    return newest.select("member_id", "attribute", "value", "observed_at", "source")
