"""Who speaks: what each client documents, and what is forged, missing or of another type."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.speakers.clients import CLIENTS
from relay.speakers.places import LONGEST_ID
from relay.speakers.speaker import NOBODY, Speaker, in_session, speaker_of

SESSION = "5e" * 16
CLAUDE = {"x-claude-code-session-id": "8b9f1c1e-1", "user-agent": "claude-cli/2.1.150 (external, cli)"}
OPENCODE = {"user-agent": "opencode/1.4.2", "x-session-affinity": "ses_1", "x-session-id": "ses_1"}


def asked(headers: dict[str, str], body: dict[str, object] | None = None, key: int = 1) -> Speaker:
    """Who asks so."""
    return speaker_of(headers, body or {}, key, SESSION)


def codex(session: str, thread: str, parent: str = "", kind: str = "") -> dict[str, object]:
    """A body as Codex writes it: the turn's metadata, and flat copies of some of it."""
    metadata = {"session_id": session, "thread_id": thread, "request_kind": "turn"}
    if parent:
        metadata |= {"parent_thread_id": parent, "subagent_kind": kind}
    return {"client_metadata": {"x-codex-turn-metadata": json.dumps(metadata), "thread_id": thread}}


def test_every_row_has_its_source() -> None:
    """Each row of the table says where its places are written down; headers are in lower case."""
    for client in CLIENTS:
        assert client.source
        assert client.conversation
        for place in (*client.conversation, *client.agent, *client.parent, *client.marks):
            assert place.part == "body" or place.path == (place.path[0].lower(),)


def test_claude_code_and_its_agents() -> None:
    """One conversation; the main agent names no agent, a sub-agent itself, a deeper one its parent too."""
    main = asked(CLAUDE)
    first = asked({**CLAUDE, "x-claude-code-agent-id": "a1"})
    deeper = asked({**CLAUDE, "x-claude-code-agent-id": "a2", "x-claude-code-parent-agent-id": "a1"})
    assert (main.client, main.role, main.parent, main.agent) == ("Claude Code", "main", "", main.conversation)
    assert {one.conversation for one in (main, first, deeper)} == {main.conversation}
    assert (first.role, first.parent, first.label) == ("sub", main.agent, "a1")
    assert (deeper.role, deeper.parent, deeper.label) == ("sub", first.agent, "a2")
    assert len({main.agent, first.agent, deeper.agent}) == 3


@pytest.mark.parametrize(
    "user_id",
    ['{"device_id":"d","session_id":"8b9f1c1e-1"}', "user_abc_account_def_session_8b9f1c1e-1"],
)
def test_claude_code_without_headers(user_id: str) -> None:
    """The session in ``metadata.user_id``, old form and new, is the one that the header names."""
    told = asked({}, {"metadata": {"user_id": user_id}})
    assert told.conversation == asked(CLAUDE).conversation
    assert told.client == "Claude Code"


def test_a_users_id_is_no_conversation() -> None:
    """A plain ``metadata.user_id`` names a person, whose conversations are many: the session decides."""
    assert asked({}, {"metadata": {"user_id": "ada"}}).conversation == SESSION


def test_codex_and_its_agents() -> None:
    """Root and child share the session; the thread is the agent; a fork is another main agent."""
    root = asked({}, codex("s", "s"))
    child = asked({}, codex("s", "t1", "s", "thread_spawn"))
    deeper = asked({}, codex("s", "t2", "t1", "thread_spawn"))
    fork = asked({}, codex("s", "t3"))
    assert (root.client, root.role, root.agent) == ("Codex", "main", root.conversation)
    assert {one.conversation for one in (root, child, deeper, fork)} == {root.conversation}
    assert (child.role, child.parent, child.label) == ("sub", root.agent, "thread_spawn")
    assert deeper.parent == child.agent
    assert (fork.role, fork.parent) == ("main", "")
    assert fork.agent != root.agent


def test_codex_by_headers_alone() -> None:
    """Releases without metadata: a child with a session of its own belongs to its parent's conversation."""
    agent = {"user-agent": "codex_cli_rs/0.72.0 (Linux)"}
    root = asked({**agent, "session_id": "s"})
    child = asked(
        {**agent, "session_id": "t", "x-codex-parent-thread-id": "s", "x-openai-subagent": "collab_spawn"}
    )
    review = asked({**agent, "session_id": "s", "x-openai-subagent": "review"})
    assert child.conversation == review.conversation == root.conversation
    assert (child.role, child.parent, child.label) == ("sub", root.agent, "collab_spawn")
    assert (review.role, review.parent) == ("sub", root.agent)
    assert len({root.agent, child.agent, review.agent}) == 3


def test_opencode_and_its_agents() -> None:
    """A sub-agent has a session of its own and names its parent's: one conversation."""
    main = asked(OPENCODE)
    child = asked(
        {**OPENCODE, "x-session-affinity": "ses_2", "x-session-id": "ses_2", "x-parent-session-id": "ses_1"}
    )
    zen = asked({"user-agent": "opencode/1.4.2", "x-opencode-session": "ses_1"})
    assert (main.client, main.role) == ("OpenCode", "main")
    assert child.conversation == zen.conversation == main.conversation
    assert (child.role, child.parent) == ("sub", main.agent)
    assert child.agent != main.agent


def test_others_are_named_by_what_they_send() -> None:
    """A cache key or a session header is a conversation; the client's name is its User-Agent's, cleaned."""
    told = asked({"user-agent": "OpenAI/Python 3.52.0"}, {"prompt_cache_key": "chat-7"})
    assert (told.client, told.role) == ("OpenAI/Python", "main")
    assert told.conversation != SESSION
    assert asked({"user-agent": "curl/8.7.1"}) == Speaker(SESSION, SESSION, client="curl", role="main")
    assert asked({"user-agent": "<script>alert(1)</script>"}).client == "scriptalert1/script"
    assert asked({"x-session-id": "7"}).conversation == asked({}, {"prompt_cache_key": "7"}).conversation


def test_the_session_is_the_agents() -> None:
    """Where the conversation is named; one cache key may stand for many conversations, and is no session."""
    main, sub = asked(CLAUDE), asked({**CLAUDE, "x-claude-code-agent-id": "a1"})
    assert (main.session, sub.session) == (main.agent, sub.agent)
    assert asked({"x-session-id": "7"}).session == asked({"x-session-id": "7"}).agent
    assert not asked({}, {"prompt_cache_key": "chat-7"}).session
    assert not asked({}).session
    assert in_session(main, main.session, "0a" * 16) == main


def test_ids_of_two_keys_never_meet() -> None:
    """The same id under another key is another conversation and another agent."""
    headers = {**CLAUDE, "x-claude-code-agent-id": "a1"}
    one, other = asked(headers), asked(headers, key=2)
    assert not {one.conversation, one.agent, one.parent} & {other.conversation, other.agent, other.parent}


def test_agents_of_two_conversations_never_meet() -> None:
    """A name that a client gives in each of its sessions ("researcher") is another agent in each."""
    one = asked({**CLAUDE, "x-claude-code-agent-id": "researcher"})
    other = asked({**CLAUDE, "x-claude-code-session-id": "2", "x-claude-code-agent-id": "researcher"})
    assert one.agent != other.agent


def test_an_agent_is_never_its_own_parent() -> None:
    """A forged parent (itself, the session, one never seen) leaves a sub-agent below another agent."""
    for parent in ("a1", "8b9f1c1e-1", "never seen", ""):
        told = asked({**CLAUDE, "x-claude-code-agent-id": "a1", "x-claude-code-parent-agent-id": parent})
        assert told.role == "sub"
        assert told.parent not in ("", told.agent)
    forged = asked({**CLAUDE, "x-claude-code-agent-id": "8b9f1c1e-1"})
    assert forged.agent != forged.conversation == forged.parent


def test_what_is_no_id_is_not_there() -> None:
    """Too long, of another type, or broken JSON: the next place is read, or the session decides."""
    long = "x" * (LONGEST_ID + 1)
    assert asked({"x-claude-code-session-id": long}).conversation == SESSION
    assert asked({"x-claude-code-session-id": long, "x-session-id": "7"}) == asked({"x-session-id": "7"})
    for value in (None, 7, [], {}, "", " ", long, {"user_id": 7, "session_id": []}):
        assert asked({}, {"prompt_cache_key": value}).conversation == SESSION
        assert asked({}, {"metadata": value, "client_metadata": value}).conversation == SESSION
    for text in ("{", '{"session_id":7}', "{" * 20_000, '{"session_id":"' + "s" * 20_000 + '"}', "_session_"):
        assert asked({"x-codex-turn-metadata": text}, {"metadata": {"user_id": text}}).conversation == SESSION


def test_a_session_that_is_found_later() -> None:
    """A turn that goes on from a kept answer is of that answer's session, unless the client named its own."""
    assert in_session(asked({}), SESSION, "other").conversation == "other"
    assert in_session(asked(CLAUDE), SESSION, "other") == asked(CLAUDE)
    assert in_session(NOBODY, SESSION, "other") == NOBODY


_NAMES = sorted(
    {place.path[0] for c in CLIENTS for place in (*c.conversation, *c.agent, *c.parent, *c.marks)}
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.dictionaries(st.text(), inner)
)


@given(
    st.dictionaries(st.sampled_from([*_NAMES, "user-agent"]), st.text()),
    st.dictionaries(st.sampled_from([*_NAMES, "metadata", "client_metadata"]), _JSON),
)
def test_whatever_is_sent(headers: dict[str, str], body: dict[str, object]) -> None:
    """Whatever stands there: hashes of one length, a label and a name of harmless signs, and no exception."""
    told = asked(headers, body)
    assert len(told.conversation) == len(told.agent) == 32
    assert told.role in ("main", "sub")
    assert (told.parent != "") == (told.role == "sub")
    assert told.parent != told.agent
    for text, most in ((told.label, 64), (told.client, 40)):
        assert len(text) <= most
        assert text.isascii()
        assert not set(text) & set("<>&\"'\\\n\0")


def test_each_place_of_the_table_is_looked_at() -> None:
    """An id that stands alone where a row looks for a conversation names one, for every row and place."""
    for client in CLIENTS:
        for place in client.conversation:
            told = json.dumps({place.inside: "7"}) if place.inside else f"{place.behind}7"
            headers = {"user-agent": client.user_agent}
            body: dict[str, object] = {}
            if place.part == "header":
                headers[place.path[0]] = told
            else:
                *outer, last = place.path
                body = {last: told}
                for name in reversed(outer):
                    body = {name: body}
            assert asked(headers, body).conversation != SESSION, (client.name, place)
