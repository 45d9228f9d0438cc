"""What a prompt asks for, the same in every dialect."""

import pytest

from relay.simulator.model.asks import ANY_TOOL, Ask, AskedMedia, AskedTurn
from relay.simulator.model.prompts import compose
from relay.simulator.model.prose import Prose, answer_text
from relay.simulator.model.reply import ReplyStop, SaidThinking

TOOLS = {
    "alpha": {"type": "object", "properties": {"a": {"type": "integer"}}},
    "beta": {"type": "object", "properties": {}},
}


def ask(*turns: AskedTurn | str, **options) -> Ask:
    said = [AskedTurn("user", (turn,)) if isinstance(turn, str) else turn for turn in turns]
    return Ask(said, **({"tools": TOOLS} | options))


def called(asked: Ask) -> list[str]:
    return [call.name for call in compose(asked, Prose()).calls()]


@pytest.mark.parametrize(
    ("prompt", "names"),
    [
        ("hello", []),
        ("use the tool", ["alpha"]),
        ("please call beta", ["beta"]),
        ("call alpha and beta", ["alpha", "beta"]),
        ("use the tool in parallel", ["alpha", "beta"]),
        ("call beta twice in parallel", ["beta", "beta"]),
        ("call alphabet", []),
        ("<system-reminder>use the tool</system-reminder>", []),
    ],
)
def test_a_prompt_names_its_tools(prompt, names):
    """Tools are called when the user's own words ask for them."""
    assert called(ask(prompt)) == names


def test_a_choice_forces_or_forbids():
    """A forced tool is called unasked; one at a time is one; without tools nothing is called."""
    assert called(ask("hello", forced=ANY_TOOL)) == ["alpha"]
    assert called(ask("hello", forced="beta")) == ["beta"]
    assert called(ask("call alpha and beta", parallel=False)) == ["alpha"]
    assert called(ask("use the tool", tools={})) == []


def test_steps_follow_one_another():
    """``2 times``: a second call after the first result, text after the second; ids are all different."""
    turns = [AskedTurn("user", ("use the tool 2 times",))]
    ids = []
    for _ in range(2):
        call = compose(ask(*turns), Prose()).calls()[0]
        ids.append(call.id)
        turns += [AskedTurn("model"), AskedTurn("user", (), ("42",))]
    assert len(set(ids)) == 2
    reply = compose(ask(*turns), Prose())
    assert reply.calls() == []
    assert reply.text().startswith("The tool said: 42. [0] ")


def test_the_same_prompt_again_calls_again():
    """An earlier answered prompt of the same words does not count as this one's steps."""
    earlier = [
        AskedTurn("user", ("use the tool",)),
        AskedTurn("model"),
        AskedTurn("user", (), ("42",)),
        AskedTurn("model", ("done",)),
    ]
    assert called(ask(*earlier, "use the tool")) == ["alpha"]


def test_a_result_with_words_beside_it_is_still_quoted():
    """What a client or a heal adds to the turn of results does not hide the prompt."""
    turns = [
        AskedTurn("user", ("use the tool",)),
        AskedTurn("model"),
        AskedTurn("user", ("a heal's words",), ("42",)),
    ]
    assert compose(ask(*turns), Prose()).text().startswith("The tool said: 42. ")


@pytest.mark.parametrize("words", ["[say: events=3]", "[say: events=3, thinking=5, delay=0.5]"])
def test_directions(words):
    """``[say: …]`` sets how much is said; unknown words in it are ignored."""
    assert compose(ask(f"{words} hello"), Prose()).text() == answer_text(f"{words} hello", Prose(events=3))
    reply = compose(ask("[say: thinking=5, redacted, other=1] x", thinks=True, shows_thinking=True), Prose())
    assert isinstance(reply.blocks[0], SaidThinking)
    assert (len(reply.blocks[0].segments), reply.blocks[0].redacted) == (5, True)


def test_media_are_seen():
    """An image's size and digest, or its address, open the answer."""
    turn = AskedTurn(
        "user", ("look",), (), (AskedMedia("image/png", 5, "ab" * 32), AskedMedia("file", url="https://x"))
    )
    assert (
        compose(ask(turn), Prose())
        .text()
        .startswith("I see image/png of 5 bytes, sha256 abababababababab. I see file at https://x. [0] ")
    )


@pytest.mark.parametrize("limit", [1, 5, 30, 100])
def test_tokens_run_out(limit):
    """Text and thinking stay within the limit, characters whole, and thinking leaves half of it."""
    reply = compose(ask("hello", max_tokens=limit, thinks=True, shows_thinking=True), Prose())
    assert reply.stop is ReplyStop.MAX_TOKENS
    assert answer_text("hello").startswith(reply.text())
    assert reply.output_tokens + reply.thinking_tokens <= limit + 1
    assert reply.thinking_tokens <= limit // 2 + 1


def test_a_call_that_does_not_fit_is_left_out():
    """Where the tokens do not reach for a call's arguments, there is none."""
    reply = compose(ask("use the tool", max_tokens=8), Prose())
    assert (reply.stop, reply.calls()) == (ReplyStop.MAX_TOKENS, [])


def test_a_stop_sequence_ends_the_text():
    """The text ends before the first of the sequences; calls behind it are gone."""
    reply = compose(ask("hello", stop_sequences=("[3]", "[1]")), Prose())
    assert (reply.stop, reply.stop_sequence) == (ReplyStop.STOP_SEQUENCE, "[1]")
    assert reply.text() == answer_text("hello").partition("[1]")[0]
    stopped = compose(ask("use the tool", stop_sequences=("I call",)), Prose())
    assert stopped.calls() == []


def test_a_finished_answer_is_not_continued():
    """Words like *continue* after a whole answer get an answer of their own."""
    turns = [
        AskedTurn("user", ("hello",)),
        AskedTurn("model", (answer_text("hello"),)),
        AskedTurn("user", ("continue",)),
    ]
    assert compose(ask(*turns), Prose()).text() == answer_text("continue")


@pytest.mark.parametrize("last", [(), (AskedTurn("user", ("Go on from exactly where you stopped.",)),)])
def test_a_finished_answer_has_no_rest(last):
    """Asked for it, as a prefill or in words, the model says nothing more."""
    turns = [AskedTurn("user", ("hello",)), AskedTurn("model", (answer_text("hello"),)), *last]
    assert compose(ask(*turns), Prose()).text() == ""


def test_a_continued_answer_obeys_what_the_broken_one_was_asked_for():
    """How long it is, and how it echoes."""
    prompt = "[say: events=20, echo=2] hello"
    whole = answer_text(prompt, Prose(events=20))
    turns = [AskedTurn("user", (prompt,)), AskedTurn("model", (whole[:300],)), AskedTurn("user", ("Go on.",))]
    said = compose(ask(*turns), Prose()).text()
    assert whole.endswith(said)
    assert len(said) > len(whole) - 300
