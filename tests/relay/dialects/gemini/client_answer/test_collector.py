"""A whole stream is the one JSON answer that the API gives without streaming; nothing of it is lost."""

import msgspec
import pytest

from relay.dialects.gemini import GEMINI
from tests.relay.dialects.gemini.streams import WHOLE_NAMES, chunks_of, decode, folded, parts, sse, transcript


def collect(*chunks: object) -> dict:
    """The one answer of ``chunks``."""
    return msgspec.json.decode(GEMINI.collect(sse(*chunks)))


def parts_of(answer: dict) -> list[dict]:
    """The parts of its first candidate."""
    return answer["candidates"][0]["content"]["parts"]


def test_text_is_one_part():
    """Deltas are joined; reason, usage, model and id are the last ones told."""
    answer = msgspec.json.decode(GEMINI.collect(transcript("text")))
    assert answer["candidates"] == [
        {
            "content": {
                "parts": [{"text": "Der Fluß heißt Donau – 日本語では「ドナウ川」🙂."}],
                "role": "model",
            },
            "finishReason": "STOP",
            "index": 0,
        }
    ]
    assert answer["usageMetadata"] == chunks_of(transcript("text"))[-1]["usageMetadata"]
    assert answer["modelVersion"] == "gemini-2.5-flash"


def test_thinking_and_its_signature():
    """Thoughts are one part, the text another; a signature behind the text stands with it, as the API does.

    A part without text would be a broken answer to chats that look at each part (``@google/generative-ai``).
    """
    answer = msgspec.json.decode(GEMINI.collect(transcript("thinking")))
    thought, text = parts_of(answer)
    assert thought == {"text": "**Weighing the question**\n\nThe answer is short.", "thought": True}
    assert text["text"] == "Forty-two."
    assert list(text) == ["text", "thoughtSignature"]


def test_a_signature_belongs_to_the_text_before_it():
    """What follows is a part of its own, and a thought's signature is not taken for the text's."""
    signed = {"text": "", "thoughtSignature": "QQ=="}
    answer = collect(
        {"candidates": [{"content": {"parts": [{"text": "Hm", "thought": True}]}}]},
        {"candidates": [{"content": {"parts": [signed | {"thought": True}, {"text": "A"}, signed]}}]},
        {"candidates": [{"content": {"parts": [{"text": "B"}, {"text": "C"}]}}]},
    )
    assert parts_of(answer) == [
        {"text": "Hm", "thought": True, "thoughtSignature": "QQ=="},
        {"text": "A", "thoughtSignature": "QQ=="},
        {"text": "BC"},
    ]


def test_calls_are_kept_whole():
    """Function calls stand as they came, with ids and signatures; the empty last text does not."""
    answer = msgspec.json.decode(GEMINI.collect(transcript("parallel_tools")))
    assert [list(part) for part in parts_of(answer)] == [
        ["text", "thought"],
        ["functionCall", "thoughtSignature"],
        ["functionCall"],
    ]


def test_partial_arguments_are_whole():
    """A client that does not stream gets a streamed call with its whole arguments."""
    answer = msgspec.json.decode(GEMINI.collect(transcript("partial_arguments")))
    assert parts_of(answer) == [
        {
            "functionCall": {
                "name": "book",
                "id": "p1",
                "args": {
                    "city": "New Delhi",
                    "guests": [{"age": 30, "full name": "A. B."}],
                    "vegan": False,
                    "note": None,
                },
            }
        }
    ]


def test_a_call_in_one_piece():
    """A call told by pieces may come in a single chunk."""
    call = {"name": "f", "partialArgs": [{"jsonPath": "$.a", "stringValue": "x"}]}
    answer = collect(parts({"functionCall": call}, {"text": "t"}, finishReason="STOP"))
    assert parts_of(answer) == [{"functionCall": {"name": "f", "args": {"a": "x"}}}, {"text": "t"}]


def test_a_blocked_prompt_has_no_candidates():
    """What was blocked before it began has its feedback and nothing else."""
    answer = msgspec.json.decode(GEMINI.collect(transcript("blocked_prompt")))
    assert answer["promptFeedback"] == {"blockReason": "PROHIBITED_CONTENT"}
    assert "candidates" not in answer


def test_what_is_not_known_is_kept():
    """Unknown parts and fields survive; lists that grow are joined, all else is the last word."""
    answer = collect(
        {**parts({"hologram": 1}, citationMetadata={"citations": [{"uri": "a"}]}, score=1), "new": {"a": 1}},
        {**parts({"text": "x"}, citationMetadata={"citations": [{"uri": "b"}]}, score=2), "new": {"b": 2}},
        parts({"text": "y", "partMetadata": {}}, citationMetadata={"citations": [{"uri": "b"}]}),
    )
    [candidate] = answer["candidates"]
    assert candidate["content"]["parts"] == [
        {"hologram": 1},
        {"text": "x"},
        {"text": "y", "partMetadata": {}},
    ]
    assert candidate["citationMetadata"] == {"citations": [{"uri": "a"}, {"uri": "b"}]}
    assert candidate["score"] == 2
    assert answer["new"] == {"a": 1, "b": 2}


def test_several_candidates():
    """Each candidate is collected for itself."""
    answer = collect(
        {"candidates": [{"content": {"parts": [{"text": "a"}]}}]},
        {"candidates": [{"content": {"parts": [{"text": "z"}]}, "index": 1}]},
        {"candidates": [{"content": {"parts": [{"text": "b"}]}, "finishReason": "STOP"}]},
    )
    assert [candidate["content"]["parts"] for candidate in answer["candidates"]] == [
        [{"text": "ab"}],
        [{"text": "z"}],
    ]


def test_an_answer_of_nothing_but_an_empty_text():
    """An empty text stays where it is all there is."""
    assert parts_of(collect(parts({"text": ""}, finishReason="MAX_TOKENS"))) == [{"text": ""}]
    assert collect({"candidates": [{"finishReason": "SAFETY"}]}) == {
        "candidates": [{"finishReason": "SAFETY"}]
    }


def test_collected_means_what_was_streamed(subtests: pytest.Subtests) -> None:
    """Read as a stream of one chunk, the answer means the same as the stream."""
    for name in WHOLE_NAMES:
        with subtests.test(f"{name!r:.120}"):
            stream = decode([transcript(name)], is_enveloped=name == "code_assist")
            whole = decode([sse(msgspec.json.decode(GEMINI.collect(stream.raw)))])
            before, after = folded(stream.events), folded(whole.events)
            assert after.text == before.text
            assert after.usage == before.usage
            assert after.stop == before.stop
            assert [(block.kind, block.name) for block in after.blocks if block.signature or block.text] == [
                (block.kind, block.name) for block in before.blocks if block.signature or block.text
            ]


def test_log_probabilities_are_data() -> None:
    """Equal entries are different tokens: none of them is left out, and sources are told once."""
    token = {"token": "ha", "logProbability": -0.5}
    logs = {"chosenCandidates": [token, token], "topCandidates": [{"candidates": [token]}]}
    source = {"citations": [{"uri": "a", "license": ""}]}
    again = {"citations": [{"license": "", "uri": "a"}, {"uri": "b"}]}
    answer = collect(
        parts({"text": "haha"}, logprobsResult=logs, citationMetadata=source),
        parts({"text": "ha"}, logprobsResult=logs, citationMetadata=again),
    )
    [candidate] = answer["candidates"]
    assert candidate["logprobsResult"] == {name: entries * 2 for name, entries in logs.items()}
    assert candidate["citationMetadata"] == {"citations": [{"uri": "a", "license": ""}, {"uri": "b"}]}
