"""Reading the retailer's settings."""

from shuke.platform.retailer.models import Retailer
from shuke.platform.retailer.schemas import RetailerView


def retailer() -> RetailerView:
    """The settings; defaults before anybody has saved them."""
    return RetailerView.from_orm(Retailer.objects.filter(pk=1).first() or Retailer())
