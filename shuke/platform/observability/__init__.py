"""Seeing from outside what the system does: logs, metrics, health; never a person's data."""
