"""The further facts on a request's page."""

from typing import Any

from django.utils.translation import override

from monitor.history.one_exchange.detail import facts


def test_a_fact_is_told_in_the_readers_language(request_record: Any) -> None:
    """One that is known by its label, another by its own name; what is blank is left out."""
    row = request_record(diagnostics={"estimated_tokens_out": 28, "of_a_new_kind": "x", "service_tier": ""})
    with override("ja"):
        assert facts(row) == {"出力トークンの推定": 28, "of a new kind": "x"}
    with override("en"):
        assert facts(row) == {"estimated tokens out": 28, "of a new kind": "x"}
