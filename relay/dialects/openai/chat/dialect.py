"""Chat completions as a dialect: joins the files of this folder. PURE."""

from accounts.facts.model_facts import ModelFacts
from relay.dialects.errors.refused_parameters import PAIRS
from relay.dialects.healing.pairing import paired
from relay.dialects.interface import Dialect
from relay.dialects.openai import client_side, errors, reasoning
from relay.dialects.openai.chat import continuing, turn_form
from relay.dialects.openai.chat.client_answer import collector
from relay.dialects.openai.chat.client_answer.encoder import ChatEncoder
from relay.dialects.openai.chat.requests import client_shapes, fit, mend, read_request, write_request
from relay.dialects.openai.chat.upstream_answer.decoder import ChatDecoder
from relay.dialects.openai.inspection import inspect_chat
from relay.dialects.openai.prompt import prompt
from relay.dialects.openai.requests import take_back, tools
from relay.neutral.conversation import Json


def _as_stream(body: Json) -> Json:
    """Usage has to be asked for."""
    told = body.get("stream_options")
    options = {**(told if isinstance(told, dict) else {}), "include_usage": True}
    if body.get("stream") is True and options == told:
        return body
    return {**body, "stream": True, "stream_options": options}


def _take_back(body: Json, name: str) -> Json:
    """Calls and results are paired by their turns; the rest is the same in both wire forms."""
    return paired(turn_form.TURNS, body) if name == PAIRS else take_back.take_back(body, name)


def _known_form(body: Json, facts: ModelFacts) -> Json:
    """Clients that know OpenAI alone do not send reasoning back, which some servers demand."""
    return take_back.with_reasoning_on_calls(body) if facts.reasoning_content else body


def _thinks_unseen(body: Json, facts: ModelFacts) -> bool:
    """OpenAI's own models never show their reasoning here."""
    return reasoning.thinks_unseen(body.get("reasoning_effort"), facts)


OPENAI_CHAT = Dialect(
    name="openai_chat",
    paths=client_side.CHAT_PATHS,
    recorded_as="openai",
    models=client_side.MODELS,
    upstream_path="/v1/chat/completions",
    inspect=inspect_chat,
    read=read_request.read,
    is_own_form=client_shapes.is_own_form,
    mend=mend.mend,
    wants=continuing.wants,
    thinking=read_request.thinking,
    hides_thinking=lambda body: "silent",  # what has no words: a signature has no place here
    encoder=ChatEncoder,
    collect=collector.collect,
    error_body=errors.error_body,
    tool_names=tools.NAMES,
    take_back=_take_back,
    known_form=_known_form,
    write=write_request.write,
    prompt=prompt,
    fit=fit.fit,
    as_stream=_as_stream,
    decoder=ChatDecoder,
    classify=errors.classify,
    failure_in_document=errors.failure_in_document,
    thinks_unseen=_thinks_unseen,
    turns=turn_form.TURNS,
    continue_answer=continuing.continue_answer,
)
