"""Decisions about messages: no Django, no clock, no files."""
