"""The Anthropic dialect: joins the files of this folder, and holds no rule of its own.

PURE.
"""

from relay.dialects.anthropic import client_side, continuing, errors, inspection, turn_form
from relay.dialects.anthropic.client_answer import collector
from relay.dialects.anthropic.client_answer.encoder import AnthropicEncoder
from relay.dialects.anthropic.prompt import prompt
from relay.dialects.anthropic.requests import (
    drop_blocks,
    fit,
    fit_thinking,
    mend,
    read_request,
    take_back,
    write_request,
)
from relay.dialects.anthropic.upstream_answer.decoder import AnthropicDecoder
from relay.dialects.interface import Dialect, streams_by_itself
from relay.dialects.names.call_ids import plain_id

ANTHROPIC = Dialect(
    name="anthropic",
    paths=client_side.PATHS,
    prefixes=("/v1/messages",),
    recorded_as="anthropic",
    models=client_side.MODELS,
    counting=client_side.COUNTING,
    request_id_header="request-id",
    upstream_path="/v1/messages",
    default_headers=(("anthropic-version", "2023-06-01"),),
    inspect=inspection.inspect,
    read=read_request.read,
    wants=continuing.wants,
    thinking=read_request.thinking,
    hides_thinking=inspection.hides_thinking,
    encoder=AnthropicEncoder,
    collect=collector.collect,
    error_body=errors.error_body,
    call_id=plain_id,
    tool_names=write_request.TOOL_NAMES,
    property_names=write_request.PROPERTY_NAMES,
    mend=mend.mend,
    take_back=take_back.take_back,
    write=write_request.write,
    prompt=prompt,
    fit=fit.fit,
    as_stream=streams_by_itself,
    decoder=AnthropicDecoder,
    classify=errors.classify,
    failure_in_document=errors.failure_in_document,
    thinks_unseen=fit_thinking.thinks_unseen,
    turns=turn_form.TURNS,
    drop_blocks=drop_blocks.drop_blocks,
    continue_answer=continuing.continue_answer,
)
