"""What reads an upstream's answer: the dialect's decoder, without secrets, in the client's names."""

from monitor.masking.known import KnownSecrets
from relay.dialects.interface import Decoder, DecoderOptions
from relay.dialects.names.answers import ClientNames
from relay.neutral.conversation import Json
from relay.upstream.masking import MaskedDecoder
from relay.upstream.request import ClientCall, UpstreamRequest


def decoder_for(
    call: ClientCall,
    request: UpstreamRequest,
    kind: str,
    seed: str,
    known: KnownSecrets,
    max_event_bytes: int,
) -> Decoder:
    """For the answer of an account of ``kind`` to ``request``.

    ``seed`` makes ids for calls that have none; ``known`` is what must not be told.
    """
    options = DecoderOptions(
        family=request.facts.family,
        call_id_seed=seed,
        is_enveloped=kind == "code_assist",
        takes_partial_arguments=_takes_partial_arguments(call),
        choices=_choices(request.body),
        max_event_bytes=max_event_bytes,
        keeps_bytes=request.is_same_dialect,
    )
    decoder = MaskedDecoder(request.dialect.decoder(options), known)
    if request.is_same_dialect:
        return decoder
    return ClientNames(decoder, request.aliases, call.dialect.call_id)


def _takes_partial_arguments(call: ClientCall) -> bool:
    tools = call.body.get("tools")
    return isinstance(tools, list) and any(
        isinstance(tool, dict) and tool.get("eager_input_streaming") is True for tool in tools
    )


def _choices(body: Json) -> int:
    told = body.get("n")
    return told if type(told) is int and told > 1 else 1
