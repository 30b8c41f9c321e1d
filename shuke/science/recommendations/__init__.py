"""What to recommend to whom: histories, strategies under their known names, and how well they do.

``histories`` holds who bought what when; ``splits`` cuts it in time; ``strategies`` says what a strategy is and how
lists are made; ``evaluation`` judges.  One file per strategy.  See docs/algorithms/recommendations.md.
"""
