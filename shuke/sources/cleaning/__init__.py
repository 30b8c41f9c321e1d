"""Cleaning: one written form for what many people write in many ways, and rules that find what is wrong.

Normalisers: :mod:`phones`, :mod:`emails`, :mod:`names`, :mod:`addresses`, :mod:`birthdays`.  Rules: :mod:`duplicates`,
:mod:`outliers`, :mod:`consistency`; :mod:`scoring` sums a source up.  A normaliser gives ``None`` for what is no such
thing; it never guesses a person.  Nothing here knows Django, the lake or the clock.
"""
