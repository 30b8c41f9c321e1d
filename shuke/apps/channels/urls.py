"""Pages of messages, and the doors that readers of messages come through."""

from django.urls import path

from shuke.apps.channels import pages

app_name = "channels"
urlpatterns = [
    path("messages/", pages.message_list, name="messages"),
    path("messages/email/", pages.email_page, name="email"),
    path("messages/email/test/", pages.email_test, name="email_test"),
    path("messages/<str:message_id>/", pages.message_page, name="message"),
    path("messages/<str:message_id>/body/", pages.message_body, name="body"),
    path("messages/<str:message_id>/unmask/", pages.unmask, name="unmask"),
    path("messages/<str:message_id>/resolve/", pages.resolve, name="resolve"),
    path("t/o/<str:token>.gif", pages.opened, name="opened"),
    path("t/c/<str:token>", pages.clicked, name="clicked"),
    path("u/<str:token>", pages.leave, name="leave"),
]
