"""Pages of the programme: the console's under ``membership/``, the member's own under ``my/``."""

from django.urls import URLPattern, path

from shuke.apps.loyalty.pages import finance, ledger, statement, tiers, tiers_member

app_name = "loyalty"
urlpatterns: list[URLPattern] = [
    path("membership/ledger/", ledger.show_ledger, name="ledger"),
    path("membership/ledger/verify/", ledger.verify_now, name="verify"),
    path("membership/ledger/heads.json", ledger.download_heads, name="heads"),
    path("membership/adjustments/", ledger.show_adjustments, name="adjustments"),
    path("membership/adjustments/limits/", ledger.change_limits, name="adjustment_limits"),
    path(
        "membership/adjustments/<str:adjustment_id>/",
        ledger.decide_adjustment,
        name="decide_adjustment",
    ),
    path(
        "members/<str:member_id>/points/<str:points_type>/",
        statement.show_statement,
        name="statement",
    ),
    path("members/<str:member_id>/points/<str:points_type>/adjust/", statement.adjust, name="adjust"),
    path("membership/tiers/", tiers.show_tiers, name="tiers"),
    path("membership/tiers/new/", tiers.edit_tiers, name="tier_new"),
    path("membership/tiers/<str:program_id>/edit/", tiers.edit_tiers, name="tier_edit"),
    path("membership/tiers/<str:program_id>/try/", tiers.try_tiers, name="tier_try"),
    path("membership/tiers/<str:program_id>/drop/", tiers.drop_draft, name="tier_drop"),
    path("membership/tiers/<str:program_id>/moves/", tiers.show_moves, name="tier_moves"),
    path("membership/tiers/<str:program_id>/trials/<str:trial_id>/", tiers.show_trial, name="tier_trial"),
    path(
        "membership/tiers/<str:program_id>/trials/<str:trial_id>/publish/",
        tiers.publish_tiers,
        name="tier_publish",
    ),
    path("members/<str:member_id>/tier/", tiers_member.invite, name="tier_invite"),
    path("members/<str:member_id>/tier/<str:invitation_id>/", tiers_member.take_back, name="tier_take_back"),
    path("membership/finance/", finance.show_finance, name="finance"),
    path("membership/finance/what-if/", finance.show_what_if, name="finance_what_if"),
    path("membership/finance/costs/", finance.show_costs, name="finance_costs"),
    path("membership/finance/journal.<str:form>", finance.download_journal, name="finance_journal"),
    path("membership/finance/months.<str:form>", finance.download_roll_forward, name="finance_months"),
]
