"""Pages of the programme: the console's under ``membership/``, the member's own under ``my/``."""

from django.urls import URLPattern, path

from shuke.apps.loyalty.pages import finance

app_name = "loyalty"
urlpatterns: list[URLPattern] = [
    path("membership/finance/", finance.show_finance, name="finance"),
    path("membership/finance/what-if/", finance.show_what_if, name="finance_what_if"),
    path("membership/finance/costs/", finance.show_costs, name="finance_costs"),
    path("membership/finance/journal.<str:form>", finance.download_journal, name="finance_journal"),
    path("membership/finance/months.<str:form>", finance.download_roll_forward, name="finance_months"),
]
