"""What can go wrong with an attempt, and how far it had come: words that relay and monitor share.

PURE. A failure is on record under the word of its kind; where the kind is upstream's error, and it is known
what that error is about, under one of the words below it.
"""

from enum import StrEnum
from typing import Final

from monitor.record.phrasing import gettext_noop

OF_A_CONVERSATION: Final = "for one conversation within an hour"
"""Says in the text of an OVER_BUDGET that it is about a conversation, not about all that a key does."""


class Kind(StrEnum):
    """What went wrong, as a person would say it."""

    STATUS = "status"  # upstream answered with an HTTP status >= 400
    NETWORK = "network"  # no connection, a reset, a broken transfer
    CONNECT_TIMEOUT = "connect_timeout"
    FIRST_DATA_TIMEOUT = "first_data_timeout"  # the peek's deadline
    IDLE_TIMEOUT = "idle_timeout"  # silence after commit
    EMPTY = "empty"  # closed with nothing said
    EMPTY_STOP = "empty_stop"  # a normal stop with nothing said
    READ_ERROR = "read_error"  # the transfer broke after the headers, before commit
    CUT = "cut"  # ended after commit without the protocol's terminal event
    GARBAGE = "garbage"  # data that is no JSON object, or breaks the protocol
    ERROR_EVENT = "error_event"  # an error object inside a 200 stream
    ANSWER_TOO_LARGE = "answer_too_large"  # larger than a setting of ours allows
    MALFORMED_ANSWER = "malformed_answer"  # MALFORMED_FUNCTION_CALL and its kin, with nothing said
    MISSING_SIGNATURE = "missing_signature"  # finish reason MISSING_THOUGHT_SIGNATURE
    CREDENTIALS = "credentials"  # our own token could not be had
    NO_ACCOUNT = "no_account"  # nobody free to ask
    BAD_REQUEST = "bad_request"  # the client's request cannot be served as it is
    UNAUTHORIZED = "unauthorized"  # the client key is missing or refused
    KEY_EXPIRED = "key_expired"
    NOT_ALLOWED = "not_allowed"  # the client key may not do this
    RATE_LIMITED = "rate_limited"  # the client key has asked for as much as it may in this minute, or at once
    OVER_BUDGET = "over_budget"  # the client key's budget is spent
    UNKNOWN_MODEL = "unknown_model"
    TOO_LARGE = "too_large"
    DEADLINE = "deadline"  # the exchange's own deadline
    DRAINING = "draining"  # the server is going down
    INTERNAL = "internal"  # a fault of ours


ACCOUNT = "account"
"""Upstream's error is about the account: a bad key, billing."""

SIGNATURE = "signature"
"""Upstream's error refuses a thinking signature."""

PARAMETER = "parameter"
"""Upstream's error refuses a part of the request's form that can be taken back."""

TOO_LONG_CONTEXT = "too_long_context"
"""Upstream's error says that the request is longer than the model's context."""

OUTPUT_LIMIT = "output_limit"
"""Upstream's error says that more output is asked for than the model can give."""

MISSING_THING = "missing_thing"
"""Upstream's error is about a file, an item or a thread that the request names."""


WORDS: Final = {
    Kind.STATUS: gettext_noop("error status"),
    Kind.NETWORK: gettext_noop("network error"),
    Kind.CONNECT_TIMEOUT: gettext_noop("no connection in time"),
    Kind.FIRST_DATA_TIMEOUT: gettext_noop("no data in time"),
    Kind.IDLE_TIMEOUT: gettext_noop("fell silent"),
    Kind.EMPTY: gettext_noop("empty answer"),
    Kind.EMPTY_STOP: gettext_noop("finished with nothing said"),
    Kind.READ_ERROR: gettext_noop("the transfer broke"),
    Kind.CUT: gettext_noop("cut off"),
    Kind.GARBAGE: gettext_noop("unreadable answer"),
    Kind.ERROR_EVENT: gettext_noop("error in the stream"),
    Kind.ANSWER_TOO_LARGE: gettext_noop("answer too large"),
    Kind.MALFORMED_ANSWER: gettext_noop("upstream gave up its answer"),
    Kind.MISSING_SIGNATURE: gettext_noop("missing thinking signature"),
    Kind.CREDENTIALS: gettext_noop("no access token"),
    Kind.NO_ACCOUNT: gettext_noop("no account free"),
    Kind.BAD_REQUEST: gettext_noop("bad request"),
    Kind.UNAUTHORIZED: gettext_noop("unauthorized"),
    Kind.KEY_EXPIRED: gettext_noop("key expired"),
    Kind.NOT_ALLOWED: gettext_noop("not allowed"),
    Kind.RATE_LIMITED: gettext_noop("rate limited"),
    Kind.OVER_BUDGET: gettext_noop("over budget"),
    Kind.UNKNOWN_MODEL: gettext_noop("unknown model"),
    Kind.TOO_LARGE: gettext_noop("request too large"),
    Kind.DEADLINE: gettext_noop("deadline passed"),
    Kind.DRAINING: gettext_noop("server shutting down"),
    Kind.INTERNAL: gettext_noop("server fault"),
    ACCOUNT: gettext_noop("credential or billing"),
    SIGNATURE: gettext_noop("refused thinking signature"),
    PARAMETER: gettext_noop("refused parameter"),
    TOO_LONG_CONTEXT: gettext_noop("longer than the context"),
    OUTPUT_LIMIT: gettext_noop("too much output asked for"),
    MISSING_THING: gettext_noop("something named is missing"),
}
"""What a page says for each word that an attempt's failure is on record under, to be translated."""


class Phase(StrEnum):
    """How far an attempt or an exchange had come when it ended, in the order in which phases are passed."""

    ADMISSION = "admission"
    CONNECT = "connect"
    HEADERS = "headers"
    PEEK = "peek"
    TEXT = "text"
    THINKING = "thinking"
    TOOL_CALL = "tool_call"
    AFTER_STOP = "after_stop"
