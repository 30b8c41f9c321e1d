"""Changing what is recommended, and judging it."""
