"""Files that name the currency in each row."""

from __future__ import annotations

from dataclasses import replace

from shuke.sources.files.layouts.layout import Draft


def one_currency(draft: Draft) -> Draft:
    """Read the file in its most frequent currency; put rows of another aside."""
    if "currency" not in draft.rows.columns or not draft.rows["currency"].count():
        return draft
    codes = draft.rows["currency"].str.to_uppercase()
    main = codes.drop_nulls().mode().sort()[0]
    others = draft.rows.filter((codes != main).fill_null(value=False))["row_no"]
    faults = tuple((number, "order_paid", "other_currency") for number in others)
    return replace(draft, faults=(*draft.faults, *faults), settings={**draft.settings, "currency": main})
