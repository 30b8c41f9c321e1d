"""Who may see people's data in the clear, and who did."""

from shuke.platform.accounts.queries import users
from shuke.platform.accounts.schemas import UserView
from shuke.platform.audit.queries import entries_of_verbs
from shuke.platform.audit.schemas import AuditView
from shuke.platform.permissions import ROLES

#: Acts that showed somebody what names people.
LOOKS = (
    "member.unmasked",
    "member.exported",
    "message.unmasked",
    "receiver.unmasked",
    "import.rows_downloaded",
    "event.unmasked",
)


def looks_page(*, limit: int, offset: int = 0) -> tuple[list[AuditView], int]:
    """Every look, newest first, and how many there are."""
    return entries_of_verbs(LOOKS, limit=limit, offset=offset)


def who_may_look() -> list[UserView]:
    """Active people whose role lets them see members in the clear."""
    roles = {role for role, permissions in ROLES.items() if "members.unmask" in permissions}
    return [user for user in users() if user.is_active and user.role in roles]
