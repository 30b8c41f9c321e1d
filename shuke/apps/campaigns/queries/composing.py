"""What templates know of members, and the message as one member would read it."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from django.utils import translation

from shuke.apps.campaigns.models import Campaign
from shuke.apps.campaigns.queries.campaigns import campaign_row, content_inputs
from shuke.apps.campaigns.queries.people import audience_of
from shuke.apps.campaigns.queries.recommending import NONE, Recommendations, recommended, without_items
from shuke.apps.campaigns.rules import first_name, language_for
from shuke.apps.campaigns.schemas import ContentInput, PreviewView
from shuke.apps.channels.queries import content_problem, render_preview
from shuke.apps.channels.schemas import Content
from shuke.apps.loyalty.queries.own_links import EXAMPLE, own_links
from shuke.apps.members.queries import members_page
from shuke.apps.members.schemas import MemberView
from shuke.platform.batches import in_batches
from shuke.platform.retailer.queries import retailer

SAMPLE = 20


def people(member_ids: Iterable[str], *, unmask: bool = True) -> dict[str, MemberView]:
    """Active members by id; names in the clear only for letters to the members themselves."""
    found: dict[str, MemberView] = {}
    for ids in in_batches(member_ids, 1000):
        views, _ = members_page(limit=len(ids), member_ids=ids, unmask=unmask)
        found |= {view.id: view for view in views}
    return found


def member_fields(
    member: MemberView, *, own_page_url: str = "", recommendations: Recommendations = NONE
) -> dict[str, Any]:
    """What a template sees as ``member``; unknown things are empty, so that ``or`` gives a fallback.

    Only a message to the member has the link that opens the member's page; previews have one that opens nothing.
    """
    return {
        "name": member.name,
        "first_name": first_name(member.name),
        "language": member.language,
        "joined_on": member.joined_on.isoformat() if member.joined_on else "",
        "own_page_url": own_page_url or EXAMPLE,
        "recommendations": recommendations,
    }


def own_page_links(
    member_ids: Iterable[str], *, contents: Mapping[Any, Content], at: datetime
) -> dict[str, str]:
    """The links to the members' own pages, if any template asks for them."""
    texts = (text for content in contents.values() for text in (content.subject, content.text, content.html))
    return own_links(member_ids, at=at) if any("own_page_url" in text for text in texts) else {}


def shared_context(row: Campaign) -> dict[str, Any]:
    """What a template sees besides the member."""
    shop = retailer()
    return {
        "campaign": {
            "name": row.name,
            "starts_on": row.starts_on.isoformat(),
            "ends_on": row.ends_on.isoformat(),
        },
        "retailer": {"name": shop.name},
    }


def contents_of(row: Campaign) -> dict[tuple[str, str], Content]:
    """The templates of the campaign's channel by (variant, language)."""
    return {
        (content.variant, content.language): Content(content.subject, content.text, content.html)
        for content in content_inputs(row)
        if content.channel == row.channel
    }


def member_language(member: MemberView, *, variant: str, contents: Mapping[tuple[str, str], Content]) -> str:
    """The language this member is written to in that version."""
    offered = sorted(language for version, language in contents if version == variant)
    return language_for(member.language, offered=offered, default=retailer().default_language)


def preview_content(
    row: Campaign, content: ContentInput, *, member_id: str, unmask: bool, at: datetime
) -> PreviewView:
    """Templates, saved or not, as a member would read them.  Faults of the template are told, not raised."""
    member = people([member_id], unmask=unmask).get(member_id)
    templates = Content(content.subject, content.text, content.html)
    key = (content.variant, content.language)
    if member:
        found = recommended({member_id: key}, contents={key: templates}, at=at)[member_id]
        fields = member_fields(member, recommendations=found.seen)
    else:
        fields = {**_NOBODY, "recommendations": without_items(key, contents={key: templates})}
    context = {**shared_context(row), "member": fields}
    problem = content_problem(templates, context)
    rendered = None if problem else render_preview(templates, context, language=content.language)
    return PreviewView(
        member_id=member_id if member else "",
        member_name=fields["name"],
        language=content.language,
        variant=content.variant,
        subject=rendered.subject if rendered else "",
        text=rendered.text if rendered else "",
        html=rendered.html if rendered else "",
        problem=problem,
    )


def preview_member(
    campaign_id: str,
    *,
    member_id: str,
    at: datetime,
    variant: str = "a",
    language: str = "",
    unmask: bool = False,
) -> PreviewView:
    """The saved message as a member would read it at that time.  Raises ``NotFound`` for the campaign."""
    row = campaign_row(campaign_id)
    contents = contents_of(row)
    member = people([member_id]).get(member_id)
    if not language and member and any(version == variant for version, _ in contents):
        language = member_language(member, variant=variant, contents=contents)
    language = language or translation.get_language() or "en"
    found = contents.get((variant, language)) or Content("", "", "")
    chosen = ContentInput.model_construct(
        channel=row.channel,
        variant=variant,
        language=language,
        subject=found.subject,
        text=found.text,
        html=found.html,
    )
    return preview_content(row, chosen, member_id=member_id, unmask=unmask, at=at)


def sample_members(campaign_id: str, *, as_of: date) -> list[tuple[str, str]]:
    """Some members of the audience, else of all, with masked names: to look at previews as them."""
    row = campaign_row(campaign_id)
    ids = list(audience_of(row, as_of=as_of))[:SAMPLE] or None
    views, _ = members_page(limit=SAMPLE, member_ids=ids)
    return [(view.id, view.name or view.id) for view in views]


_NOBODY: dict[str, Any] = {
    "name": "",
    "first_name": "",
    "language": "",
    "joined_on": "",
    "own_page_url": EXAMPLE,
}
