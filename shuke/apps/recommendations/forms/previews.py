"""For whom a preview is shown."""

from __future__ import annotations

from typing import Any

from django import forms

from shuke.web.forms import StyledForm

#: As long as ids of members and products may be.
LONGEST = 80
#: Products that a basket may hold.
MOST = 50


def _id(regex: str) -> forms.RegexField:
    return forms.RegexField(regex=regex, max_length=LONGEST, required=False)


class PreviewForm(StyledForm):
    """A member, product, basket or segment.  Fields begin with ``for_``, so that they never meet those of a slot."""

    for_member = _id(r"^[\x21-\x7e]*$")
    for_product = _id(r"^[^\x00-\x1f]*$")
    for_segment = _id(r"^[^\x00-\x1f]*$")
    for_store = _id(r"^[^\x00-\x1f]*$")
    for_arm = forms.RegexField(regex=r"^[a-z0-9_-]*$", max_length=40, required=False)

    def basket(self) -> tuple[str, ...]:
        """What lies in the basket, in order."""
        data: Any = self.data
        found = [each for each in data.getlist("for_basket-products") if 0 < len(each) <= LONGEST]
        return tuple(dict.fromkeys(found[:MOST]))
