"""Forms of privacy."""

from django import forms
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from shuke.apps.compliance.queries import brand_names
from shuke.web.forms import StyledForm
from shuke.web.labels import choices_of

ADDRESS_CHANNELS = ("email", "sms", "phone")
#: Channels that people can be asked about.
ASKABLE = ("email", "sms", "phone", "wechat", "wecom", "push", "mail")


def _channels(codes: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(code, word) for code, word in choices_of("channel") if code in codes]


class AddressForm(StyledForm):
    """An address that gets nothing."""

    address = forms.CharField(
        label=_("Email or phone"),
        max_length=254,
        help_text=_(
            "It is kept as a keyed hash: the list can say whether an address is on it, not which are."
        ),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    channel = forms.ChoiceField(
        label=_("Channel"), initial="email", choices=lazy(lambda: _channels(ADDRESS_CHANNELS), list)
    )
    reason = forms.ChoiceField(
        label=_("Reason"), initial="asked", choices=lazy(lambda: choices_of("suppression_reason"), list)
    )


class AskForm(StyledForm):
    """A consent that the preference centre asks for."""

    brand = forms.ChoiceField(
        label=_("Brand"),
        required=False,
        choices=lazy(lambda: [("", str(_("All brands"))), *brand_names().items()], list),
    )
    channel = forms.ChoiceField(label=_("Channel"), choices=lazy(lambda: _channels(ASKABLE), list))
    purpose = forms.ChoiceField(label=_("Purpose"), choices=lazy(lambda: choices_of("purpose"), list))
    text_en = forms.CharField(
        label=_("Text in English"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("What people agree to, word by word. It is kept with every decision."),
    )
    text_zh = forms.CharField(
        label=_("Text in Chinese"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    position = forms.IntegerField(label=_("Position"), min_value=0, max_value=999, initial=0)
    is_offered = forms.BooleanField(label=_("Shown in the preference centre"), required=False)


class BrandForm(StyledForm):
    """A brand."""

    code = forms.SlugField(
        label=_("Code"), max_length=40, help_text=_("Small letters and digits, such as fresh.")
    )
    name = forms.CharField(label=_("Name"), max_length=80)
