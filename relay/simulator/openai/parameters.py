"""Checks that chat completions and responses share: tools, and what reasoning models refuse."""

import re
from typing import Any

from relay.simulator.openai.errors import bad_request, missing, unsupported
from relay.simulator.openai.rules import OpenAIRules
from relay.simulator.openai.schemas import check_root, is_closed

Json = dict[str, Any]

_TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


def check_effort(effort: Any, param: str, rules: OpenAIRules) -> None:
    """The reasoning effort must be one that the model takes. Raises Refused."""
    if effort is None:
        return
    if not rules.reasons:
        if rules.name == "" or rules.tells_reasoning:
            return  # a compatible server ignores what it does not know
        raise unsupported(param, f"Unrecognized request argument supplied: {param}")
    if effort not in rules.efforts:
        choices = ", ".join(f"'{one}'" for one in rules.efforts)
        raise bad_request(
            f"Unsupported value: '{param}' does not support '{effort}' with this model. Supported values "
            f"are: {choices}.",
            param,
            "unsupported_value",
        )


def check_sampling(body: Json, effort: Any, rules: OpenAIRules) -> None:
    """A reasoning model takes no sampling unless its effort is none. Raises Refused."""
    if not rules.reasons or effort == "none":
        return
    for name in ("temperature", "top_p"):
        if body.get(name) not in (None, 1):
            raise unsupported(name, f"Unsupported parameter: '{name}' is not supported with this model.")
    for name in ("presence_penalty", "frequency_penalty"):
        if body.get(name) not in (None, 0):
            raise unsupported(name, f"Unsupported parameter: '{name}' is not supported with this model.")
    for name in ("logprobs", "top_logprobs", "logit_bias"):
        if body.get(name):
            raise unsupported(name, f"Unsupported parameter: '{name}' is not supported with this model.")


def check_function(function: Any, param: str) -> tuple[str, Any]:
    """A function's name and parameters. Raises Refused."""
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        raise missing(f"{param}.name")
    if not _TOOL_NAME.fullmatch(function["name"]):
        raise bad_request(
            f"Invalid '{param}.name': string does not match pattern. Expected a string that matches the "
            "pattern '^[a-zA-Z0-9_-]+$'.",
            f"{param}.name",
            "invalid_value",
        )
    parameters = function.get("parameters") or {"type": "object", "properties": {}}
    check_root(parameters, f"function '{function['name']}'", param)
    if function.get("strict") and not is_closed(parameters):
        raise bad_request(
            f"Invalid schema for function '{function['name']}': 'additionalProperties' is required to be "
            "supplied and to be false, and 'required' to name every property.",
            param,
            "invalid_function_parameters",
        )
    return function["name"], parameters


def check_json_schema(form: Any, param: str) -> Any:
    """The schema of a ``json_schema`` format. Raises Refused."""
    if not isinstance(form, dict) or not form.get("name"):
        raise missing(f"{param}.name")
    schema = form.get("schema")
    if not isinstance(schema, dict):
        raise missing(f"{param}.schema")
    if form.get("strict") and not is_closed(schema):
        raise bad_request(
            f"Invalid schema for response_format '{form['name']}': 'additionalProperties' is required to be "
            "supplied and to be false.",
            param,
        )
    check_root(schema, f"response_format '{form['name']}'", param)
    return schema
