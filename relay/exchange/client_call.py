"""The client's call out of what was read of it: at the door, and where it is sent again. PURE."""

from collections.abc import Mapping

from relay.admission.request_body import ReadBody
from relay.dialects.interface import ClientRequest, Dialect
from relay.speakers.speaker import NOBODY, Speaker
from relay.upstream.request import ClientCall


def client_call(
    dialect: Dialect,
    read: ReadBody,
    inspected: ClientRequest,
    headers: Mapping[str, str],
    *,
    model: str,
    is_stream: bool,
    session: str,
    speaker: Speaker = NOBODY,
) -> ClientCall:
    """The call; ``model``, ``is_stream`` and ``session`` may be known better than ``inspected`` has them."""
    return ClientCall(
        dialect=dialect,
        body=read.body,
        raw=read.raw,
        mended=read.mended,
        headers=headers,
        model=model,
        is_stream=is_stream,
        session=session,
        is_threaded=inspected.is_threaded,
        answers_tools=inspected.answers_tools,
        is_begun=inspected.is_begun,
        speaker=speaker,
    )
