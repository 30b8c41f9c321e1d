"""A ranker of what a member will buy again, learned from several past baskets of every member.

``occasions``: running states of (member, thing); ``sums``: running sums of days; ``rows``: who is asked about what,
when; ``features``: what was known then; ``ranker``: the strategy.  See docs/algorithms/ranking.md.
"""
