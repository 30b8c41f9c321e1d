"""Shuke (熟客): member marketing for retailers."""

__version__ = "0.1.0"
