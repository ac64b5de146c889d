"""Requests and responses of the service, for its OpenAPI description."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

SENTENCES_LIMIT = 100
SENTENCE_LIMIT_CHARACTERS = 1000
FOLDERS_LIMIT = 100
LANGUAGE_LIMIT_CHARACTERS = 40
PATH_LIMIT_CHARACTERS = 4096
FOUND_LIMIT = 1000
NO_NUL = r"^[^\x00]*$"

Fraction = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(ge=0)]
Pixels = Annotated[int, Field(ge=1)]
Box = Annotated[
    list[Fraction],
    Field(min_length=4, max_length=4, description="Left, top, right, bottom, from 0 to 1."),
]
LanguageCode = Annotated[str, Field(min_length=1, max_length=LANGUAGE_LIMIT_CHARACTERS)]
Sentence = Annotated[str, Field(min_length=1, max_length=SENTENCE_LIMIT_CHARACTERS)]


class _StrictModel(BaseModel):
    """Exactly these fields."""

    model_config = ConfigDict(extra="forbid")


class AlternativeSchema(_StrictModel):
    """Another caption."""

    caption: str
    confidence: Fraction


class DoubtSchema(_StrictModel):
    """A word of the caption in whose place another one is nearly as likely."""

    position: Annotated[int, Field(ge=0)] = Field(
        description="Its index when the caption is split at spaces."
    )
    word: str
    other: str


class WordSchema(_StrictModel):
    """A word of the caption and its region: left, top, right, bottom, from 0 to 1."""

    word: str
    region: Annotated[list[Fraction], Field(min_length=4, max_length=4)]


class CodeSchema(_StrictModel):
    """A QR code or bar code: what it holds, which anybody may have written, and where it is."""

    format: str = Field(description='Such as "QR code" or "EAN-13".')
    content: str
    box: Box


class TextLineSchema(_StrictModel):
    """A line of text and where it is."""

    text: str
    box: Box
    confidence: Fraction
    block: Annotated[int, Field(ge=0)] = Field(
        description="The number of its column or paragraph; they are in reading order."
    )
    heading: bool


class TextResponse(_StrictModel):
    """What is written in a picture: what ``image-describer read --json`` prints."""

    text: str = Field(description="All lines, with an empty line between blocks.")
    lines: list[TextLineSchema] = Field(description="In reading order.")
    codes: list[CodeSchema]


class TimingsSchema(_StrictModel):
    """How long each step took, in seconds."""

    read: Seconds
    extract: Seconds
    decode: Seconds
    read_text: Seconds


class DescriptionSchema(_StrictModel):
    """What a picture shows: the object that ``image-describer describe --json`` prints."""

    file: str | None = Field(description="Always null here: the picture was sent without a path.")
    language: str = Field(description='The language of the captions, such as "en" (ISO 639).')
    caption: str = Field(description="The bare caption: lower case, no full stop.")
    sentence: str = Field(description="The spoken sentence, which says how certain it is.")
    confidence: Fraction = Field(
        description="0.8 means that four in five people would accept the caption."
    )
    alternatives: list[AlternativeSchema] = Field(
        description="Other captions; none is surer than the caption."
    )
    doubt: DoubtSchema | None
    words: list[WordSchema]
    notes: list[str] = Field(description="Notes on the picture, such as: It is very dark.")
    alt_text: str | None = Field(description="The alt text by the picture's author.")
    text: str | None = Field(description="What is written in the picture; see /v1/read.")
    codes: list[CodeSchema]
    is_page: bool = Field(
        description="Whether text is all there is, as on a page or a screenshot: the caption is "
        "then invented, and the sentence tells the text only."
    )
    has_scene: bool = Field(
        description="Whether the caption is worth telling: of a page, a drawing or an empty "
        "picture it is invented, and the sentence leaves it out."
    )
    seconds: TimingsSchema
    width: Pixels
    height: Pixels


class MatchSchema(_StrictModel):
    """A sentence and its score from -1 to 1, for comparison only; it is not a probability."""

    sentence: str
    score: Annotated[float, Field(ge=-1, le=1)]


class MatchesResponse(_StrictModel):
    """Sentences, best first."""

    matches: list[MatchSchema]


class SearchRequest(_StrictModel):
    """What to search your pictures for."""

    words: Sentence = Field(description="Words such as: a dog in the snow.")
    language: LanguageCode | None = Field(
        default=None, description="That of the words; by default the one they are in."
    )
    limit: Annotated[int, Field(ge=1, le=FOUND_LIMIT)] = Field(default=10)
    within: list[
        Annotated[str, Field(min_length=1, max_length=PATH_LIMIT_CHARACTERS, pattern=NO_NUL)]
    ] = Field(
        default_factory=list,
        alias="in",
        max_length=FOLDERS_LIMIT,
        description="Search only below these folders.",
    )


class FoundPictureSchema(_StrictModel):
    """One of your pictures: the object that ``image-describer search --json`` prints."""

    file: str
    language: str
    caption: str
    sentence: str
    confidence: Fraction
    author: str
    score: float
    meaning: float | None
    words: bool
    weak: bool
    changed: bool


class SearchResponse(_StrictModel):
    """Pictures that were found, best first."""

    pictures: list[FoundPictureSchema]


class HealthResponse(_StrictModel):
    """Whether the service can describe pictures now."""

    status: str = Field(description='"ready", "starting" or "stopping"')
    workers: Annotated[int, Field(ge=0)] = Field(description="Number of processes that can work.")


class VersionResponse(_StrictModel):
    """The version of the program and its model."""

    program: str
    bundle: str
    digests: dict[str, str] = Field(description="SHA-256 in hex of each file of the model.")


class ProblemSchema(BaseModel):
    """A problem (RFC 9457). ``detail`` is a sentence for people."""

    type: str
    title: str
    status: int
    detail: str


PROBLEMS: dict[int, str] = {
    400: "The request or its form is malformed.",
    401: "The token is missing or wrong.",
    403: "The request comes from a web page that is not allowed.",
    406: "None of the accepted media types is available.",
    408: "The request did not arrive in time.",
    409: "There is nothing to search, or the model does not support this.",
    413: "The request is too large.",
    415: "The media type of the body is not supported.",
    421: "The host name is not allowed.",
    422: "The picture can't be opened, or a value is invalid.",
    429: "Too many requests.",
    500: "Internal error.",
    503: "The request took too long, or the service is starting or stopping.",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI responses for problems with these statuses."""
    schema = {"$ref": "#/components/schemas/ProblemSchema"}
    return {
        status: {
            "description": PROBLEMS[status],
            "content": {"application/problem+json": {"schema": schema}},
        }
        for status in statuses
    }
