"""Pages of recommendations: the slots, how strategies compare, what of the catalogue is shown."""

from typing import Any

app_name = "recommendations"
urlpatterns: list[Any] = []
