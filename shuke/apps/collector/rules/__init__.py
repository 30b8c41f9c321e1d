"""Decisions of the collector that need no database."""
