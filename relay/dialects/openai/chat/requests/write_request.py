"""A neutral conversation, as a chat completions body. PURE.

What chat completions have no place for is said in the nearest way (an image in a tool's result follows
in a user message, an error is named in words) or refused with CannotCarry; parameters that the model
refuses are left to ``fit``.
"""

from accounts.facts.model_facts import ModelFacts
from relay.dialects.openai.chat.requests.fit import fit_model
from relay.dialects.openai.chat.requests.joined_turns import joined
from relay.dialects.openai.common_words import (
    asks_for_json,
    asks_to_continue,
    error_text,
    reply_schema,
    set_numbers,
    user_name,
)
from relay.dialects.openai.reasoning import effort_of
from relay.dialects.openai.requests import media, tools
from relay.dialects.openai.requests.answer_in_words import with_answer_in_words
from relay.dialects.openai.requests.take_back import NO_REASONING
from relay.dialects.translation.foreign_history import made_media
from relay.dialects.translation.notes import CONTINUE, system_note
from relay.neutral.conversation import (
    Conversation,
    Json,
    Media,
    Part,
    Redacted,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Turn,
)
from relay.neutral.failures import CannotCarry


def write(conversation: Conversation, model: str, facts: ModelFacts, changes: list[str]) -> Json:
    """The body for ``conversation``; ``changes`` gets what was mapped or dropped; raises CannotCarry."""
    conversation = with_answer_in_words(conversation, changes)
    messages: list[Json] = []
    system = asks_for_json(conversation, changes)
    if system:
        messages.append({"role": "system", "content": "\n\n".join(system)})
    writer = _Writer(facts, changes)
    for turn in joined(conversation.turns):
        messages += writer.messages(turn)
    if asks_to_continue(conversation, facts, changes):
        messages.append({"role": "user", "content": CONTINUE})
    body: Json = {"model": model, "messages": messages}
    _put_tools(body, conversation, changes)
    _put_format(body, conversation, changes)
    if effort := effort_of(conversation.thinking):
        body["reasoning_effort"] = effort
    if conversation.max_tokens is not None:
        body["max_completion_tokens"] = conversation.max_tokens
    if conversation.stop_sequences:
        body["stop"] = list(conversation.stop_sequences)
    set_numbers(
        body,
        conversation.sampling,
        ("temperature", "top_p", "seed", "presence_penalty", "frequency_penalty"),
        changes,
    )
    if conversation.user_id:
        body["user"] = user_name(conversation.user_id)
    if conversation.cache_key and facts.cache_key:
        body["prompt_cache_key"] = conversation.cache_key
    return fit_model(body, model, facts, changes)


def _put_tools(body: Json, conversation: Conversation, changes: list[str]) -> None:
    if conversation.web_search:
        changes.append("web search dropped: chat completions have none")
    if not conversation.tools:
        return
    body["tools"] = [
        {"type": "function", "function": tools.spec_of(tool, changes)} for tool in conversation.tools
    ]
    choice = conversation.tool_choice
    if choice.mode != "auto":
        body["tool_choice"] = tools.choice_body(choice, _one_choice, _several_choices)
    if not choice.parallel:
        body["parallel_tool_calls"] = False


def _one_choice(name: str) -> Json:
    return {"type": "function", "function": {"name": name}}


def _several_choices(choices: list[Json]) -> Json:
    return {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": choices}}


def _put_format(body: Json, conversation: Conversation, changes: list[str]) -> None:
    if conversation.response_schema is not None:
        schema = reply_schema(conversation.response_schema, changes)
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    elif conversation.json_answer:
        body["response_format"] = {"type": "json_object"}


class _Writer:
    """Turns into messages."""

    def __init__(self, facts: ModelFacts, changes: list[str]) -> None:
        self._facts = facts
        self._changes = changes
        self._noted: set[str] = set()

    def messages(self, turn: Turn) -> list[Json]:
        match turn.role:
            case "user":
                return self._user(turn.parts)
            case "assistant":
                return self._assistant(turn.parts)
            case "system":
                return self._system(turn.parts)

    def _system(self, parts: tuple[Part, ...]) -> list[Json]:
        text = "\n\n".join(part.text for part in parts if isinstance(part, Text))
        if not text:
            return []
        if self._facts.system_turns:
            return [{"role": "system", "content": text}]
        self._note("system turn became a user turn")
        return [{"role": "user", "content": system_note(text)}]

    def _user(self, parts: tuple[Part, ...]) -> list[Json]:
        """Results go first, each a message: they must follow their calls directly."""
        messages: list[Json] = []
        content: list[Json] = []
        for part in parts:
            if isinstance(part, ToolResult):
                messages.append(self._result(part, content))
        for part in parts:
            if not isinstance(part, ToolResult):
                content.append(self._part(part))
        if len(content) == 1 and content[0]["type"] == "text":
            messages.append({"role": "user", "content": content[0]["text"]})
        elif content:
            messages.append({"role": "user", "content": content})
        return messages

    def _result(self, result: ToolResult, following: list[Json]) -> Json:
        """A tool message holds text only: other parts follow in the user's message, under their name."""
        texts: list[str] = []
        for part in result.parts:
            plain = part if isinstance(part, Text) else media.as_plain_text(part)
            if plain is not None:
                texts.append(plain.text)
                continue
            texts.append("[see the next user message]")
            following.append({"type": "text", "text": f"What {result.name} returned ({result.call_id}):"})
            following.append(self._part(part))
            self._note("media in a tool result moved to a user message")
        text = "\n".join(texts)
        if result.is_error:
            text = error_text(text)
            self._note("is_error became words")
        return {"role": "tool", "tool_call_id": tools.call_id(result.call_id), "content": text}

    def _part(self, part: Part) -> Json:
        match part:
            case Text():
                return {"type": "text", "text": part.text}
            case Media(kind="image"):
                return {"type": "image_url", "image_url": {"url": media.url_of(part)}}
            case Media(kind="audio"):
                return media.audio_part(part)
            case Media(kind="document"):
                return self._document(part)
            case Media():
                raise CannotCarry(f"{part.kind} cannot be sent to an OpenAI upstream")
            case _:
                raise CannotCarry(f"a {type(part).__name__} part cannot stand in a user message")

    def _document(self, document: Media) -> Json:
        plain = media.as_plain_text(document)
        if plain is not None:
            return {"type": "text", "text": plain.text}
        if document.url:
            raise CannotCarry("a document's URL cannot be sent in chat completions; send the document itself")
        return {
            "type": "file",
            "file": {"filename": media.file_name(document), "file_data": media.url_of(document)},
        }

    def _assistant(self, parts: tuple[Part, ...]) -> list[Json]:
        thoughts: list[str] = []
        texts: list[str] = []
        calls: list[Json] = []
        takes_thoughts = self._facts.reasoning_content
        for part in parts:
            match part:
                case Thinking() if takes_thoughts:
                    thoughts.append(part.text)
                case Text():
                    texts.append(part.text)
                case ToolCall():
                    function = {"name": part.name, "arguments": tools.arguments_text(part)}
                    calls.append({"id": tools.call_id(part.id), "type": "function", "function": function})
                case Thinking() | Redacted():
                    self._note("thinking of earlier turns left out: it cannot be read here")
                case Media():
                    texts.append(made_media(part))
                    self._note(f"{part.media_type} in a turn of the model's became a note")
                case _:
                    raise CannotCarry("a tool result in a turn of the model's")
        if not texts and not calls:
            return []
        message: Json = {"role": "assistant", "content": "".join(texts) if texts else None}
        if calls:
            message["tool_calls"] = calls
        if takes_thoughts and (thoughts or calls):
            message["reasoning_content"] = "\n\n".join(thoughts) or NO_REASONING
        return [message]

    def _note(self, change: str) -> None:
        if change not in self._noted:
            self._noted.add(change)
            self._changes.append(change)
