"""A member's recommendations in messages: ``member.recommendations.<slot>``, computed only where a template asks."""

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Final

from django.utils.translation import gettext, override

from shuke.apps.campaigns.schemas import SlotSnippet
from shuke.apps.channels.queries import asked_fields
from shuke.apps.channels.schemas import Content
from shuke.apps.recommendations.queries.offers import member_slots, offers
from shuke.apps.recommendations.schemas import Answer
from shuke.apps.recommendations.schemas.offers import Offer, OfferedList

#: Where templates find them.
FIELD = ("member", "recommendations")
PREVIEW = "preview"

#: What each member reads: (variant, language).
Readers = Mapping[str, tuple[str, str]]
Contents = Mapping[tuple[str, str], Content]


class Recommendations:
    """What templates see as ``member.recommendations``: lists by the slot's code; ``for_you`` is ``for-you`` as well.

    No mapping: a slot may be called ``items``, and methods of mappings would stand before it.
    """

    __slots__ = ("_lists",)
    __iter__: Final = None

    def __init__(self, lists: Mapping[str, OfferedList] | None = None) -> None:
        self._lists = dict(lists or {})

    def __getitem__(self, name: str) -> OfferedList:
        """The list of the slot.  Raises ``KeyError``, which templates tell as an unknown field."""
        return self._lists[code_of(name, self._lists)]

    def __contains__(self, name: str) -> bool:
        """Whether the template asks for the slot and it exists."""
        return code_of(name, self._lists) in self._lists

    def __str__(self) -> str:
        """Nothing: only a slot's list can be written."""
        return ""


NONE = Recommendations()


def code_of(name: str, codes: Collection[str]) -> str:
    """The slot a template means: the code itself, else the one whose dashes were written as underscores.

    >>> code_of("for_you", {"for-you"}), code_of("for_you", {"for_you", "for-you"}), code_of("you", {"for-you"})
    ('for-you', 'for_you', 'you')
    """
    if name in codes:
        return name
    return next((code for code in sorted(codes) if code.replace("-", "_") == name), name)


def named_slots(contents: Contents) -> list[str]:
    """The names of slots that any version asks for."""
    return sorted({name for names in asked_slots(contents).values() for name in names})


def asked_slots(contents: Contents) -> dict[tuple[str, str], frozenset[str]]:
    """The names of slots that each version and language asks for."""
    return {key: asked_fields(content, of=FIELD) for key, content in contents.items()}


@dataclass(frozen=True)
class Recommended:
    """What a member's template sees, and the answers behind it."""

    seen: Recommendations = NONE
    answers: tuple[Answer, ...] = ()


def recommended(
    readers: Readers, *, contents: Contents, at: datetime, run_id: str = ""
) -> dict[str, Recommended]:
    """What the slots that each reader's version asks for recommend to them; nothing is computed if none asks.

    A slot that is asked for and gives nothing is an empty list; one that does not exist is no field.  The lists of a
    run have ids that follow from it, so that one that is made again is the same list.
    """
    asked = _asked_codes(contents)
    members: dict[str, dict[str, str]] = {}
    for member_id, key in readers.items():
        for code in asked.get(key, ()):
            members.setdefault(code, {})[member_id] = key[1]
    found = {
        code: offers(
            [code],
            languages,
            at=at,
            list_id=_list_ids(run_id),
            seed=_seed(run_id, code, next(iter(languages))),
        ).get(code, {})
        for code, languages in members.items()
    }
    return {
        member_id: _of_member({code: found[code].get(member_id) for code in asked.get(key, ())})
        for member_id, key in readers.items()
    }


def without_items(key: tuple[str, str], *, contents: Contents) -> Recommendations:
    """What the template of that version and language sees for somebody to whom no slot gives anything."""
    return _of_member(dict.fromkeys(_asked_codes(contents).get(key, ()))).seen


def _asked_codes(contents: Contents) -> dict[tuple[str, str], set[str]]:
    """The slots that each version and language asks for and that exist."""
    asked = asked_slots(contents)
    codes = {view.code for view in member_slots()} if any(asked.values()) else set()
    return {key: {code_of(name, codes) for name in names} & codes for key, names in asked.items()}


def _of_member(given: Mapping[str, Offer | None]) -> Recommended:
    lists = {code: offer.items if offer else OfferedList() for code, offer in given.items()}
    return Recommended(Recommendations(lists), tuple(offer.answer for offer in given.values() if offer))


def _list_ids(run_id: str) -> Callable[[str, str], str]:
    """The ids of the lists of a run by slot and member; those of a preview all have one that counts nowhere."""

    def list_id(code: str, member_id: str) -> str:
        if not run_id:
            return PREVIEW
        return f"lst_{_digest(run_id, code, member_id)[:24]}"

    return list_id


def _seed(run_id: str, code: str, member_id: str) -> int:
    """Chance of its own for each part of a run, the same when the part is made again."""
    return int(_digest(run_id, code, member_id)[24:32], 16) if run_id else 0


def _digest(*parts: str) -> str:
    return hashlib.sha256("|".join(parts).encode()).hexdigest()


def midday_of(day: date) -> datetime:
    """The moment for which a day's lists are computed where they are only looked at."""
    return datetime.combine(day, time(12), tzinfo=UTC)


def snippets(language: str) -> list[SlotSnippet]:
    """The slots about members, and what to copy into a message in that language to show their items."""
    views = member_slots()
    codes = {view.code for view in views}
    with override(language or None):
        text = gettext("Have a look at what is new in the store.")
    return [
        SlotSnippet(
            code=view.code,
            name=view.name,
            is_live=view.state == "live",
            field=field,
            html=_snippet(field, text),
        )
        for view in views
        for field in [field_of(view.code, codes)]
    ]


def field_of(code: str, codes: Collection[str]) -> str:
    """How a template writes the slot.

    >>> field_of("for-you", {"for-you"}), field_of("3-for-2", {"3-for-2"})
    ('member.recommendations.for_you', 'member.recommendations["3-for-2"]')
    """
    name = code.replace("-", "_")
    is_plain = name.isidentifier() and code_of(name, codes) == code
    return ".".join((*FIELD, name)) if is_plain else f'{".".join(FIELD)}["{code}"]'


def _snippet(field: str, text: str) -> str:
    return (
        f"{{% for item in {field}[:3] %}}\n"
        "<p><strong>{{ item.name }}</strong> {{ item.price }}<br>{{ item.reason }}</p>\n"
        f"{{% else %}}\n<p>{text}</p>\n{{% endfor %}}"
    )
