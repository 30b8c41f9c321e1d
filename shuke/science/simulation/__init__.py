"""Worlds whose truth is known, to prove the estimators against."""
