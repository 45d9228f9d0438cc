"""The whole upstream without its sockets: from one HTTP request to the answer that is to be performed."""

import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import msgspec

from relay.simulator.accents.catalogue import accent_of
from relay.simulator.accounts import (
    TokenDesk,
    account_label,
    credential_of,
    label_of_token,
    masked_headers,
    masked_query,
)
from relay.simulator.anthropic.dialect import Anthropic
from relay.simulator.anthropic.vertex import ClaudeOnVertex
from relay.simulator.connection.http_connection import HttpRequest
from relay.simulator.connection.routes import Action, Route, dialect_of_path, find_route
from relay.simulator.connection.stream_steps import HttpAnswer, Step, StreamAct, Wait, document
from relay.simulator.control import Control
from relay.simulator.dialect import Inbound, Json, Options, WireProtocol, encode_json
from relay.simulator.faults.faults import OK, Fault, FaultStage, UnknownFaultError
from relay.simulator.faults.plans import Attempt, Plans, model_without_fault
from relay.simulator.faults.refusals import AT_THE_DOOR, DOOR_STATUSES, by_status, refusal_of
from relay.simulator.faults.refused import OrderedRefusal
from relay.simulator.faults.spoiled_documents import document_answer
from relay.simulator.faults.spoiled_replies import needs_tool_call, spoil_reply
from relay.simulator.faults.spoiled_streams import Stream, stream_answer
from relay.simulator.gemini.code_assist import code_assist_setup
from relay.simulator.gemini.dialect import Gemini
from relay.simulator.ledger import Ledger, Received
from relay.simulator.model.asks import ANY_TOOL
from relay.simulator.model.prefix import PromptCache
from relay.simulator.model.prompts import compose, shape_for
from relay.simulator.model.prose import Prose, shape_in_model_name
from relay.simulator.oauth import answer_token, invalid_grant, requester
from relay.simulator.openai.dialect import Chat, Responses

_HTML = b"<!DOCTYPE html><html><head><title>Welcome</title></head><body><h1>Please sign in</h1></body></html>"
_BAD_GATEWAY = (
    b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
)


class Upstream:
    """Everything that one simulator knows and does."""

    def __init__(self, shape: Prose, options: Options, token_seconds: float, keeps_requests: int) -> None:
        self.shape = shape
        self.options = options
        self.plans = Plans()
        self.ledger = Ledger(keeps_requests)
        self.desk = TokenDesk(token_seconds)
        self.cache = PromptCache()
        self.control = Control(self.plans, self.ledger, self.desk, self.cache)
        self._dialects: dict[str, WireProtocol] = {
            "anthropic": Anthropic(),
            "vertex_claude": ClaudeOnVertex(),
            **dict.fromkeys(("gemini", "vertex", "code_assist"), Gemini()),
            "chat": Chat(),
            "responses": Responses(),
        }
        self._numbers = itertools.count(1)

    def handle(self, request: HttpRequest) -> tuple[HttpAnswer, Received | None]:
        """The answer to ``request``, and the ledger's entry (none for the control paths)."""
        if self.control.is_control(request.path):
            return self.control.answer(request), None
        if not request.is_on_kept and self.plans.is_sent_again(request.body):
            return HttpAnswer(0, {}, (StreamAct.RESET,)), None
        route = find_route(request.method, request.path, request.query, request.headers)
        received = self._record(request, route)
        self.ledger.add(received)
        if route is not None and route.action is Action.TOKEN:
            return self._token(request, received), received
        name = route.dialect if route else dialect_of_path(request.path, request.headers)
        dialect = self._dialects[name]
        request_id = f"req_sim{received.number:08d}"
        try:
            if route is None:
                raise OrderedRefusal(404, f"{request.method} {request.path} is not found")
            answer = self._serve(request, route, dialect, received, request_id)
        except OrderedRefusal as refused:
            answer = _refusal(refused, dialect, request_id)
        except UnknownFaultError as error:
            answer = _refusal(OrderedRefusal(400, f"simulator: {error}"), dialect, request_id)
        return answer, received

    # -- one request

    def _record(self, request: HttpRequest, route: Route | None) -> Received:
        credential = credential_of(request.headers, request.query)
        if route is not None and route.action is Action.TOKEN:
            account = requester(request.body.decode("utf-8", "replace"))
        elif self.desk.is_access_token(credential):
            account = label_of_token(credential)
        else:
            account = account_label(credential)
        secret = route is not None and route.action is Action.TOKEN
        return Received(
            number=next(self._numbers),
            method=request.method,
            path=request.path,
            query=masked_query(request.query, account),
            headers=masked_headers(request.headers, account),
            body=b"" if secret else request.body,
            account=account,
            received_at=time.time(),
            dialect=route.dialect if route else "",
        )

    def _serve(
        self, request: HttpRequest, route: Route, dialect: WireProtocol, received: Received, request_id: str
    ) -> HttpAnswer:
        if route.action is Action.PROBE:
            return document(200, dialect.headers(request_id), b"")
        self._authenticate(request, route, dialect)
        body = _json_object(request.body) if request.method == "POST" else {}
        model = _model_of(route, body)
        received.model = model
        texts = dialect.user_texts(body) if route.action is Action.GENERATE else []
        attempt = Attempt(received.account, model, request.path, route.action is Action.GENERATE, texts)
        fault = self.plans.next_fault(attempt)
        self._note(fault, received)
        if fault.name == "reset0" and request.is_on_kept:
            self.plans.comes_again(request.body)
        if dialect.name not in fault.kind.dialects:
            raise OrderedRefusal(501, f"simulator: {fault.name} is nothing that {dialect.name} upstreams do")
        if (instead := _instead_of_answer(fault, dialect, request_id)) is not None:
            return instead
        if refused := _ordered_refusal(fault, dialect, body):
            raise refused
        inbound = Inbound(
            route=route,
            headers=request.headers,
            body=body,
            account=received.account,
            model=model,
            base_model=model_without_fault(model),
            request_id=request_id,
            options=self.options,
            cache=self.cache,
        )
        answer = self._answer(inbound, dialect, fault)
        if fault.name == "hang":
            answer.steps = itertools.chain((Wait(fault.number(0) or None),), answer.steps)
        return answer

    def _authenticate(self, request: HttpRequest, route: Route, dialect: WireProtocol) -> None:
        credential = credential_of(request.headers, request.query)
        if not credential:
            status = 403 if dialect.door == "gemini" else 401
            raise OrderedRefusal(status, "No credential was sent: an API key or a bearer token is required.")
        bearer_only = route.dialect in ("code_assist", "vertex_claude") or (
            route.dialect == "vertex" and "x-goog-api-key" not in request.headers
        )
        wants_token = bearer_only or self.desk.is_access_token(credential)
        if wants_token and self.desk.account_of(credential) is None:
            raise by_status(401, dialect.door)

    def _note(self, fault: Fault, received: Received) -> None:
        if fault != OK:
            received.fault = str(fault)
        self.ledger.by_fault[str(fault)] += 1

    def _token(self, request: HttpRequest, received: Received) -> HttpAnswer:
        """The token endpoint speaks no dialect; a fault other than ``invalid_grant`` is told in Google's."""
        try:
            fault = self.plans.next_fault(Attempt(received.account, "", request.path, False))
            self._note(fault, received)
            if fault.name != "invalid_grant":
                gemini = self._dialects["gemini"]
                if (instead := _instead_of_answer(fault, gemini, "")) is not None:
                    return instead
                if refused := _ordered_refusal(fault, gemini, {}):
                    return _refusal(refused, gemini, "")
                status, body = answer_token(request.body.decode("utf-8", "replace"), self.desk)
            else:
                status, body = invalid_grant()
        except UnknownFaultError as error:
            status, body = 400, {"error": "invalid_request", "error_description": str(error)}
        return document(status, {"Content-Type": "application/json; charset=utf-8"}, encode_json(body))

    # -- answers

    def _answer(self, inbound: Inbound, dialect: WireProtocol, fault: Fault) -> HttpAnswer:
        body: Json
        match inbound.route.action:
            case Action.GENERATE:
                return self._generate(inbound, dialect, fault)
            case Action.COUNT:
                with _wrong_types_refused():
                    body = dialect.count(inbound)
            case Action.EMBED:
                with _wrong_types_refused():
                    body = dialect.embed(inbound)
            case Action.LIST_MODELS:
                body = dialect.list_models()
            case Action.GET_MODEL:
                body = dialect.get_model(inbound.route.model)
            case _:
                body = code_assist_setup(inbound.route.method, time.time())
        return document_answer(fault, dialect.headers(inbound.request_id), encode_json(body), dialect.name)

    def _generate(self, inbound: Inbound, dialect: WireProtocol, fault: Fault) -> HttpAnswer:
        with _wrong_types_refused():
            prepared = dialect.prepare(inbound)
        ask = prepared.ask
        if needs_tool_call(fault) and ask.tools and not ask.forced:
            ask = replace(ask, forced=ANY_TOOL)
        default = shape_in_model_name(inbound.base_model, self.shape)
        shape = shape_for(ask, default)
        reply = spoil_reply(fault, compose(ask, default), ask, shape)
        headers = dialect.headers(inbound.request_id)
        if not prepared.streams:
            return document_answer(fault, headers, encode_json(prepared.document(reply)), dialect.name)
        accent = accent_of(dialect.user_texts(inbound.body), inbound.route.dialect)
        stream = Stream(
            events=accent.changes[inbound.route.dialect](prepared.events(reply)),
            dialect=dialect,
            request_id=inbound.request_id,
            headers=headers,
            as_array=inbound.route.as_array,
            delay_seconds=shape.delay_seconds,
            first_seconds=shape.first_seconds,
            accent=accent,
        )
        return stream_answer(stream, fault)


@contextmanager
def _wrong_types_refused() -> Iterator[None]:
    """A value of a type that no check looked for fails where it is first used; upstreams answer 400."""
    try:
        yield
    except (AttributeError, KeyError, IndexError, TypeError, ValueError, RecursionError) as error:
        raise OrderedRefusal(400, f"A value in the request has the wrong type: {error!r}") from error


def _json_object(body: bytes) -> Json:
    try:
        decoded: Any = msgspec.json.decode(body)
    except msgspec.DecodeError as error:
        raise OrderedRefusal(400, f"The request body is not valid JSON: {error}") from error
    if not isinstance(decoded, dict):
        raise OrderedRefusal(400, "The request body is not a JSON object.")
    return decoded


def _model_of(route: Route, body: Json) -> str:
    if route.model:
        return route.model
    inner = body.get("request")
    named = body.get("model") or (inner.get("model") if isinstance(inner, dict) else "")
    return named.removeprefix("models/") if isinstance(named, str) else ""


def _instead_of_answer(fault: Fault, dialect: WireProtocol, request_id: str) -> HttpAnswer | None:
    """The faults that are no answer of any dialect."""
    headers = dialect.headers(request_id)
    steps: tuple[Step, ...]
    match fault.name:
        case "hang" if not fault.value:
            steps = (Wait(None),)
        case "reset0":
            steps = (StreamAct.RESET,)
        case "html_200":
            return document(200, headers | {"Content-Type": "text/html; charset=utf-8"}, _HTML)
        case "status" if fault.value == "502":
            return document(502, {"Content-Type": "text/html; charset=utf-8"}, _BAD_GATEWAY)
        case _:
            return None
    return HttpAnswer(200, headers, steps)


def _ordered_refusal(fault: Fault, dialect: WireProtocol, body: Json) -> OrderedRefusal | None:
    if fault.kind.stage is not FaultStage.REFUSAL or fault.name == "hang":
        return None
    is_at_the_door = fault.name in AT_THE_DOOR or (fault.name == "status" and fault.value in DOOR_STATUSES)
    return refusal_of(fault, dialect.door if is_at_the_door else dialect.name, body)


def _refusal(refused: OrderedRefusal, dialect: WireProtocol, request_id: str) -> HttpAnswer:
    headers = (
        dialect.headers(request_id) | {"Content-Type": "application/json; charset=utf-8"} | refused.headers
    )
    return document(refused.status, headers, encode_json(dialect.error_body(refused, request_id)))
