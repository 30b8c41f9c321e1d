"""The API, the refunds, and what people of the shop do at its desk."""

from django.urls import include, path

from shop.desk import give_voucher, pay_back, set_status
from shop.refunds import RefundList

urlpatterns = [
    path("api/admin/refunds/", RefundList.as_view()),
    path("api/", include("oscarapi.urls")),
    path("desk/<str:number>/status/", set_status),
    path("desk/<str:number>/refund/", pay_back),
    path("desk/<str:code>/voucher/", give_voucher),
]
