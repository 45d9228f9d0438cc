"""The numbered text."""

from relay.simulator.model.prose import (
    Prose,
    answer_text,
    read_counters,
    shape_in_model_name,
    tag_of,
    text_segments,
    token_count,
)


def test_text_is_the_same_for_the_same_prompt():
    """The answer to a prompt is deterministic, and another for another prompt."""
    assert answer_text("hello") == answer_text("hello")
    assert answer_text("hello") != answer_text("hello!")


def test_counters_and_tag_show_a_whole_answer():
    """Counters rise from 0 without a gap and all carry the prompt's tag."""
    counters = read_counters(answer_text("hello", Prose(events=15)))
    assert counters == [(index, tag_of("hello")) for index in range(15)]


def test_counters_show_loss_and_doubling():
    """A lost or doubled segment is seen in the counters."""
    segments = text_segments("hello", Prose(events=4))
    lost = [counter for counter, _ in read_counters("".join([segments[0], segments[2]]))]
    assert lost == [0, 2]


def test_each_segment_has_a_wide_character():
    """Every segment can be cut inside a character."""
    assert all(not segment.isascii() for segment in text_segments("x", Prose(events=30, words=1)))


def test_shape_in_a_model_name():
    """``-nEVENTS-tWORDS-dMILLISECONDS`` in a model's name shapes its stream; other names do not."""
    default = Prose()
    assert shape_in_model_name("bench-n50-t40-d5", default) == Prose(50, 40, 0.005, default.thinking_events)
    assert shape_in_model_name("bench-n7", default) == Prose(7, default.words, 0.0, default.thinking_events)
    assert shape_in_model_name("claude-opus-5-5", default) is default


def test_tokens_are_quarters_of_bytes():
    """Tokens count UTF-8 bytes, not characters."""
    assert token_count("") == 0
    assert token_count("abcd") == 1
    assert token_count("日本") == 2
