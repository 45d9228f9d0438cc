"""Checks of generationConfig, tools and toolConfig, as strict as the API is with them."""

import re
from typing import Any

from relay.simulator.faults.refused import OrderedRefusal
from relay.simulator.gemini.rules import GeminiRules
from relay.simulator.gemini.schema import check_schema

Json = dict[str, Any]

_FUNCTION_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_.:-]{0,127}")
_MODES = ("AUTO", "ANY", "NONE", "VALIDATED", "MODE_UNSPECIFIED")
_JSON_MIME = "application/json"


def check_config(request: Json, rules: GeminiRules) -> None:
    """Check everything of a normalized request but its contents. Raises Refused."""
    if request.get("cachedContent") and rules.strict:
        raise OrderedRefusal(400, "cachedContent is not supported by this model.")
    for part in (request.get("systemInstruction") or {}).get("parts") or []:
        if "text" not in part:
            raise OrderedRefusal(400, "system_instruction.parts: only text is supported.")
    names = _check_tools(request, rules)
    _check_tool_config(request, names)
    generation = request.get("generationConfig") or {}
    _check_sampling(generation, rules)
    _check_thinking(generation.get("thinkingConfig") or {}, rules)
    _check_format(generation, bool(names), rules)


def _check_tools(request: Json, rules: GeminiRules) -> set[str]:
    names: set[str] = set()
    others = False
    for position, tool in enumerate(request.get("tools") or []):
        others = others or bool(tool.keys() - {"functionDeclarations"})
        for index, declared in enumerate(tool.get("functionDeclarations") or []):
            where = f"tools[{position}].function_declarations[{index}]"
            name = declared.get("name")
            if not isinstance(name, str) or not _FUNCTION_NAME.fullmatch(name):
                raise OrderedRefusal(
                    400,
                    f"* GenerateContentRequest.{where}.name: Invalid function name. Must start with a letter "
                    "or an underscore. Must be alphameric (a-z, A-Z, 0-9), underscores (_), dots (.), colons "
                    "(:), or dashes (-), with a maximum length of 128.",
                )
            if name in names:
                raise OrderedRefusal(400, f"Duplicate function declaration found: {name}")
            names.add(name)
            if "parameters" in declared and "parametersJsonSchema" in declared:
                raise OrderedRefusal(
                    400, f"{where}: parameters and parameters_json_schema are mutually exclusive."
                )
            if "parameters" in declared:
                check_schema(declared["parameters"], f"{where}.parameters")
            if not isinstance(declared.get("parametersJsonSchema", {}), dict):
                raise OrderedRefusal(
                    400, f"Invalid value at '{where}.parameters_json_schema', expected an object"
                )
    invocations = (request.get("toolConfig") or {}).get("includeServerSideToolInvocations")
    if names and others and not invocations:
        raise OrderedRefusal(
            400,
            "Built-in tools and function calling cannot be combined without "
            "toolConfig.includeServerSideToolInvocations.",
        )
    return names


def _check_tool_config(request: Json, names: set[str]) -> None:
    calling = (request.get("toolConfig") or {}).get("functionCallingConfig") or {}
    mode = calling.get("mode", "AUTO")
    if mode not in _MODES:
        raise OrderedRefusal(
            400, f"Invalid value at 'tool_config.function_calling_config.mode' (Mode), \"{mode}\""
        )
    allowed = calling.get("allowedFunctionNames") or []
    if allowed and mode not in ("ANY", "VALIDATED"):
        raise OrderedRefusal(
            400,
            "allowed_function_names should be set only when function_calling_config.mode is ANY or "
            "VALIDATED.",
        )
    if mode == "ANY" and not names:
        raise OrderedRefusal(400, "Function calling config is set without function_declarations.")
    if unknown := [name for name in allowed if name not in names]:
        raise OrderedRefusal(400, f"allowed_function_names: {unknown[0]} is not declared.")


def _check_sampling(generation: Json, rules: GeminiRules) -> None:
    limit = generation.get("maxOutputTokens")
    if limit is not None and not (isinstance(limit, int) and 1 <= limit <= rules.max_output_tokens):
        raise OrderedRefusal(
            400,
            f"Unable to submit request because it has a maxOutputTokens value of {limit} but the supported "
            f"range is from 1 (inclusive) to {rules.max_output_tokens + 1} (exclusive). Update the value and "
            "try again.",
        )
    for name, largest in (("temperature", 2), ("topP", 1)):
        value = generation.get(name)
        if value is not None and not (isinstance(value, int | float) and 0 <= value <= largest):
            raise OrderedRefusal(
                400, f"* GenerateContentRequest.generation_config.{name}: must be in [0, {largest}]."
            )
    sequences = generation.get("stopSequences") or []
    if not isinstance(sequences, list) or len(sequences) > 5:
        raise OrderedRefusal(
            400, "* GenerateContentRequest.generation_config.stop_sequences: at most 5 are supported."
        )
    if not rules.strict:
        return
    for name in ("frequencyPenalty", "presencePenalty"):
        if name in generation:
            raise OrderedRefusal(400, f"{name} is not supported by this model.")
    if generation.get("candidateCount", 1) > 1:
        raise OrderedRefusal(400, "Multiple candidates is not enabled for this model.")


def _check_thinking(thinking: Json, rules: GeminiRules) -> None:
    level, budget = thinking.get("thinkingLevel"), thinking.get("thinkingBudget")
    if level is not None and budget is not None:
        raise OrderedRefusal(400, "You can only set only one of thinking budget and thinking level.")
    if level is not None:
        if not rules.levels:
            raise OrderedRefusal(400, "Thinking level is not supported for this model.")
        if str(level).upper() not in rules.levels:
            raise OrderedRefusal(400, f"Thinking level {level} is not supported for this model.")
    if budget is None:
        return
    if rules.budget is None:
        raise OrderedRefusal(400, "Thinking budget is not supported for this model. Use thinking level.")
    smallest, largest = rules.budget
    if budget == 0 and not rules.can_stop_thinking and smallest > 0:
        raise OrderedRefusal(400, "Budget 0 is invalid. This model only works in thinking mode.")
    if budget not in (0, -1) and not smallest <= budget <= largest:
        raise OrderedRefusal(
            400,
            f"The thinking budget {budget} is invalid. Please choose a value between {smallest} and "
            f"{largest}.",
        )


def _check_format(generation: Json, has_functions: bool, rules: GeminiRules) -> None:
    schema = "responseSchema" in generation
    if schema and "responseJsonSchema" in generation:
        raise OrderedRefusal(400, "response_schema and response_json_schema are mutually exclusive.")
    mime = generation.get("responseMimeType", "text/plain")
    if mime not in ("text/plain", _JSON_MIME, "text/x.enum"):
        raise OrderedRefusal(
            400, f"* GenerateContentRequest.generation_config.response_mime_type: {mime} is not allowed."
        )
    if (schema or "responseJsonSchema" in generation) and mime == "text/plain":
        raise OrderedRefusal(400, "response_schema requires response_mime_type application/json.")
    if schema:
        check_schema(generation["responseSchema"], "generation_config.response_schema")
    if mime == _JSON_MIME and has_functions and rules.family == "gemini-2.5":
        raise OrderedRefusal(
            400, "Function calling with a response mime type: 'application/json' is unsupported"
        )
