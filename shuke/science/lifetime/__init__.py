"""Lifetime value: how many orders a member will still place, whether it still buys, and what that is worth.

Purchase histories become rows of frequency, recency and age (``histories``), a model of repeat buying
is fitted to them by maximum likelihood (``nbd``, ``bg_nbd``, ``mbg_cnbd``, ``pareto_nbd``; ``fitting``), the
best one is chosen and asked whether it can see drop-out at all (``choice``), and ``value`` turns expected
orders and expected spend (``spend``) into money.  See docs/algorithms/lifetime.md.
"""
