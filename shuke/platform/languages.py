"""The reader's language, and short texts that the retailer gives in each of the console's languages."""

from collections.abc import Mapping

from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from shuke.platform.errors import Invalid


def babel_locale() -> str:
    """The language of the thread as Babel names it."""
    return "zh_Hans" if (get_language() or "en").startswith("zh") else "en"


def in_language(texts: Mapping[str, str], otherwise: str = "") -> str:
    """The text in the language of the thread, else in any that there is, else ``otherwise``."""
    language = "zh-hans" if (get_language() or "en").startswith("zh") else "en"
    return texts.get(language) or next((text for text in texts.values() if text), "") or otherwise


def checked_texts(texts: Mapping[str, str] | None, *, field: str, most: int) -> dict[str, str]:
    """The texts that say something, by language (``settings.LANGUAGES``), without spaces around them.

    Raises ``Invalid`` for a language the console does not speak and for more than ``most`` characters.
    """
    known = {code for code, _name in settings.LANGUAGES}
    found = {language: " ".join(text.split()) for language, text in (texts or {}).items()}
    wrong = [
        language
        for language, text in found.items()
        if language not in known or len(text) > most or "\x00" in text
    ]
    if wrong:
        message = _("Give each text in one of %(languages)s, up to %(most)s characters.")
        words = {"languages": ", ".join(sorted(known)), "most": most}
        raise Invalid("invalid_texts", message % words, {field: sorted(wrong)})
    return {language: text for language, text in found.items() if text}
