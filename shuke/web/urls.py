"""Sign-in, language, settings and the audit."""

from django.urls import path

from shuke.web.pages import audit, jobs, methods, profile, public_data, settings, signing_in

app_name = "web"
urlpatterns = [
    path("sign-in/", signing_in.sign_in, name="sign_in"),
    path("sign-out/", signing_in.sign_out, name="sign_out"),
    path("language/", signing_in.language, name="language"),
    path("profile/", profile.profile, name="profile"),
    path("profile/password/", profile.change_own_password, name="own_password"),
    path("methods/<slug:name>/", methods.method_page, name="method"),
    path("settings/", settings.retailer_settings, name="settings"),
    path("settings/users/", settings.user_list, name="users"),
    path("settings/users/new/", settings.new_user, name="new_user"),
    path("settings/users/<str:user_id>/", settings.edit_user, name="edit_user"),
    path("settings/users/<str:user_id>/password/", settings.set_user_password, name="set_user_password"),
    path("settings/tokens/", settings.token_list, name="tokens"),
    path("settings/tokens/<str:token_id>/revoke/", settings.revoke, name="revoke_token"),
    path("settings/public-data/", public_data.public_data_page, name="public_data"),
    path("settings/public-data/refresh/", public_data.refresh, name="refresh_public_data"),
    path("settings/audit/", audit.audit, name="audit"),
    path("settings/jobs/", jobs.jobs, name="jobs"),
    path("settings/jobs/facts/retry/", jobs.retry_facts, name="retry_facts"),
    path("settings/jobs/<str:job_id>/retry/", jobs.retry, name="retry_job"),
    path("settings/jobs/<str:job_id>/cancel/", jobs.cancel, name="cancel_job"),
]
