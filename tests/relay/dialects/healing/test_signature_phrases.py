"""The table of phrases by which a refused signature is recognised."""

import pytest

from relay.dialects.healing.signature_phrases import is_signature_refusal, offers_drop_block

BOUND = (
    "messages.5.content.0: Invalid `signature` in `thinking` block. The block is bound to a different "
    "conversation. Remove the block, or set `thinking.block_binding.prefix_mismatch_behavior` to "
    '"drop_block".'
)

REFUSALS = [
    "messages.1.content.0: Invalid `signature` in `thinking` block",
    "Invalid 'signature' in thinking block",
    'Invalid "signature" in thinking block',
    '{"message": "Invalid \\"signature\\" in thinking block"}',
    "Invalid \\signature`",
    "invalid SIGNATURE",
    "Invalid thought signature.",
    "Corrupted thought signature.",
    "Corrupted `thought signature`",
    "The thought signature is not valid",
    "Invalid value at 'contents[1].parts[0].thought_signature' (TYPE_BYTES), Base64 decoding failed for 'x'",
    "Base64 decoding failed for the field\nthought_signature",
    "messages.3.content.0: Invalid `data` in `redacted_thinking` block",
    "messages.1.content.0.thinking.signature: Field required",
    "messages.1.content.0.thinking.thinking: Field required",
    "failed to deserialise the thinking block",
    "messages.1.content.0.type: must be `thinking`",
    "a final `assistant` message must start with a thinking block. Found `text`.",
    "messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but found `tool_use`.",
    "Expected a first block of 'thinking'",
    "Function call is missing a thought_signature in functionCall parts.",
    "Function call is missing a `thought_signature` in functionCall parts.",
    BOUND,
]

ORDINARY = [
    "",
    "max_tokens: Field required",
    "This model does not support assistant message prefill.",
    '"thinking.type.disabled" is not supported for this model.',
    "thinking.budget_tokens: Input should be greater than or equal to 1024",
    "thinking.adaptive.block_binding: Extra inputs are not permitted",
    "Input tag 'x' found using 'type' does not match any of the expected tags: 'text', 'thinking', 'image'",
    "Failed to deserialize the JSON body into the target type",
    "messages.1: no file was found, text content is required",
    "We found text where an image should be",
    "`clear_thinking_20251015` strategy requires `thinking` to be enabled",
    "Expected a JSON object. See the page about extended thinking",
    "prefix_mismatch_behavior: Input should be 'error' or 'drop_block'",
]


def test_each_phrase_of_the_table_is_a_signature_refusal(subtests: pytest.Subtests) -> None:
    """A 400 that refuses a signature is recognised in any quoting and in any case."""
    for message in REFUSALS:
        with subtests.test(f"{message!r:.120}"):
            assert is_signature_refusal(message)
            assert is_signature_refusal(message.upper())


def test_an_ordinary_400_is_none(subtests: pytest.Subtests) -> None:
    """A 400 about anything else is the client's to see: it is never healed."""
    for message in ORDINARY:
        with subtests.test(f"{message!r:.120}"):
            assert not is_signature_refusal(message)
            assert not offers_drop_block(message)


def test_drop_block_is_offered_only_by_a_message_that_names_it() -> None:
    """drop_block is used where the refusal's own message offers it, and nowhere else."""
    assert [message for message in REFUSALS if offers_drop_block(message)] == [BOUND]


@pytest.mark.parametrize(
    "filler", ["\\", "'", " ", "expected ", "Invalid ", "thought_signature ", "must be "]
)
@pytest.mark.timeout(20)
def test_a_hostile_message_is_looked_through_once(filler: str) -> None:
    """Upstream's 400 with quotes, spaces or half phrases without end; it took 25 s at 40 kB once."""
    assert not is_signature_refusal("Invalid " + filler * 100_000)
    assert is_signature_refusal(filler * 100_000 + " Invalid `signature` in the block")
