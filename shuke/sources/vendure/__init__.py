"""Vendure shops, by their Admin API (GraphQL)."""

from shuke.sources.vendure.connector import VENDURE

__all__ = ["VENDURE"]
