"""An exchange on its way: the driver on one side, the response on the other, and its end when both are done.

A stream generator that never started has no ``finally``; so the request's own task tells when the client's
side is over, and the end row is written by whichever of the two finishes last.
"""

import asyncio
from typing import Literal

from relay import metrics
from relay.engine.attempts import Engine
from relay.engine.commands import ExchangeEnd
from relay.exchange.driver import Driver
from relay.exchange.performing.exchange_hands import ExchangeHands
from relay.exchange.runtime import Runtime


class ServedExchange:
    """One exchange that is being served. ``is_sent`` is set when the client has had everything."""

    def __init__(
        self,
        runtime: Runtime,
        hands: ExchangeHands,
        engine: Engine,
        admitted_at: float,
        form: Literal["sse", "array", "responses"],
    ) -> None:
        """``admitted_at`` is the loop's time of the admission."""
        settings = runtime.settings
        self.hands = hands
        self.request_id = hands.recorder.row.id
        self.is_stream = hands.call.is_stream
        self.form = form
        self.patience_seconds = (
            settings.patience_seconds if self.is_stream and settings.patience_seconds else None
        )
        self.keep_alive_seconds = settings.keep_alive_seconds
        self.account_header = settings.account_header
        self.collected: list[bytes] = []
        self.status = 0
        self.is_sent = False
        self._runtime = runtime
        self._outcome: ExchangeEnd | None = None
        self._is_response_over = False
        self.driver = Driver(engine, hands, admitted_at, self._driver_ended)

    def start(self) -> None:
        """Begin; the current task is the request's."""
        self._runtime.in_flight.drivers.add(self.driver)
        self._runtime.in_flight.answers[self.request_id] = self.hands.encoder.state
        self._runtime.in_flight.records[self.request_id] = self.hands.recorder
        metrics.IN_FLIGHT.inc()
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("an exchange is served in a task")
        task.add_done_callback(self._response_over)
        self.hands.begins()
        self.driver.start()

    def _driver_ended(self, outcome: ExchangeEnd) -> None:
        self._outcome = outcome
        self._runtime.in_flight.drivers.discard(self.driver)
        self._runtime.in_flight.answers.pop(self.request_id, None)
        self._runtime.in_flight.records.pop(self.request_id, None)
        self._finish_when_both_are_over()

    def _response_over(self, _task: asyncio.Task[object]) -> None:
        self._is_response_over = True
        self.driver.stop("client")  # does nothing when it has ended by itself
        self._finish_when_both_are_over()

    def _finish_when_both_are_over(self) -> None:
        if self._outcome is None or not self._is_response_over:
            return
        metrics.IN_FLIGHT.dec()
        has_all = self.is_sent or (self.hands.encoder.state.terminal and self.driver.mailbox.is_all_taken)
        status = self.status or 499  # nginx's word for a client that went before it was answered
        self.hands.recorder.end(self._outcome, status=status, has_client_gone=not has_all)
