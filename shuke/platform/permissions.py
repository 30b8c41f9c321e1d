"""Who may do what: roles of people, scopes of tokens, and the actor that every operation is told."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from shuke.platform.errors import NotPermitted

Role = Literal["administrator", "analyst", "marketer", "approver", "privacy_officer", "viewer"]

PERMISSIONS: tuple[str, ...] = (
    "overview.view",
    "members.view",
    "members.edit",
    "members.unmask",
    "products.view",
    "imports.view",
    "imports.edit",
    "sources.view",
    "sources.edit",
    "insights.view",
    "insights.edit",
    "audiences.view",
    "audiences.edit",
    "recommendations.view",
    "recommendations.edit",
    "campaigns.view",
    "campaigns.edit",
    "campaigns.approve",
    "campaigns.send",
    "messages.view",
    "loyalty.view",
    "loyalty.edit",
    "points.adjust",
    "points.approve",
    "vouchers.view",
    "vouchers.edit",
    "checkout.edit",
    "finance.view",
    "jobs.view",
    "settings.view",
    "settings.edit",
    "audit.view",
    "privacy.view",
    "privacy.edit",
    "accounts.edit",
)

_VIEW = frozenset(name for name in PERMISSIONS if name.endswith(".view")) - {
    "audit.view",
    "settings.view",
    "privacy.view",
}

ROLES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "administrator": frozenset(PERMISSIONS),
        "analyst": _VIEW
        | {"imports.edit", "sources.edit", "insights.edit", "audiences.edit"}
        | {"recommendations.edit"},
        "marketer": _VIEW
        | {"imports.edit", "audiences.edit", "campaigns.edit", "campaigns.send", "members.edit"}
        | {"loyalty.edit", "points.adjust", "vouchers.edit", "recommendations.edit"},
        "approver": _VIEW | {"campaigns.approve", "points.approve", "audit.view"},
        # Who answers to the people whose data it is: sees it in the clear, hands it out, erases it.
        "privacy_officer": _VIEW
        | {"members.edit", "members.unmask", "audit.view", "privacy.view", "privacy.edit"},
        "viewer": _VIEW,
    }
)


@dataclass(frozen=True)
class Actor:
    """Who does it: a person, an API token or the system itself.

    A token never may more than both its scopes and the role of its owner.
    """

    kind: Literal["user", "token", "system"]
    id: str
    name: str
    role: str = "viewer"
    scopes: frozenset[str] = field(default_factory=frozenset)

    def may(self, permission: str) -> bool:
        """Whether the actor holds the permission.  Raises ``ValueError`` for an unknown one."""
        if permission not in PERMISSIONS:
            raise ValueError(f"There is no permission {permission!r}; see shuke/platform/permissions.py.")
        if self.kind == "system":
            return True
        granted = permission in ROLES.get(self.role, frozenset())
        return granted and (self.kind == "user" or permission in self.scopes)

    def require(self, permission: str) -> None:
        """Raise ``NotPermitted`` unless the actor holds the permission."""
        if not self.may(permission):
            raise NotPermitted(
                "not_permitted",
                f"This needs the permission {permission}; ask an administrator for a role that has it.",
                {"permission": permission},
            )


SYSTEM = Actor(kind="system", id="system", name="Shuke", role="administrator")
