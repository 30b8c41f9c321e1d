"""Who needs the next one: the newest due dates against today."""

from __future__ import annotations

from datetime import timedelta

import ibis
from ibis.expr import types as ir

from shuke.apps.audiences.rules.conditions import Due
from shuke.apps.audiences.rules.facts import AudienceFacts


def due_members(node: Due, facts: AudienceFacts) -> ir.Table:
    """``member_id`` of those who are due or overdue, each as often as there is a category that says so."""
    known = facts.due_dates.filter(facts.due_dates.as_of <= ibis.literal(facts.today))
    newest = known.filter(known.as_of == known.as_of.max().as_scalar())
    if node.categories:
        newest = newest.filter(newest.category.isin(node.categories))
    if node.state == "overdue":
        return newest.filter(newest.latest < ibis.literal(facts.today)).select("member_id")
    last = facts.today + timedelta(days=node.within_days - 1)
    is_due = (newest.due_date >= ibis.literal(facts.today)) & (newest.due_date <= ibis.literal(last))
    return newest.filter(is_due).select("member_id")
