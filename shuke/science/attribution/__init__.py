"""Attribution: which channels a conversion owes how much to.

``rules`` shares each conversion by the order of its touches, ``markov`` asks what would be lost without a
channel, ``shapley`` shares by who took part.  All take one table of touches.  See docs/algorithms/attribution.md.
"""
