"""Money is an integer number of minor units beside an ISO 4217 currency, never a float."""

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from babel.core import get_global
from babel.numbers import format_currency


def exponent(currency: str) -> int:
    """Decimal places of the currency: CNY 2, JPY 0, KWD 3 (CLDR).  Unknown codes have 2."""
    fractions = get_global("currency_fractions")
    return int(fractions.get(currency, fractions["DEFAULT"])[0])


def to_minor(amount: Decimal | str, currency: str) -> int:
    """Minor units of a decimal amount, rounded half up.  Raises ``ValueError`` for what is no number."""
    try:
        value = Decimal(amount)
    except InvalidOperation as error:
        raise ValueError(f"{amount!r} is not an amount of money.") from error
    if not value.is_finite():
        raise ValueError(f"{amount!r} is not an amount of money.")
    return int((value * 10 ** exponent(currency)).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def to_major(amount_minor: int, currency: str) -> Decimal:
    """The decimal amount of minor units, exact."""
    return Decimal(amount_minor).scaleb(-exponent(currency))


def money_text(amount_minor: int, currency: str, *, locale: str = "en") -> str:
    """The amount as people write it in that language, such as ``US$12.30``."""
    return format_currency(to_major(amount_minor, currency), currency, locale=locale.replace("-", "_"))
