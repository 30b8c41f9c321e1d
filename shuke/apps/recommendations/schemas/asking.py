"""How a slot is asked over HTTP, and what it answers there."""

from datetime import date, datetime
from typing import Annotated, Literal

from ninja import Schema
from pydantic import ConfigDict, Field

from shuke.apps.recommendations.schemas.serving import Answer, Asked

#: What an id may hold; ids in a list have commas between them.
ID = r"^[^\x00-\x1f,]*$"
IDS = r"^[^\x00-\x1f]*$"
#: Members that one call may ask for, and products in a basket.
MOST_MEMBERS, MOST_PRODUCTS = 1000, 100
Language = Literal["en", "zh-hans"]
MemberId = Annotated[str, Field(max_length=40, pattern=ID)]


class AskedInput(Schema):
    """The question.  A name that is not known is refused: a list for nobody would look like a list."""

    model_config = ConfigDict(extra="forbid")

    member: str = Field("", max_length=40, pattern=ID, description="Id of the member; empty for a stranger.")
    product: str = Field("", max_length=200, pattern=ID, description="The product that is looked at.")
    basket: str = Field(
        "",
        max_length=8000,
        pattern=IDS,
        description="Products in the basket, commas between them; the last 100 count.",
    )
    segment: str = Field("", max_length=120, pattern=IDS, description="Name of a segment.")
    store: str = Field(
        "", max_length=200, pattern=ID, description="Id of the store; else the member's usual one."
    )
    places: int = Field(0, ge=0, le=50, description="How many; 0 for as many as the slot has.")
    exclude: str = Field(
        "", max_length=8000, pattern=IDS, description="Products not to recommend, commas between them."
    )
    language: Language = Field("en", description="Of the reasons.")
    anonymous_id: str = Field("", max_length=200, pattern=IDS, description="Device or browser of a stranger.")
    reasons: bool = Field(default=True, description="Whether to say why.")

    def asked(self, slot: str, *, at: datetime) -> Asked:
        """The question as the app asks it."""
        return Asked(
            slot=slot,
            at=at,
            member_id=self.member,
            product_id=self.product,
            basket=_listed(self.basket)[-MOST_PRODUCTS:],
            segment=self.segment,
            store_id=self.store,
            places=self.places,
            exclude=_listed(self.exclude),
            language=self.language,
            with_reasons=self.reasons,
            anonymous_id=self.anonymous_id,
        )


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part for part in (part.strip() for part in text.split(",")) if part) if text else ()


class ItemView(Schema):
    """A recommended product."""

    product_id: str
    name: str
    place: int = Field(description="From 1.")
    score: float
    source: str = Field(description="The strategy that brought it.")
    reason: str
    moved: list[str] = Field(description="Codes of the rules that touched its place.")
    is_new: bool = Field(description="The member never bought it.")
    propensity: float = Field(
        description="Its chance of the place (popular-bandit: of being on the list); below 1 where chance had a part."
    )


class AnswerView(Schema):
    """An answer.  Send ``list_id`` back in the events Product List Viewed, Product Clicked and Product Added."""

    slot: str
    list_id: str = Field(description="Empty where the answer could not be noted; then send nothing back.")
    bundle_id: str
    as_of: date | None
    arm: str
    strategy: str
    fallback: str = Field(description="Empty, or the step of the ladder that answered instead.")
    experiment_id: str
    items: list[ItemView]


class BatchInput(Schema):
    """Members to be answered for at once."""

    model_config = ConfigDict(extra="forbid")

    members: list[MemberId] = Field(min_length=1, max_length=MOST_MEMBERS)
    places: int = Field(0, ge=0, le=50)
    language: Language = "en"
    reasons: bool = True


class MemberAnswer(AnswerView):
    """An answer for one of them."""

    member: str


class BatchAnswer(Schema):
    """In the order of the members."""

    answers: list[MemberAnswer]


ANSWER_FIELDS = tuple(AnswerView.model_fields)


def answer_data(answer: Answer) -> dict[str, object]:
    """What is told of an answer over HTTP: the same fields, in the same order, from both doors."""
    return {name: getattr(answer, name) for name in ANSWER_FIELDS}
