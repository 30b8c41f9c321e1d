"""Forms of the frame's pages.  Widgets carry Tabler's classes and nothing inline."""

from collections.abc import Mapping
from typing import Any

from babel.numbers import get_currency_name, list_currencies
from django import forms
from django.conf import settings
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from shuke.platform.languages import babel_locale
from shuke.platform.permissions import PERMISSIONS
from shuke.web.labels import choices_of
from shuke.web.scopes import SCOPES

ROLE_CHOICES = lazy(lambda: choices_of("role"), list)


class StyledForm(forms.Form):
    """A form whose fields look like the console's; the base of forms everywhere."""

    template_name = "web/components/form.html"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        for field in self.fields.values():
            self._style(field.widget)
            if isinstance(field, forms.SlugField):
                field.error_messages["invalid"] = _(
                    "Use Latin letters, digits, - and _ only, without spaces."
                )

    @staticmethod
    def _style(widget: forms.Widget) -> None:
        kind = "form-control"
        if isinstance(widget, (forms.CheckboxSelectMultiple, forms.RadioSelect, forms.CheckboxInput)):
            kind = "form-check-input"
        elif isinstance(widget, forms.Select):
            kind = "form-select"
        widget.attrs["class"] = f"{widget.attrs.get('class', '')} {kind}".strip()


class NamedForm(StyledForm):
    """A form of something that has a name in each language of the console, one of them at least."""

    longest_name = 60
    name_en = forms.CharField(label=_("Name in English"), required=False)
    name_zh = forms.CharField(
        label=_("Name in Chinese"),
        required=False,
        help_text=_("Every reader sees their own language; where one is missing, the other."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in ("name_en", "name_zh"):
            if field in self.fields:
                self.fields[field].widget.attrs["maxlength"] = str(self.longest_name)

    def clean(self) -> dict[str, Any]:
        """Ask for one name."""
        data = super().clean() or {}
        if "name_en" not in self.fields:
            return data
        for field in ("name_en", "name_zh"):
            if len(data.get(field) or "") > self.longest_name:
                self.add_error(field, _("At most %(most)s characters.") % {"most": self.longest_name})
        if not data.get("name_en") and not data.get("name_zh"):
            self.add_error("name_en", _("Say what it is called, in one language at least."))
        return data

    def names(self) -> dict[str, str]:
        """The names by language, after validation."""
        data = self.cleaned_data
        found = {"en": data.get("name_en", ""), "zh-hans": data.get("name_zh", "")}
        return {language: name for language, name in found.items() if name}


def names_initial(names: Mapping[str, str], otherwise: str) -> dict[str, str]:
    """What a ``NamedForm`` begins with; a name of before there were two goes where its letters say."""
    if not names and otherwise:
        names = {"en" if otherwise.isascii() else "zh-hans": otherwise}
    return {"name_en": names.get("en", ""), "name_zh": names.get("zh-hans", "")}


class SignInForm(StyledForm):
    """Name and password."""

    username = forms.CharField(
        label=_("User name"),
        max_length=80,
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autofocus": True, "autocapitalize": "none"}
        ),
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class ProfileForm(StyledForm):
    """What a person may change of themselves."""

    display_name = forms.CharField(label=_("Shown as"), max_length=120, required=False)
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)


class NewPasswordForm(StyledForm):
    """A new password, typed twice."""

    password = forms.CharField(
        label=_("New password"),
        max_length=200,
        strip=False,
        help_text=_("At least 10 characters and not a common one."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    repeated = forms.CharField(
        label=_("New password again"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean(self) -> dict[str, Any]:
        """Both must be equal."""
        data = super().clean() or {}
        if data.get("password") and data.get("repeated") and data["password"] != data["repeated"]:
            self.add_error("repeated", _("The two passwords differ."))
        return data


class OwnPasswordForm(NewPasswordForm):
    """Changing one's own password needs the present one."""

    present = forms.CharField(
        label=_("Present password"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    field_order = ("present", "password", "repeated")


class NewUserForm(StyledForm):
    """A new person of the team."""

    username = forms.CharField(
        label=_("User name"),
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
    )
    display_name = forms.CharField(label=_("Shown as"), max_length=120, required=False)
    role = forms.ChoiceField(label=_("Role"), choices=ROLE_CHOICES(), initial="viewer")
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    password = forms.CharField(
        label=_("First password"),
        max_length=200,
        strip=False,
        help_text=_("At least 10 characters and not a common one."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )


class UserForm(StyledForm):
    """Changing a person of the team."""

    display_name = forms.CharField(label=_("Shown as"), max_length=120, required=False)
    role = forms.ChoiceField(label=_("Role"), choices=ROLE_CHOICES())
    is_active = forms.BooleanField(label=_("May sign in"), required=False)


class TokenForm(StyledForm):
    """A new API token."""

    name = forms.CharField(
        label=_("What it is for"), max_length=80, help_text=_("Such as: till export, nightly report.")
    )
    scopes = forms.MultipleChoiceField(
        label=_("Scopes"),
        choices=lambda: [(name, f"{SCOPES[name][0]} · {name}") for name in PERMISSIONS],
        widget=forms.CheckboxSelectMultiple,
        help_text=_("A token may do what its scopes and its owner's role both allow."),
    )
    days = forms.TypedChoiceField(
        label=_("Ends after"),
        coerce=int,
        choices=[(30, _("30 days")), (90, _("90 days")), (365, _("One year")), (0, _("Never"))],
        initial=90,
    )


def currency_choices() -> list[tuple[str, str]]:
    """Every currency by its code, with what it is called in the reader's language."""
    locale = babel_locale()
    return [
        (code, f"{code} · {get_currency_name(code, locale=locale)}") for code in sorted(list_currencies())
    ]


class RetailerForm(StyledForm):
    """The settings of the installation."""

    name = forms.CharField(label=_("Name of the retailer"), max_length=120)
    time_zone = forms.CharField(
        label=_("Time zone"),
        max_length=60,
        help_text=_("Such as Asia/Shanghai; business days are days there."),
    )
    currency = forms.ChoiceField(label=_("Currency"), choices=currency_choices)
    default_language = forms.ChoiceField(label=_("Language for new visitors"), choices=settings.LANGUAGES)
    needs_second_approval = forms.BooleanField(
        label=_("A campaign needs the approval of a second person"), required=False
    )
    control_percent = forms.IntegerField(
        label=_("Control group, percent"),
        min_value=0,
        max_value=90,
        help_text=_("This share of every audience gets no message, so that the effect can be measured."),
    )
    sender_name = forms.CharField(label=_("Sender of emails, name"), max_length=120, required=False)
    sender_address = forms.EmailField(label=_("Sender of emails, address"), max_length=254, required=False)
    notice = forms.CharField(
        label=_("Notice on every page"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
