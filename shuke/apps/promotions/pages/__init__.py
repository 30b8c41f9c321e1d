"""Pages of vouchers: the list, one kind, its form, codes, one voucher, and a card on the page of a member."""

from shuke.apps.promotions.pages.member import register

__all__ = ["register"]
