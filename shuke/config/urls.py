"""Where everything is served."""

from django.urls import include, path

from shuke.config.api import api
from shuke.web.api_reference import reference_page

urlpatterns = [
    path("", include("shuke.platform.observability.urls")),
    path("api/v1/docs", reference_page(api), name="api_reference"),
    path("api/v1/", api.urls),
    path("", include("shuke.web.urls")),
    path("", include("shuke.apps.insights.urls")),
    path("members/", include("shuke.apps.members.urls")),
    path("", include("shuke.apps.compliance.urls")),
    path("", include("shuke.apps.identity.urls")),
    path("products/", include("shuke.apps.commerce.urls")),
    path("", include("shuke.apps.connections.urls")),
    path("quality/", include("shuke.apps.quality.urls")),
    path("sources/", include("shuke.apps.collector.urls")),
    path("audiences/", include("shuke.apps.audiences.urls")),
    path("recommendations/", include("shuke.apps.recommendations.urls")),
    path("campaigns/", include("shuke.apps.campaigns.urls")),
    path("", include("shuke.apps.channels.urls")),
    path("vouchers/", include("shuke.apps.promotions.urls")),
    path("", include("shuke.apps.loyalty.urls")),
]

handler403 = "shuke.web.pages.errors.forbidden"
handler404 = "shuke.web.pages.errors.not_found"
handler500 = "shuke.web.pages.errors.fault"
