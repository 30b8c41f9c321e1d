"""What permissions are called where people choose them for a token; a test looks at every one."""

from django.utils.translation import pgettext_lazy

from shuke.web.labels import Labels, register_labels

SCOPES: Labels = {
    "overview.view": (pgettext_lazy("scope", "See the overview"), "grey"),
    "members.view": (pgettext_lazy("scope", "See members, names masked"), "grey"),
    "members.edit": (pgettext_lazy("scope", "Change members"), "grey"),
    "members.unmask": (pgettext_lazy("scope", "Read names and contacts in the clear"), "red"),
    "products.view": (pgettext_lazy("scope", "See products"), "grey"),
    "imports.view": (pgettext_lazy("scope", "See imports"), "grey"),
    "imports.edit": (pgettext_lazy("scope", "Bring files in"), "grey"),
    "sources.view": (pgettext_lazy("scope", "See collectors and their sources"), "grey"),
    "sources.edit": (pgettext_lazy("scope", "Set collectors and sources up"), "grey"),
    "insights.view": (pgettext_lazy("scope", "See insights"), "grey"),
    "insights.edit": (pgettext_lazy("scope", "Start studies and change their rules"), "grey"),
    "audiences.view": (pgettext_lazy("scope", "See audiences"), "grey"),
    "audiences.edit": (pgettext_lazy("scope", "Make and change audiences"), "grey"),
    "recommendations.view": (pgettext_lazy("scope", "Ask for recommendations"), "grey"),
    "recommendations.edit": (pgettext_lazy("scope", "Change recommendations and fit them"), "grey"),
    "campaigns.view": (pgettext_lazy("scope", "See campaigns"), "grey"),
    "campaigns.edit": (pgettext_lazy("scope", "Write campaigns"), "grey"),
    "campaigns.approve": (pgettext_lazy("scope", "Approve campaigns"), "red"),
    "campaigns.send": (pgettext_lazy("scope", "Send campaigns"), "red"),
    "messages.view": (pgettext_lazy("scope", "See messages"), "grey"),
    "loyalty.view": (pgettext_lazy("scope", "See points, tiers and benefits"), "grey"),
    "loyalty.edit": (pgettext_lazy("scope", "Change the programme, and book what members earn"), "grey"),
    "points.adjust": (pgettext_lazy("scope", "Give and take points by hand"), "red"),
    "points.approve": (pgettext_lazy("scope", "Approve points by hand"), "red"),
    "vouchers.view": (pgettext_lazy("scope", "See vouchers, without codes"), "grey"),
    "vouchers.edit": (pgettext_lazy("scope", "Make and issue vouchers, read codes"), "red"),
    "checkout.edit": (pgettext_lazy("scope", "Sell at a till or a web shop"), "grey"),
    "finance.view": (pgettext_lazy("scope", "See points in the books"), "grey"),
    "jobs.view": (pgettext_lazy("scope", "See jobs"), "grey"),
    "settings.view": (pgettext_lazy("scope", "See settings"), "grey"),
    "settings.edit": (pgettext_lazy("scope", "Change settings"), "red"),
    "audit.view": (pgettext_lazy("scope", "Read the audit log"), "grey"),
    "privacy.view": (pgettext_lazy("scope", "See requests of people about their data"), "grey"),
    "privacy.edit": (pgettext_lazy("scope", "Hand out and erase people's data"), "red"),
    "accounts.edit": (pgettext_lazy("scope", "Manage people and tokens"), "red"),
}
register_labels("scope", SCOPES)
