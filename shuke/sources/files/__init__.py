"""Files that people bring: CSV, Excel and Parquet become rows of the canonical tables.

The way of a file: :func:`reading.read_file` → :func:`mapping.automatic_mapping` or a saved profile →
:func:`checking.check` (types, ranges, duplicates, outliers) → the kind's ``shape`` (tables of the lake).
Nothing here knows Django, the lake or the clock.
"""
