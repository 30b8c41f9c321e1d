"""What people call traits, operators and values.  The stored names stay the English ones of the code."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from shuke.web.labels import own_words

Labels = Mapping[str, str | Promise]

TRAITS: Labels = {
    "member_since": _("Member since"),
    "first_order_date": _("First order"),
    "last_order_date": _("Last order"),
    "recency_days": _("Days since the last order"),
    "frequency": _("Orders in the last year"),
    "monetary_minor": _("Spend in the last year"),
    "orders_total": _("Orders ever"),
    "spend_total_minor": _("Spend ever"),
    "average_order_minor": _("Average order"),
    "recency_score": _("Recency score (1–5)"),
    "frequency_score": _("Frequency score (1–5)"),
    "monetary_score": _("Monetary score (1–5)"),
    "rfm_segment": _("RFM segment"),
    "purchase_cycle_days": _("Days between purchases"),
    "lifecycle_stage": _("Lifecycle stage"),
    "favourite_department": _("Favourite department"),
    "favourite_category": _("Favourite category"),
    "favourite_store": _("Favourite store"),
    "favourite_weekday": _("Favourite weekday"),
    "favourite_hour": _("Favourite hour"),
    "preferred_channel": _("Preferred sales channel"),
    "discount_share": _("Share bought on discount (0–1)"),
}
STAGES: Labels = {
    "prospect": pgettext_lazy("lifecycle stage", "Prospect"),
    "new": pgettext_lazy("lifecycle stage", "New"),
    "active": pgettext_lazy("lifecycle stage", "Active"),
    "loyal": pgettext_lazy("lifecycle stage", "Loyal"),
    "at_risk": pgettext_lazy("lifecycle stage", "At risk"),
    "lost": pgettext_lazy("lifecycle stage", "Lost"),
}
SEGMENTS: Labels = {
    "champions": pgettext_lazy("RFM segment", "Champions"),
    "loyal": pgettext_lazy("RFM segment", "Loyal customers"),
    "potential_loyalists": pgettext_lazy("RFM segment", "Potential loyalists"),
    "new": pgettext_lazy("RFM segment", "New customers"),
    "promising": pgettext_lazy("RFM segment", "Promising"),
    "need_attention": pgettext_lazy("RFM segment", "Need attention"),
    "about_to_sleep": pgettext_lazy("RFM segment", "About to sleep"),
    "at_risk": pgettext_lazy("RFM segment", "At risk"),
    "cannot_lose": pgettext_lazy("RFM segment", "Cannot lose them"),
    "hibernating": pgettext_lazy("RFM segment", "Hibernating"),
    "lost": pgettext_lazy("RFM segment", "Lost"),
}
WEEKDAYS: Labels = {
    "1": _("Monday"),
    "2": _("Tuesday"),
    "3": _("Wednesday"),
    "4": _("Thursday"),
    "5": _("Friday"),
    "6": _("Saturday"),
    "7": _("Sunday"),
}
OPERATORS: Labels = {
    "eq": _("is"),
    "ne": _("is not"),
    "lt": _("is below"),
    "le": _("is at most"),
    "gt": _("is above"),
    "ge": _("is at least"),
    "between": _("is between"),
    "in": _("is one of"),
    "contains": _("contains"),
    "starts_with": _("starts with"),
    "is_known": _("is known"),
    "last_days": _("lies in the last … days"),
}
NUMBER_OPERATORS: Labels = {
    "ge": _("at least"),
    "le": _("at most"),
    "eq": _("exactly"),
    "ne": _("not exactly"),
    "gt": _("more than"),
    "lt": _("less than"),
    "between": _("between"),
}
DATE_OPERATORS: Labels = {
    "eq": _("is on"),
    "ne": _("is not on"),
    "lt": _("is before"),
    "le": _("is on or before"),
    "gt": _("is after"),
    "ge": _("is on or after"),
    "between": _("is between"),
    "last_days": _("lies in the last … days"),
    "is_known": _("is known"),
}
TYPES: Labels = {
    "trait": _("Trait"),
    "attribute": _("Attribute"),
    "purchase": _("Purchase"),
    "event": _("Behaviour"),
    "message": _("Message"),
    "sequence": _("One thing after another"),
    "audience": _("Member of an audience"),
    "tier": _("Tier"),
    "layer": _("Layer"),
    "moved": _("Moved between layers"),
    "due": _("Needs the next one"),
    "consent": _("Consent"),
    "reachable": _("Reachable on a channel"),
    "anniversary": _("Birthday or other anniversary"),
    "share": _("Random share"),
    "members": _("List of members"),
    "all": _("All of these"),
    "any": _("Any of these"),
    "not": _("None of this"),
}
MEASURES: Labels = {
    "count": _("how often"),
    "sum": _("for how much"),
    "first": _("for the first time"),
    "last": _("for the last time"),
}
WINDOWS: Labels = {
    "ever": _("ever"),
    "last_days": _("in the last … days"),
    "between": _("between two days"),
}
MESSAGE_EVENTS: Labels = {
    "received": _("Received"),
    "opened": _("Opened"),
    "clicked": _("Clicked"),
    "replied": _("Replied"),
    "bounced": _("Bounced"),
    "complained": _("Complained"),
    "unsubscribed": _("Unsubscribed"),
}
STATES: Labels = {
    "granted": _("granted"),
    "withdrawn": _("withdrawn"),
    "unknown": _("never asked"),
}
CHANNELS: Labels = {
    "email": _("Email"),
    "sms": _("Text message"),
    "console": _("Console outbox"),
}
PURPOSES: Labels = {"marketing": _("Marketing"), "service": _("Service")}
ATTRIBUTES: Labels = {
    "birthday": _("Birthday"),
    "city": _("City"),
    "gender": _("Gender"),
    "age_group": _("Age group"),
    "joined_on": _("Joined on"),
    "household_size": _("Household size"),
    "income": _("Income"),
    "age": _("Age"),
    "home_ownership": _("Home ownership"),
    "marital_status": _("Marital status"),
    "household_comp": _("Household composition"),
    "kids_count": _("Children"),
}
#: Traits whose values come from a short fixed list.
TRAIT_VALUES: Mapping[str, Labels] = {
    "lifecycle_stage": STAGES,
    "rfm_segment": SEGMENTS,
    "favourite_weekday": WEEKDAYS,
}


def trait_values(field: str) -> Labels:
    """The values of a trait with a fixed list, as the retailer itself calls them; empty for any other trait."""
    known = TRAIT_VALUES.get(field, {})
    own = own_words(field)
    codes = own.offered or tuple(known)
    return {code: own.word(code) or known.get(code, code) for code in dict.fromkeys([*codes, *own.words])}


def label(labels: Labels, name: str) -> str:
    """The label in the reader's language; the name itself where there is none."""
    return str(labels.get(name, name))


def plain(labels: Labels) -> dict[str, str]:
    """All labels in the reader's language."""
    return {name: str(text) for name, text in labels.items()}
