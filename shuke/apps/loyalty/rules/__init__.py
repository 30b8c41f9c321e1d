"""Decisions about points, without database and clock.  docs/algorithms/points.md says why."""
