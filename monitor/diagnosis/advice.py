"""The words of a diagnosis, as tables: what an account did, what it comes to, what to do. PURE.

``%(account)s``, ``%(status)d``, ``%(count)d``, ``%(model)s`` and ``%(time)s`` are filled in by ``diagnosis``.
"""

from monitor.record.failures.failure_table import Cause
from monitor.record.phrasing import gettext_noop as _
from monitor.record.records import Outcome, RequestRecord

WHAT_IT_DID: dict[Cause, str] = {
    Cause.SIGNATURE: _("%(account)s refused a thinking signature in the history (400)."),
    Cause.QUOTA: _("%(account)s had reached its quota (429)."),
    Cause.CREDENTIALS: _("Upstream did not accept the credential or billing of %(account)s."),
    Cause.FORBIDDEN: _("Upstream forbade the request for %(account)s (403)."),
    Cause.MISSING_MODEL: _("Upstream does not have this model for %(account)s (404)."),
    Cause.OVERLOAD: _("Upstream was overloaded when %(account)s asked (%(status)d)."),
    Cause.SERVER_ERROR: _("Upstream failed with an error of its own when %(account)s asked."),
    Cause.CLIENT_REQUEST: _("Upstream refused the request itself (%(status)d)."),
    Cause.TOO_LONG_CONTEXT: _(
        "The request is longer than the context of the model of %(account)s (%(status)d)."
    ),
    Cause.OUTPUT_LIMIT: _(
        "The request asks for more output than the model of %(account)s can give (%(status)d)."
    ),
    Cause.EMPTY: _("%(account)s answered 200 but ended before any data (0 tokens)."),
    Cause.FIRST_DATA_TIMEOUT: _("%(account)s sent no data within the time allowed."),
    Cause.IDLE_TIMEOUT: _("%(account)s began to answer and then fell silent."),
    Cause.NETWORK: _("The connection for %(account)s could not be made or broke."),
    Cause.BROKEN_ANSWER: _("%(account)s sent an answer that breaks its own protocol."),
    Cause.LARGE_ANSWER: _("%(account)s sent an answer that is larger than this server takes."),
    Cause.CUT: _("The stream of %(account)s broke off."),
    Cause.NO_ACCOUNT: _("No account was free."),
    Cause.DEADLINE: _("The time allowed for the whole request was over while %(account)s was asked."),
    Cause.DRAINING: _("The server was going down while %(account)s was asked."),
    Cause.INTERNAL: _("This server itself failed while %(account)s was asked."),
    Cause.OTHER: _("The attempt on %(account)s failed."),
}

_WAIT = _("Wait a little and send it once more; pressing retry many times does not help.")

BEFORE_ANSWER: dict[Cause, tuple[str, str]] = {
    # cause: (several attempts failed so, what to do)
    Cause.SIGNATURE: (
        _("Upstream refused the thinking signatures again after the history had been healed."),
        _(
            "Start a new conversation, or remove the old thinking blocks from this one. Clearing the data"
            " directory would not help: accounts and statistics would be lost for nothing."
        ),
    ),
    Cause.QUOTA: (
        _("All %(count)d attempts hit the quota of their account."),
        _("Wait until an account is free again, or add an account."),
    ),
    Cause.CREDENTIALS: (
        _("All %(count)d attempts were refused for the credential or billing of their account."),
        _("Open Accounts, test the account, and enter a new credential or settle its billing."),
    ),
    Cause.FORBIDDEN: (
        _("Upstream forbade all %(count)d attempts (403)."),
        _("See on the account's own console whether it may use this model and region."),
    ),
    Cause.MISSING_MODEL: (
        _("None of the accounts that were asked has this model (404)."),
        _("Check the model's name, or map it to one that upstream has under Mappings."),
    ),
    Cause.OVERLOAD: (
        _("Upstream was overloaded on all %(count)d attempts (%(status)d)."),
        _(
            "Wait a minute and send it again. No account is broken: all of them meet the same overload, so"
            " another would not help."
        ),
    ),
    Cause.SERVER_ERROR: (
        _("Upstream failed on all %(count)d attempts with errors of its own."),
        _("Wait a little and send it again; if it stays so, look at the provider's status page."),
    ),
    Cause.CLIENT_REQUEST: (
        _("Upstream refused the request itself (%(status)d)."),
        _("Change the request as the error says; neither waiting nor another account would help."),
    ),
    Cause.TOO_LONG_CONTEXT: (
        _("The request is longer than the model's context (%(status)d)."),
        _(
            "Compact the conversation, or start a new one; or map the model to one with a larger context"
            " under"
            " Mappings. Neither waiting nor another account would help."
        ),
    ),
    Cause.OUTPUT_LIMIT: (
        _("The request asks for more output than the model can give (%(status)d)."),
        _(
            "Lower the limit of output tokens in the client (max_tokens), or map the model to one that can"
            " give"
            " more. Neither waiting nor another account would help."
        ),
    ),
    Cause.EMPTY: (
        _("All %(count)d attempts answered 200 but ended before any data (0 tokens)."),
        _(
            "The server has already retried, so pressing retry many times does not help: wait a minute, or"
            " take another model."
        ),
    ),
    Cause.FIRST_DATA_TIMEOUT: (
        _("On all %(count)d attempts no data came within the time allowed."),
        _(
            "Wait a little and send it again. If the model thinks long before it answers, raise"
            " RELAY_PEEK_TIMEOUT_SECONDS or RELAY_THINKING_TIMEOUT_SECONDS."
        ),
    ),
    Cause.IDLE_TIMEOUT: (_("All %(count)d attempts began to answer and then fell silent."), _WAIT),
    Cause.NETWORK: (
        _("Upstream could not be reached on all %(count)d attempts."),
        _("Check this machine's network and the base URL of the account."),
    ),
    Cause.BROKEN_ANSWER: (_("All %(count)d attempts sent answers that break their own protocol."), _WAIT),
    Cause.LARGE_ANSWER: (
        _("The answer was larger than this server takes; it was not asked for again."),
        _("Raise the setting that the error names, RELAY_MAX_EVENT_BYTES or RELAY_MAX_ANSWER_BYTES."),
    ),
    Cause.CUT: (_("On all %(count)d attempts the stream broke off."), _WAIT),
    Cause.NO_ACCOUNT: (
        _("No account was free."),
        _("Wait until an account is free again, or add an account."),
    ),
    Cause.DEADLINE: (
        _("The time allowed for the whole request was over."),
        _("Send it again; if long answers are usual here, raise RELAY_DEADLINE_SECONDS."),
    ),
    Cause.DRAINING: (_("The server was going down."), _("Send it again when the server is back.")),
    Cause.INTERNAL: (
        _("This server itself failed."),
        _("The log lines below say why; please report it if it repeats."),
    ),
    Cause.OTHER: (_("All %(count)d attempts failed."), _WAIT),
}

AGAIN = _(
    "Send it again. The partial answer cannot be resumed; to have such answers continued, turn on"
    " “continue what breaks off” in its mapping."
)

AGAIN_AS_IT_IS = _("Send it again. Its mapping continues what breaks off already, wherever that is possible.")

AFTER_CUT: dict[Cause, tuple[str, str]] = {
    Cause.CUT: (
        _("The stream of %(account)s broke off in the middle of the answer, after %(time)s."),
        AGAIN,
    ),
    Cause.IDLE_TIMEOUT: (
        _("%(account)s fell silent in the middle of the answer; it was given up after %(time)s."),
        _("Send it again. If this model pauses long, raise RELAY_IDLE_TIMEOUT_SECONDS."),
    ),
    Cause.OVERLOAD: (
        _("Upstream became overloaded in the middle of the answer, after %(time)s."),
        _("Wait a minute and send it again. No account is broken."),
    ),
    Cause.SERVER_ERROR: (
        _("Upstream ended the answer of %(account)s with an error of its own, after %(time)s."),
        AGAIN,
    ),
    Cause.QUOTA: (
        _("The quota of %(account)s was used up in the middle of the answer, after %(time)s."),
        AGAIN,
    ),
    Cause.BROKEN_ANSWER: (
        _("%(account)s sent data that breaks its own protocol in the middle of the answer."),
        AGAIN,
    ),
    Cause.LARGE_ANSWER: BEFORE_ANSWER[Cause.LARGE_ANSWER],
    Cause.DEADLINE: BEFORE_ANSWER[Cause.DEADLINE],
    Cause.DRAINING: BEFORE_ANSWER[Cause.DRAINING],
    Cause.INTERNAL: BEFORE_ANSWER[Cause.INTERNAL],
}

AT_ADMISSION: dict[str, tuple[str, str]] = {
    "unauthorized": (
        _("The client key was missing or not valid; no account was asked."),
        _("Give the client a key from Client keys; the page there shows how to connect it."),
    ),
    "key_expired": (
        _("The client key has expired; no account was asked."),
        _("Give the key a later end under Client keys, or the client another key."),
    ),
    "not_allowed": (
        _("The client key may not do this: %(error)s"),
        _("That is the key's own limit: change it under Client keys, or what the client asks for."),
    ),
    "rate_limited": (
        _("The client key had asked for as much as it may: %(error)s"),
        _("Wait until the time above, ask less often, or raise the key's limit under Client keys."),
    ),
    "over_budget": (
        _("The client key's budget is spent: %(error)s"),
        _("Wait for the next period, or raise the key's budget under Client keys."),
    ),
    "conversation": (
        _("The conversation has had what it may within an hour: %(error)s"),
        _("See what its agents did; wait until the time above, or raise the limit of its key or mapping."),
    ),
    "bad request": (
        _("The request could not be read or carried to this model; no account was asked."),
        _("Change the request as the error says."),
    ),
    "unknown model": (
        _("No account offers %(model)s; no account was asked."),
        _("Check the model's name, map it under Mappings, or add an account that offers it."),
    ),
    "upstream resting": (
        _("The upstream for %(model)s fails nearly always and was left alone for a while; nobody was asked."),
        _("Wait a little and send it again: it is tried again by itself. The history shows how it failed."),
    ),
    "too large": (
        _("The request was larger than this server takes (413)."),
        _("Send less, or raise RELAY_MAX_BODY_BYTES."),
    ),
    "cooling down": (
        _("Every account for %(model)s was cooling down or busy; none was asked."),
        _("Wait until one is free again, add an account, or raise the limits in flight."),
    ),
    "no usable account": (
        _("No account could be used for %(model)s: none is enabled, or upstream accepts none of them."),
        _("Open Accounts: the reason stands beside each. Enable one, or enter a new credential."),
    ),
    "group cooling down": (
        _("Every account of its groups (%(groups)s) was cooling down or busy; nobody outside was asked."),
        _("Wait until one is free again, or put another account into the group."),
    ),
    "group without account": (
        _("No account of its groups (%(groups)s) could be used; nobody outside was asked."),
        _("Put an account that is enabled into the group, or change the groups of the key or the mapping."),
    ),
    "deadline": BEFORE_ANSWER[Cause.DEADLINE],
    "internal": (
        _("This server itself failed before an account was asked."),
        _("The log lines below say why; please report it if it repeats."),
    ),
}
STATUS_OF_GROUP = {429: "group cooling down", 503: "group without account"}
"""Of what was bound to groups of accounts."""

STATUS_AT_ADMISSION = {
    400: "bad request",
    404: "unknown model",
    413: "too large",
    429: "cooling down",
    503: "no usable account",
    504: "deadline",
}


def at_admission(row: RequestRecord) -> tuple[str, str]:
    """What is said of a request for which nobody was asked, and what to do about it."""
    if row.outcome is Outcome.UNAUTHORIZED or (row.status == 401 and not row.client_key):
        return AT_ADMISSION["unauthorized"]
    if row.diagnostics.get("upstream_resting"):
        return AT_ADMISSION["upstream resting"]
    if row.diagnostics.get("groups") and row.status in STATUS_OF_GROUP:
        return AT_ADMISSION[STATUS_OF_GROUP[row.status]]
    return AT_ADMISSION[STATUS_AT_ADMISSION.get(row.status or 0, "internal")]
