"""For whom a preview is shown."""

from __future__ import annotations

from typing import Any

from django import forms

from shuke.web.forms import StyledForm

#: As long as ids of members and products may be.
Id = {"max_length": 80, "required": False}
#: Products that a basket may hold.
MOST = 50


class PreviewForm(StyledForm):
    """A member, product, basket or segment.  Fields begin with ``for_``, so that they never meet those of a slot."""

    for_member = forms.RegexField(regex=r"^[\x21-\x7e]*$", **Id)
    for_product = forms.RegexField(regex=r"^[^\x00-\x1f]*$", **Id)
    for_segment = forms.RegexField(regex=r"^[^\x00-\x1f]*$", **Id)
    for_store = forms.RegexField(regex=r"^[^\x00-\x1f]*$", **Id)
    for_arm = forms.RegexField(regex=r"^[a-z0-9_-]*$", max_length=40, required=False)

    def basket(self) -> tuple[str, ...]:
        """What lies in the basket, in order."""
        data: Any = self.data
        found = [each for each in data.getlist("for_basket-products") if 0 < len(each) <= Id["max_length"]]
        return tuple(dict.fromkeys(found[:MOST]))
