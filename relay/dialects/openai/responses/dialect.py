"""Responses as a dialect: joins the files of this folder. PURE."""

from accounts.facts.model_facts import ModelFacts
from relay.dialects.errors.refused_parameters import PAIRS
from relay.dialects.interface import Dialect, streams_by_itself
from relay.dialects.openai import client_side, errors, reasoning
from relay.dialects.openai.inspection import inspect_responses
from relay.dialects.openai.prompt import prompt
from relay.dialects.openai.requests import take_back, tools, unnamed_calls
from relay.dialects.openai.responses import continuing, turn_form
from relay.dialects.openai.responses.client_answer import collector
from relay.dialects.openai.responses.client_answer.encoder import ResponsesEncoder
from relay.dialects.openai.responses.requests import fit, read_request, write_request
from relay.dialects.openai.responses.requests.pairing import paired
from relay.dialects.openai.responses.upstream_answer.decoder import ResponsesDecoder
from relay.neutral.conversation import Json


def _thinks_unseen(body: Json, facts: ModelFacts) -> bool:
    """The reasoning item that opens at once is a sign of life, but its opening may take a while."""
    told = body.get("reasoning")
    return reasoning.thinks_unseen(told.get("effort") if isinstance(told, dict) else None, facts)


def _take_back(body: Json, name: str) -> Json:
    """Calls and outputs are paired as items; the rest is the same in both wire forms."""
    return paired(body) if name == PAIRS else take_back.take_back(body, name)


OPENAI_RESPONSES = Dialect(
    name="openai_responses",
    paths=client_side.RESPONSES_PATHS,
    prefixes=("/v1/responses",),
    recorded_as="openai",
    counting=client_side.COUNTING,
    models=client_side.MODELS,
    upstream_path="/v1/responses",
    inspect=inspect_responses,
    read=read_request.read,
    mend=unnamed_calls.mend,
    wants=continuing.wants,
    thinking=read_request.thinking,
    tells_limits_in_streams=True,  # Codex
    encoder=ResponsesEncoder,
    collect=collector.collect,
    error_body=errors.error_body,
    tool_names=tools.NAMES,
    take_back=_take_back,
    write=write_request.write,
    prompt=prompt,
    fit=fit.fit,
    as_stream=streams_by_itself,
    decoder=ResponsesDecoder,
    classify=errors.classify,
    failure_in_document=errors.failure_in_document,
    thinks_unseen=_thinks_unseen,
    turns=turn_form.TURNS,
    continue_answer=continuing.continue_answer,
)
