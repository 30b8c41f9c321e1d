"""Faults of a condition tree as sentences that say how to mend them."""

from collections.abc import Iterable, Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from shuke.apps.audiences.rules import Fault
from shuke.apps.audiences.schemas import FaultView

MESSAGES: Mapping[str, str | Promise] = {
    "value_missing": gettext_lazy("Fill this in."),
    "unknown_type": gettext_lazy("There is no such kind of condition."),
    "unknown_input": gettext_lazy("This condition has no such input."),
    "not_a_choice": gettext_lazy("Choose one of the offered values."),
    "out_of_range": gettext_lazy("The number is too small or too large."),
    "not_a_date": gettext_lazy("Enter a date."),
    "not_a_number": gettext_lazy("Enter a number."),
    "not_a_whole_number": gettext_lazy("Enter a whole number."),
    "not_a_text": gettext_lazy("Enter a text."),
    "not_readable": gettext_lazy("This value cannot be read."),
    "text_too_long": gettext_lazy("The text is too long (200 characters at most)."),
    "text_unreadable": gettext_lazy("The text holds a character that cannot be stored."),
    "too_many_values": gettext_lazy("These are too many values."),
    "range_reversed": gettext_lazy("The second value lies before the first."),
    "operator_not_allowed": gettext_lazy("This comparison does not fit this field."),
    "empty_group": gettext_lazy("Add a condition to this group or remove it."),
    "too_deep": gettext_lazy("Groups are nested too deeply (8 levels at most)."),
    "too_many": gettext_lazy("These are too many conditions, audiences that are referred to included."),
    "circle": gettext_lazy("This audience refers back to the one you are editing."),
    "unknown_trait": gettext_lazy("There is no trait “{value}”."),
    "unknown_attribute": gettext_lazy("No member has an attribute “{value}”."),
    "unknown_product": gettext_lazy("There is no product “{value}”."),
    "unknown_department": gettext_lazy("There is no department “{value}”."),
    "unknown_category": gettext_lazy("There is no category “{value}”."),
    "unknown_brand": gettext_lazy("There is no brand “{value}”."),
    "unknown_store": gettext_lazy("There is no store “{value}”."),
    "unknown_sales_channel": gettext_lazy("There is no sales channel “{value}”."),
    "unknown_event": gettext_lazy("No behaviour is called “{value}”."),
    "unknown_audience": gettext_lazy("There is no such audience."),
    "unknown_tier": gettext_lazy("There is no tier “{value}”."),
    "unknown_scheme": gettext_lazy("Members are not divided by “{value}”."),
    "unknown_layer": gettext_lazy("There is no layer “{value}”."),
}


def fault_views(faults: Iterable[Fault]) -> list[FaultView]:
    """The faults for people, in their order."""
    return [_view(fault) for fault in faults]


def _view(fault: Fault) -> FaultView:
    template = str(MESSAGES.get(fault.code, MESSAGES["not_readable"]))
    message = template.replace("{value}", str(fault.details.get("value", "")))
    suggestions = list(fault.details.get("suggestions", ()))
    if suggestions:
        message = f"{message} {_('Did you mean {names}?').format(names=', '.join(suggestions))}"
    return FaultView(
        code=fault.code, path=list(fault.path), input=fault.input, message=message, suggestions=suggestions
    )
