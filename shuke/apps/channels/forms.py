"""Forms of channels."""

from django import forms
from django.utils.translation import gettext_lazy as _

from shuke.web.forms import StyledForm


class EmailForm(StyledForm):
    """The mail server."""

    host = forms.CharField(label=_("Mail server"), max_length=253, help_text=_("Such as smtp.example.com."))
    port = forms.IntegerField(label=_("Port"), min_value=1, max_value=65535, initial=587)
    security = forms.ChoiceField(
        label=_("Encryption"),
        choices=[
            ("starttls", _("STARTTLS (port 587)")),
            ("tls", _("TLS (port 465)")),
            ("none", _("None (only inside your own network)")),
        ],
    )
    username = forms.CharField(label=_("User name"), max_length=200, required=False)
    password = forms.CharField(
        label=_("Password"),
        max_length=500,
        required=False,
        strip=False,
        help_text=_("Leave empty to keep the present one."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    messages_per_second = forms.FloatField(
        label=_("Messages per second"),
        min_value=0,
        max_value=10_000,
        help_text=_("For each worker; 0 sends as fast as the server takes them."),
    )
    is_tracking = forms.BooleanField(label=_("Measure opens and clicks"), required=False)
