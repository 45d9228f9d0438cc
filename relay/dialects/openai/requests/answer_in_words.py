"""An answer whose schema is no object's, asked for in words: OpenAI takes no other schema. PURE."""

from msgspec.structs import replace

from relay.dialects.schemas.answers import asks_to_fit, says_an_object
from relay.neutral.conversation import Conversation, Text, Turn


def with_answer_in_words(conversation: Conversation, changes: list[str]) -> Conversation:
    """``conversation``, the demand for such an answer said behind all else that the user says.

    Google's clients ask for lists and for one word of several; OpenAI refuses the request: "schema must be a
    JSON Schema of 'type: "object"'".
    """
    schema = conversation.response_schema
    if schema is None or says_an_object(schema):
        return conversation
    changes.append("the answer's schema became an instruction: OpenAI takes an object's alone")
    turns, note = list(conversation.turns), Text(asks_to_fit(schema))
    last = next((at for at in range(len(turns) - 1, -1, -1) if turns[at].role != "system"), -1)
    if last >= 0 and turns[last].role == "user":
        turns[last] = Turn("user", (*turns[last].parts, note))
    else:
        turns.insert(last + 1, Turn("user", (note,)))
    return replace(conversation, turns=tuple(turns), response_schema=None, json_answer=False)
