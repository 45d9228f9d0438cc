"""The Gemini dialect: joins the files of this folder, and holds no rule of its own. PURE."""

from relay.dialects.gemini import client_side, continuing, errors, inspection, turn_form
from relay.dialects.gemini.client_answer import collector
from relay.dialects.gemini.client_answer.encoder import GeminiEncoder
from relay.dialects.gemini.prompt import prompt
from relay.dialects.gemini.requests import fit, mend, read_request, take_back, thinking, write_request
from relay.dialects.gemini.upstream_answer.decoder import GeminiDecoder
from relay.dialects.gemini.usual_form import usual_form
from relay.dialects.interface import Dialect
from relay.neutral.conversation import Json


def _as_it_is(body: Json) -> Json:
    """The path asks for a stream, and usage always comes."""
    return body


GEMINI = Dialect(
    name="gemini",
    paths=client_side.PATHS,
    prefixes=("/v1beta/", "/v1alpha/", "/v1/models/"),
    recorded_as="gemini",
    models=client_side.MODELS,
    counting=client_side.COUNTING,
    first_data_seconds=30.0,
    log_prefix="[Gemini] ",
    keeps_unsigned_thinking=True,
    usual_form=usual_form,
    inspect=inspection.inspect,
    read=read_request.read,
    wants=continuing.wants,
    thinking=thinking.asked_thinking,
    encoder=GeminiEncoder,
    collect=collector.collect,
    error_body=errors.error_body,
    tool_names=write_request.TOOL_NAMES,
    take_back=take_back.take_back,
    write=write_request.write,
    prompt=prompt,
    fit=fit.fit,
    mend=mend.mend,
    as_stream=_as_it_is,
    decoder=GeminiDecoder,
    classify=errors.classify,
    failure_in_document=errors.failure_in_document,
    thinks_unseen=thinking.is_unseen,
    turns=turn_form.TURNS,
    continue_answer=continuing.continue_answer,
)
