"""Who will be silent: by each member's own cycle (``hazard``) and by a classifier with reasons (``classifier``).

Both answer the same question, the probability to buy nothing in the next ``horizon_days``, from what was known on a
day; ``judging`` says how well, on days that came later.  See docs/algorithms/churn.md.
"""
