"""A content block as it begins, with what a client cannot do without. PURE."""

from relay.dialects.reading.call_arguments import object_of
from relay.neutral.conversation import Json


def whole_content(content: Json, call_id: str) -> tuple[Json, list[str]]:
    """``content`` as a client can read it, and the paths of what was put right.

    The client answers a call by its id: one without gets ``call_id``. A call's input is an object.
    """
    paths: list[str] = []
    if content.get("type") == "tool_use" and not content.get("id"):
        content = {**content, "id": call_id}
        paths.append("content_block.id")
    if isinstance(text := content.get("input"), str):
        content = {**content, "input": object_of(text) or {}}
        paths.append("content_block.input")
    return content, paths
