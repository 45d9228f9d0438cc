"""What servers refuse of an embedding request's form, by their own words."""

import pytest

from relay.dialects.embeddings.refused_batches import (
    ENCODING,
    NOT_FLOAT,
    most_at_once,
    refused_of_embedding,
    without_refused,
)

SAID = {
    "<400> InternalError.Algo.InvalidParameter: Value error, batch size is invalid,"
    " it should not be larger than 10.: input.contents": (400, 10),
    "input batch size 473 > maximum allowed batch size 64": (413, 64),
    "batch size 100 > maximum allowed batch size 32": (413, 32),
    "Invalid 'input': array too long. Expected an array with maximum length 2048,"
    " but got an array with length 3000 instead.": (400, 2048),
    "* BatchEmbedContentsRequest.requests: at most 100 requests can be in one batch": (400, 100),
    "The batch size limit is 128. Your batch size is 500.": (400, 128),
    "invalid request: total number of texts must be at most 96, received 200.": (400, 96),
    "Too many inputs. The max number of inputs is 1.": (400, 1),
    "input数组最大不得超过64条": (400, 64),
}


@pytest.mark.parametrize("message", SAID)
def test_how_many_texts_are_taken(message: str) -> None:
    """The number is read out of the vendor's sentence, and asked for from then on."""
    status, most = SAID[message]
    name = refused_of_embedding(status, message)
    assert name == f"more than {most} texts at once"
    assert most_at_once(frozenset({name, "stream"}), 2048) == most
    assert refused_of_embedding(500, message) == ""


def test_the_least_that_was_told_counts() -> None:
    """Behind a gateway two servers may take turns; nothing told is the vendor's documented limit."""
    told = frozenset({"more than 64 texts at once", "more than 10 texts at once", ENCODING})
    assert most_at_once(told, 100) == 10
    assert most_at_once(frozenset(), 100) == 100
    assert most_at_once(frozenset({"more than 500 texts at once", "more than many"}), 100) == 100


@pytest.mark.parametrize(
    ("message", "name"),
    [
        ("encoding_format is missing, encoding_format does not have a valid value", NOT_FLOAT),
        ("encoding_format base64 is not supported", NOT_FLOAT),
        ("[{'loc': ('body', 'encoding_format'), 'msg': 'extra fields not permitted'}]", ENCODING),
        ("Unknown field: encoding_format", ENCODING),
    ],
)
def test_base64_may_be_refused_or_the_field_itself(message: str, name: str) -> None:
    """Floats are asked for then, in the words or by the silence that the server takes."""
    assert refused_of_embedding(400, message) == name


def test_what_is_asked_without_it() -> None:
    """The client gets its own form all the same; what is neither floats nor base64 stays its own affair."""
    for told in ("base64", None):
        body = {"input": "a"} | ({"encoding_format": told} if told else {})
        assert without_refused(body, frozenset({NOT_FLOAT})) == {"input": "a", "encoding_format": "float"}
    for told in ("base64", "float"):
        assert without_refused({"input": "a", "encoding_format": told}, frozenset({ENCODING})) == {
            "input": "a"
        }
    for body, refused in (
        ({"input": "a", "encoding_format": "ubinary"}, {NOT_FLOAT, ENCODING}),
        ({"input": "a", "encoding_format": "float"}, {NOT_FLOAT}),
        ({"input": "a"}, {ENCODING}),
        ({"input": "a", "encoding_format": "base64"}, {"stream"}),
    ):
        assert without_refused(body, frozenset(refused)) is body


@pytest.mark.parametrize(
    "message", ["", "prompt is too long", "maximum allowed batch size 0", "batch size limit is 123456789"]
)
def test_other_refusals_are_the_clients(message: str) -> None:
    """No number that is none, and nothing of other sentences."""
    assert refused_of_embedding(400, message) == ""
