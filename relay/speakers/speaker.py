"""Who speaks in a request. PURE.

What a client sends is a name and no identity: it is forged as easily as it is sent. So each id is hashed
together with the client key, and nothing but the grouping of rows, the choice of a mapping by role and the
limits of that same key rest on it.
"""

import hashlib
import string
from collections.abc import Mapping
from typing import Literal

import msgspec

from relay.neutral.conversation import Json
from relay.speakers.clients import CLIENTS, NAMING_FIELDS, NAMING_HEADERS, Client
from relay.speakers.places import first_id

Role = Literal["main", "sub", ""]

LABEL_CHARACTERS = 64
NAME_CHARACTERS = 40
_IN_LABELS = frozenset(string.ascii_letters + string.digits + "._:@/-")


class Speaker(msgspec.Struct, frozen=True):
    """``conversation`` and the agents are hashes. The main agent's is the conversation's own.

    ``parent`` is the agent that started this one, "" for a main agent. ``label`` is how the client calls a
    sub-agent, ``client`` the client's name, "" where it is not known. ``session`` is what signatures, heals
    and the choice of accounts go by: the agent's own, "" where the client names none.
    """

    conversation: str = ""
    agent: str = ""
    parent: str = ""
    label: str = ""
    client: str = ""
    role: Role = ""
    session: str = ""


NOBODY = Speaker()
"""Of what was refused before it was read."""


def speaker_of(headers: Mapping[str, str], request: Json, key_id: int, session: str) -> Speaker:
    """Who asks ``request`` with the key ``key_id``; ``session`` is the conversation where none is named.

    ``headers`` have lower-case names. Never raises: what is too long or of another type is not there.
    """
    user_agent = headers.get("user-agent", "")
    is_named = not (NAMING_HEADERS.isdisjoint(headers) and NAMING_FIELDS.isdisjoint(request))
    for client in CLIENTS if is_named else ():
        if client.user_agent and not user_agent.lower().startswith(client.user_agent):
            continue
        if conversation := first_id(client.conversation, headers, request):
            return _named(client, conversation, headers, request, key_id)
    return Speaker(session, session, client=_product(user_agent), role="main" if session else "")


def named_conversation(key_id: int, name: str) -> str:
    """The conversation that a client calls so, who asks with the key ``key_id``."""
    return _hash(key_id, name)


def in_session(speaker: Speaker, before: str, session: str) -> Speaker:
    """The speaker whose session, which was ``before``, has turned out to be ``session``."""
    if speaker.session or speaker.conversation != before:
        return speaker
    return msgspec.structs.replace(speaker, conversation=session, agent=session)


def _named(
    client: Client, conversation: str, headers: Mapping[str, str], request: Json, key_id: int
) -> Speaker:
    agent, parent, mark = (
        first_id(places, headers, request) for places in (client.agent, client.parent, client.marks)
    )
    is_sub = bool(parent or mark)
    if parent and agent == conversation != parent:  # a session of its own: the conversation is its parent's
        conversation = parent
    elif is_sub and agent in ("", conversation):
        agent = f"a sub-agent without an id of its own: {mark}"
    main = named_conversation(key_id, conversation)

    def hashed(raw: str) -> str:
        return main if raw in ("", conversation) else _hash(key_id, conversation, raw)

    own = hashed(agent)
    return Speaker(
        conversation=main,
        agent=own,
        parent="" if not is_sub else main if hashed(parent) == own else hashed(parent),
        label=_cleaned(mark)[:LABEL_CHARACTERS],
        client=client.name or _product(headers.get("user-agent", "")),
        role="sub" if is_sub else "main",
        session="" if client.is_shared else own,
    )


def _hash(*parts: object) -> str:
    named = "\n".join(map(str, parts))
    return hashlib.sha256(named.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _product(user_agent: str) -> str:
    """The name at the beginning of a User-Agent, without its version: ``curl``, ``OpenAI/Python``."""
    name, _, rest = user_agent[:200].partition(" ")[0].partition("/")
    told = f"{name}/{rest}" if rest[:1].isalpha() else name
    return _cleaned(told)[:NAME_CHARACTERS]


def _cleaned(text: str) -> str:
    return "".join(letter for letter in text if letter in _IN_LABELS)
