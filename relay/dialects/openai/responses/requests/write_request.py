"""A neutral conversation, as a Responses body. PURE.

Nothing is stored upstream: the whole conversation is sent each time, and reasoning comes back in
``encrypted_content``.
"""

from accounts.facts.model_facts import ModelFacts
from relay.dialects.errors.refused_parameters import SEARCH_SOURCES
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
from relay.dialects.openai.responses.requests.fit import fit_model
from relay.dialects.translation.foreign_history import made_media
from relay.dialects.translation.notes import CONTINUE
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
    writer = _Writer(changes)
    items = [item for turn in conversation.turns for item in writer.items(turn)]
    if asks_to_continue(conversation, facts, changes):
        items += _message("user", [{"type": "input_text", "text": CONTINUE}])
    include = ["reasoning.encrypted_content", *([SEARCH_SOURCES] if conversation.web_search else [])]
    body: Json = {"model": model, "input": items, "store": False, "include": include}
    if system := asks_for_json(conversation, changes):
        body["instructions"] = "\n\n".join(system)
    _put_tools(body, conversation, changes)
    _put_format(body, conversation, changes)
    _put_reasoning(body, conversation)
    if conversation.max_tokens is not None:
        body["max_output_tokens"] = conversation.max_tokens
    if conversation.stop_sequences:
        changes.append("stop sequences dropped: Responses have none")
    set_numbers(body, conversation.sampling, ("temperature", "top_p"), changes)
    if conversation.user_id:
        body["safety_identifier"] = user_name(conversation.user_id)
    if conversation.cache_key and facts.cache_key:
        body["prompt_cache_key"] = conversation.cache_key
    return fit_model(body, model, facts, changes)


def _put_tools(body: Json, conversation: Conversation, changes: list[str]) -> None:
    written = [{"type": "function", **tools.spec_of(tool, changes)} for tool in conversation.tools]
    for tool in written:
        tool.setdefault("strict", False)  # Responses take a tool without the word for a strict one
    if conversation.web_search:
        written.append({"type": "web_search"})
    if not written:
        return
    body["tools"] = written
    choice = conversation.tool_choice
    if choice.searches and conversation.web_search:
        body["tool_choice"] = {"type": "web_search"}
    elif choice.mode != "auto":
        body["tool_choice"] = tools.choice_body(choice, _one_choice, _several_choices)
    if not choice.parallel:
        body["parallel_tool_calls"] = False


def _one_choice(name: str) -> Json:
    return {"type": "function", "name": name}


def _several_choices(choices: list[Json]) -> Json:
    return {"type": "allowed_tools", "mode": "required", "tools": choices}


def _put_format(body: Json, conversation: Conversation, changes: list[str]) -> None:
    if conversation.response_schema is not None:
        body["text"] = {
            "format": {"type": "json_schema", **reply_schema(conversation.response_schema, changes)}
        }
    elif conversation.json_answer:
        body["text"] = {"format": {"type": "json_object"}}


def _put_reasoning(body: Json, conversation: Conversation) -> None:
    reasoning: Json = {}
    if effort := effort_of(conversation.thinking):
        reasoning["effort"] = effort
    if conversation.thinking.is_shown:
        reasoning["summary"] = "auto"
    if reasoning:
        body["reasoning"] = reasoning


class _Writer:
    """Turns into items."""

    def __init__(self, changes: list[str]) -> None:
        self._changes = changes
        self._noted: set[str] = set()

    def items(self, turn: Turn) -> list[Json]:
        items: list[Json] = []
        role = turn.role
        content: list[Json] = []
        for part in turn.parts:
            if isinstance(part, Text | Media):
                content.append(self._content(part, role))
                continue
            items += _message(role, content)
            content = []
            items += self._item(part)
        return [*items, *_message(role, content)]

    def _item(self, part: Part) -> list[Json]:
        match part:
            case Thinking() if part.signature:
                return [_reasoning(part)]
            case Thinking() | Redacted():
                self._note("thinking of earlier turns left out: it cannot be read here")
                return []
            case ToolCall():
                return [
                    {
                        "type": "function_call",
                        "call_id": tools.call_id(part.id),
                        "name": part.name,
                        "arguments": tools.arguments_text(part),
                    }
                ]
            case ToolResult():
                return [self._result(part)]
            case _:
                raise CannotCarry(f"a {type(part).__name__} part cannot be sent to an OpenAI upstream")

    def _result(self, result: ToolResult) -> Json:
        texts = [part.text for part in result.parts if isinstance(part, Text)]
        output: str | list[Json] = "\n".join(texts)
        if len(texts) < len(result.parts):
            output = [self._content(part, "user") for part in result.parts]
        if result.is_error:
            self._note("is_error became words")
            if isinstance(output, str):
                output = error_text(output)
            else:
                output = [{"type": "input_text", "text": error_text("")}, *output]
        return {"type": "function_call_output", "call_id": tools.call_id(result.call_id), "output": output}

    def _content(self, part: Text | Media, role: str) -> Json:
        if isinstance(part, Text):
            if role == "assistant":
                return {"type": "output_text", "text": part.text, "annotations": []}
            return {"type": "input_text", "text": part.text}
        if role == "assistant":
            self._note(f"{part.media_type} in a turn of the model's became a note")
            return {"type": "output_text", "text": made_media(part), "annotations": []}
        match part.kind:
            case "image":
                return {"type": "input_image", "image_url": media.url_of(part)}
            case "document":
                return _document(part)
            case _:
                raise CannotCarry(f"{part.kind} cannot be sent to an OpenAI upstream in Responses")

    def _note(self, change: str) -> None:
        if change not in self._noted:
            self._noted.add(change)
            self._changes.append(change)


def _document(document: Media) -> Json:
    plain = media.as_plain_text(document)
    if plain is not None:
        return {"type": "input_text", "text": plain.text}
    if document.url:
        return {"type": "input_file", "file_url": document.url}
    return {
        "type": "input_file",
        "filename": media.file_name(document),
        "file_data": media.url_of(document),
    }


def _message(role: str, content: list[Json]) -> list[Json]:
    return [{"type": "message", "role": role, "content": content}] if content else []


def _reasoning(thinking: Thinking) -> Json:
    summary = [{"type": "summary_text", "text": thinking.text}] if thinking.text else []
    return {"type": "reasoning", "summary": summary, "encrypted_content": thinking.signature}
