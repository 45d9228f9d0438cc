"""What pricing makes of a row can be stored and read again."""

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from monitor.pricing.cost import priced
from monitor.pricing.tools import DRAWN
from monitor.record.attempt_use import AttemptUse
from monitor.record.records import EndedBy, Outcome, Phase, RequestRecord, record_of

COUNTS = st.none() | st.integers(0, 10**6)
MODELS = st.sampled_from(["gpt-5", "claude-opus-5-5", "gemini-2.5-pro", "nobodys"])
FACTS = st.fixed_dictionaries(
    {},
    optional={
        **{name: st.integers(0, 10**6) for name in (*DRAWN, "web_searches", "estimated_tokens_out")},
        "drawn_by": st.sampled_from(["gpt-image-1", "my-image-model"]) | st.text(max_size=20),
        "service_tier": st.sampled_from(["flex", "priority", "of tomorrow"]),
    },
)
USES = st.builds(
    AttemptUse,
    number=st.integers(1, 9),
    account=st.just("a"),
    model=MODELS,
    tokens_in=COUNTS,
    tokens_out=COUNTS,
    failed=st.booleans(),
    diagnostics=FACTS,
)


@given(model=MODELS, facts=FACTS, uses=st.none() | st.lists(USES, min_size=2, max_size=4).map(tuple))
def test_what_is_priced_is_read_as_it_was(
    model: str, facts: dict[str, Any], uses: tuple[AttemptUse, ...] | None
) -> None:
    """Whatever the attempts drew and whoever drew it: the same row comes back from its columns."""
    row = RequestRecord(
        id="0" * 32, started_at=1_700_000_000.0, process_id="p", dialect="openai", method="POST", path="/v1",
        in_flight=False, outcome=Outcome.OK, ended_by=EndedBy.UPSTREAM, ended_in=Phase.AFTER_STOP,
        mapped_model=model, tokens_in=10, diagnostics=facts, used_by_attempt=uses,
    )  # fmt: skip
    now = priced(row)
    stored = json.loads(json.dumps(msgspec.to_builtins(now)))
    columns = stored | {"started_at": datetime.fromtimestamp(now.started_at, UTC), "cost": now.cost}
    assert record_of(columns) == now
