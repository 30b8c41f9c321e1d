"""Reading mappings: saved ones, and that of a file with its first rows."""

from django.utils.translation import gettext

from shuke.apps.connections.models import MappingProfile
from shuke.apps.connections.queries.batches import batch_row
from shuke.apps.connections.queries.files import kind_named, profile_of, read_source, stored_path
from shuke.apps.connections.schemas import FieldChoice, Preview, ProfileView
from shuke.sources.files.mapping import missing_fields

PREVIEW_ROWS = 8


def profile_view(row: MappingProfile) -> ProfileView:
    """The public view of a mapping row."""
    return ProfileView(
        id=row.public_id, name=row.name, kind=row.kind, settings=row.settings, updated_at=row.updated_at
    )


def profiles(*, kind: str = "") -> list[ProfileView]:
    """Saved mappings by name, of one kind where given."""
    rows = MappingProfile.objects.order_by("kind", "name")
    if kind:
        rows = rows.filter(kind=kind)
    return [profile_view(row) for row in rows]


def preview(batch_id: str) -> Preview:
    """The first rows of a batch's file and the mapping chosen or found for it."""
    row = batch_row(batch_id)
    kind = kind_named(row.kind)
    source = read_source(stored_path(row), row.settings)
    profile = profile_of(row.account, kind, given=row.settings, source=source)
    first = source.frame.head(PREVIEW_ROWS).select(source.frame.columns[: len(source.headers)])
    fields = [
        FieldChoice(
            name=field.name,
            label=gettext(field.label),
            type=field.type,
            is_required=field.is_required,
            header=profile.columns.get(field.name, ""),
            fill_rule=profile.fills[field.name].rule if field.name in profile.fills else "",
            fill_value=profile.fills[field.name].value if field.name in profile.fills else "",
        )
        for field in kind.fields
    ]
    return Preview(
        headers=list(source.headers),
        rows=[["" if cell is None else str(cell)[:80] for cell in cells] for cells in first.iter_rows()],
        fields=fields,
        missing=[
            " / ".join(gettext(part) for part in label.split(" / "))
            for label in missing_fields(kind, profile)
        ],
        total=source.height + len(source.ragged),
    )
