"""Pages of vouchers."""

from django.urls import path

from shuke.apps.promotions.pages import acting, editing, listing, member, showing

app_name = "promotions"
urlpatterns = [
    path("", listing.voucher_list, name="list"),
    path("new/", editing.new, name="new"),
    path("example/", editing.example, name="example"),
    path("check/", listing.check, name="check"),
    path("one/<str:voucher_id>/", showing.voucher, name="voucher"),
    path("one/<str:voucher_id>/cancel/", acting.cancel, name="cancel"),
    path("batches/<str:batch_id>/", showing.batch, name="batch"),
    path("batches/<str:batch_id>/codes/", acting.export, name="export"),
    path("batches/<str:batch_id>/cancel/", acting.cancel_batch, name="cancel_batch"),
    path("to/<str:member_id>/", member.give, name="give"),
    path("<str:definition_id>/", showing.definition, name="definition"),
    path("<str:definition_id>/edit/", editing.edit, name="edit"),
    path("<str:definition_id>/publish/", acting.publish, name="publish"),
    path("<str:definition_id>/end/", acting.end, name="end"),
    path("<str:definition_id>/copy/", acting.copy, name="copy"),
    path("<str:definition_id>/codes/", acting.order_codes, name="order_codes"),
    path("<str:definition_id>/share/", acting.share, name="share"),
    path("<str:definition_id>/issue/", acting.issue, name="issue"),
    path("<str:definition_id>/size/", showing.audience_size, name="size"),
]
