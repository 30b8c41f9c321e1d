"""Shapley values: each channel's average contribution over all orders in which channels could have joined.

A set of channels is worth the conversions of the paths that need no other channel.  That game is a sum of unanimity
games, one for each path, whose Shapley value is an equal part for each of its distinct channels (Shapley 1953; Zhao,
Mahboobi and Bagheri 2018).  So the exact value needs no coalitions: one pass over the paths.

Worked: ``a > b > a`` converts twice, ``a`` once: a gets 2/2 + 1 = 2, b gets 1.
"""

from __future__ import annotations

from ibis.expr import types as ir


def shapley_values(touches: ir.Table) -> ir.Table:
    """``channel, conversions, value_minor`` (both float64); they sum to what the paths have."""
    once = touches.select("path_id", "channel", "conversions", "value_minor").distinct()
    shared = once.mutate(channels=once.channel.count().over(group_by="path_id").cast("float64"))
    return shared.group_by("channel").agg(
        conversions=(shared.conversions / shared.channels).sum(),
        value_minor=(shared.value_minor / shared.channels).sum(),
    )
