"""Bodies of any shape, for the tests of what must never raise."""

from hypothesis import strategies as st

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=6),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=8), children, max_size=3)
    ),
    max_leaves=10,
)
KINDS = [
    "text",
    "thinking",
    "redacted_thinking",
    "tool_use",
    "tool_result",
    "image",
    "document",
    "search_result",
    "server_tool_use",
    "custom",
    "enabled",
    "adaptive",
    "disabled",
    "tool",
    "any",
    "base64",
    "url",
    "json_schema",
]
FIELDS = [
    "type",
    "text",
    "thinking",
    "signature",
    "data",
    "id",
    "name",
    "input",
    "source",
    "content",
    "tool_use_id",
    "is_error",
    "media_type",
    "url",
    "role",
    "schema",
    "effort",
    "format",
    "budget_tokens",
    "display",
    "citations",
]
BLOCKS = st.dictionaries(st.sampled_from(FIELDS), st.sampled_from(KINDS) | JSON, max_size=6)
MESSAGES = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "assistant", "system"]), "content": JSON | st.lists(BLOCKS, max_size=3)}
)
ANY_BODY = st.dictionaries(st.text(max_size=10), JSON, max_size=3) | st.fixed_dictionaries(
    {},
    optional={
        "model": st.just("m") | JSON,
        "messages": st.lists(MESSAGES | BLOCKS, max_size=4) | JSON,
        "system": JSON | st.lists(BLOCKS, max_size=2),
        "tools": JSON | st.lists(BLOCKS, max_size=2),
        "tool_choice": JSON | BLOCKS,
        "thinking": JSON | BLOCKS,
        "output_config": JSON | BLOCKS,
        "metadata": JSON,
        "stop_sequences": JSON,
        "max_tokens": JSON,
        "temperature": JSON,
        "context_management": JSON,
        "stream": JSON,
    },
)
