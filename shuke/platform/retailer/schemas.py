"""What others see of the retailer."""

from ninja import Schema


class RetailerView(Schema):
    """The settings of the installation.  ``notice`` is shown on top of every page, such as for demo data."""

    name: str
    time_zone: str
    currency: str
    default_language: str
    needs_second_approval: bool
    control_percent: int
    sender_name: str
    sender_address: str
    notice: str
