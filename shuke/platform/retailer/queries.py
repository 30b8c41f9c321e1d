"""Reading the retailer's settings."""

from shuke.platform.calls import read_once
from shuke.platform.retailer.models import Retailer
from shuke.platform.retailer.schemas import RetailerView


@read_once
def retailer() -> RetailerView:
    """The settings; defaults before anybody has saved them."""
    return RetailerView.from_orm(Retailer.objects.filter(pk=1).first() or Retailer())
