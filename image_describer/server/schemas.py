"""What the service answers, and what it is asked, for its OpenAPI description."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

SENTENCES_LIMIT = 100
SENTENCE_LIMIT_CHARACTERS = 1000
FOLDERS_LIMIT = 100
PATH_LIMIT_CHARACTERS = 4096
FOUND_LIMIT = 1000
NO_NUL = r"^[^\x00]*$"

Fraction = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(ge=0)]
Pixels = Annotated[int, Field(ge=1)]
Sentence = Annotated[str, Field(min_length=1, max_length=SENTENCE_LIMIT_CHARACTERS)]


class _Exact(BaseModel):
    """What has these fields and no others."""

    model_config = ConfigDict(extra="forbid")


class Alternative(_Exact):
    """Another caption."""

    caption: str
    confidence: Fraction


class Word(_Exact):
    """A word of the caption, and where it was seen: left, top, right, bottom, from 0 to 1."""

    word: str
    region: Annotated[list[Fraction], Field(min_length=4, max_length=4)]


class Timings(_Exact):
    """Where the time went, in seconds."""

    read: Seconds
    extract: Seconds
    decode: Seconds


class Described(_Exact):
    """What a picture shows: the object that ``image-describer describe --json`` prints."""

    file: str | None = Field(description="Always null here: the picture came without a place.")
    caption: str = Field(description="The bare caption: lower case, no full stop.")
    sentence: str = Field(description="What is spoken: it says how sure it is.")
    confidence: Fraction = Field(description="0.8: four in five people would accept the caption.")
    alternatives: list[Alternative]
    words: list[Word]
    notes: list[str] = Field(description="About the picture itself, such as: It is very dark.")
    alt_text: str | None = Field(description="What the picture's author says of it.")
    seconds: Timings
    width: Pixels
    height: Pixels


class Matched(_Exact):
    """A sentence and how well it fits, from -1 to 1: made to compare, no probability."""

    sentence: str
    score: Annotated[float, Field(ge=-1, le=1)]


class Matches(_Exact):
    """Sentences, the best first."""

    matches: list[Matched]


class Search(_Exact):
    """What to look for among one's own pictures."""

    words: Sentence = Field(description="English: a dog in the snow.")
    limit: Annotated[int, Field(ge=1, le=FOUND_LIMIT)] = Field(default=10)
    within: list[
        Annotated[str, Field(min_length=1, max_length=PATH_LIMIT_CHARACTERS, pattern=NO_NUL)]
    ] = Field(
        default_factory=list,
        alias="in",
        max_length=FOLDERS_LIMIT,
        description="Only pictures below one of these folders.",
    )


class Picture(_Exact):
    """One of one's own pictures: the object that ``image-describer search --json`` prints."""

    file: str
    caption: str
    sentence: str
    confidence: Fraction
    author: str
    score: float
    meaning: float | None
    words: bool
    weak: bool
    changed: bool


class Found(_Exact):
    """Pictures that were found, the best first."""

    pictures: list[Picture]


class Health(_Exact):
    """Whether pictures can be described now."""

    status: str = Field(description='"ready", "starting" or "stopping"')
    workers: Annotated[int, Field(ge=0)] = Field(description="Processes that can answer.")


class Version(_Exact):
    """Which program this is, and which model speaks here."""

    program: str
    bundle: str
    digests: dict[str, str] = Field(description="SHA-256, hex, of each of the model's files.")


class ProblemBody(BaseModel):
    """Why there is no answer (RFC 9457). ``detail`` is a sentence for people."""

    type: str
    title: str
    status: int
    detail: str


PROBLEMS: dict[int, str] = {
    400: "The request makes no sense, as HTTP or as a form.",
    401: "The token is missing or wrong.",
    403: "A web page from elsewhere asked.",
    406: "None of the kinds that are accepted can be had.",
    408: "The request did not arrive in time.",
    409: "There is nothing to search in, or the model has no way to do this.",
    413: "The request is too large.",
    415: "The body is of a kind that is not taken.",
    421: "The service is not called by that name.",
    422: "The picture can't be opened, or a value is not allowed.",
    429: "Too much at a time.",
    500: "A fault of the program itself.",
    503: "It took too long, or the service is starting or stopping.",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What FastAPI is to say of answers that are problems."""
    schema = {"$ref": "#/components/schemas/ProblemBody"}
    return {
        status: {
            "description": PROBLEMS[status],
            "content": {"application/problem+json": {"schema": schema}},
        }
        for status in statuses
    }
