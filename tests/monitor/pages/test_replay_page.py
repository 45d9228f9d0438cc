"""What may be sent again, and by whom. That it is sent is tried in tests/browser/monitor/test_history.py."""

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from accounts.keys.limits import KeyLimits
from accounts.loaded.client_keys import KeyRing
from accounts.mapping import Target
from accounts.snapshot import KeyView
from monitor.models import Body
from monitor.record.records import RequestRecord
from monitor.record.redacting.redaction import MASK
from relay.replay.resend import CannotReplay, dialect_of, recorded_call, within_its_groups
from relay.replay.views import account_id
from tests.monitor.shelf import Shelf, operator, shelf, texts_of

__all__ = ["operator", "shelf"]

ASKED = texts_of({"model": "m", "messages": [{"role": "user", "content": "again"}]})


def kept_body(row: RequestRecord) -> Body | None:
    return Body.objects.filter(request_id=row.id, kind="client_request").first()


@pytest.mark.parametrize(
    ("path", "name", "form"),
    [
        ("/v1/messages?beta=true", "anthropic", "sse"),
        ("/v1/chat/completions", "openai", "sse"),
        ("/v1/responses", "openai", "responses"),
        ("/v1beta/models/g:streamGenerateContent?alt=sse&key=x", "gemini", "sse"),
        ("/v1beta/models/g:streamGenerateContent", "gemini", "array"),
        ("/v1/models/g:generateContent", "gemini", "sse"),
    ],
)
def test_a_path_says_how_it_is_asked_again(path: str, name: str, form: str) -> None:
    """Dialect and form of the stream are those that the client had."""
    dialect, found = dialect_of(path)
    assert (dialect.recorded_as, found) == (name, form)


@pytest.mark.parametrize(
    ("chosen", "account"),
    [
        ("7", 7),
        ("", None),
        ("-1", None),
        ("\u00b2", None),
        ("\u0663", None),
        ("9" * 5000, None),
        ("7\n", None),
    ],
)
def test_what_is_no_id_chooses_no_account(chosen: str, account: int | None) -> None:
    """A superscript is a digit, and no number."""
    assert account_id(chosen) == account


@pytest.mark.parametrize("path", ["/v1/messages/count_tokens", "/v1beta/models/g:countTokens", "/v1/models"])
def test_only_what_was_answered_is_sent_again(path: str) -> None:
    """Counts and lists cost nothing and are not replayed."""
    with pytest.raises(CannotReplay):
        dialect_of(path)


def test_the_same_bytes_go_out_without_what_was_masked(shelf: Shelf) -> None:
    """Body, model, session and stream are the recorded ones; a masked header is not sent as a mask."""
    row = shelf.put(ASKED, session_hash="s1", is_stream=False)
    call = recorded_call(row, kept_body(row))
    assert (call.raw, call.session, call.is_stream, call.model) == (ASKED, "s1", False, "claude-opus-5-5")
    assert "x-api-key" not in call.headers
    assert MASK not in str(call.headers)
    assert call.headers["content-type"] == "application/json"


def test_what_the_first_time_was_known_of_it_is_known_again(shelf: Shelf) -> None:
    """That it goes on, answers tools and wants a thread: which account, and what counts as an answer."""
    turns = [
        {"role": "user", "content": "Hello."},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "look", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "seen"}]},
    ]
    row = shelf.put(texts_of({"model": "m", "messages": turns, "thread": {"type": "create"}}))
    call = recorded_call(row, kept_body(row))
    assert (call.is_begun, call.answers_tools, call.is_threaded) == (True, True, True)
    first = shelf.put(ASKED)
    call = recorded_call(first, kept_body(first))
    assert (call.is_begun, call.answers_tools, call.is_threaded) == (False, False, False)


@pytest.mark.parametrize("body", [b"", b'{"cut": ', b'{"a": "' + b"x" * 1_200_000 + b'"}'])
def test_what_is_not_kept_whole_is_not_sent(body: bytes, shelf: Shelf, operator: Client) -> None:
    """No body, a broken one, or one that was capped: the page says why, and offers nothing."""
    row = shelf.put(body)
    with pytest.raises(CannotReplay):
        recorded_call(row, kept_body(row))
    page = operator.get(f"/monitor/history/{row.id}/replay/").content.decode()
    assert "Send it again" not in page


def test_sending_again_is_a_right_of_its_own(shelf: Shelf, operator: Client) -> None:
    """Who may only look is told so, and a request without the page's form is refused."""
    row = shelf.put(ASKED)
    page = f"/monitor/history/{row.id}/replay/"
    assert "but not send them again" in operator.get(page).content.decode()
    assert operator.post(f"{page}send/").status_code == 403
    assert operator.get(f"{page}send/").status_code == 405
    assert "Replay…" not in operator.get(f"/monitor/history/{row.id}/").content.decode()
    user = User.objects.get(username="operator")
    user.user_permissions.add(Permission.objects.get(codename="add_requestlog"))
    assert "Send it again" in operator.get(page).content.decode()
    assert operator.get("/monitor/history/none/replay/").status_code == 404


def test_the_two_stand_side_by_side_and_point_at_each_other(shelf: Shelf, operator: Client) -> None:
    """The replay names the original, the original its replays."""
    first = shelf.put(ASKED)
    second = shelf.put(ASKED, replay_of=first.id)
    beside = f"/monitor/history/{first.id}/beside/{second.id}/"
    for row in (first, second):
        assert beside in operator.get(f"/monitor/history/{row.id}/").content.decode()
    page = operator.get(beside).content.decode()
    assert first.id in page
    assert second.id in page
    assert operator.get(f"/monitor/history/{first.id}/beside/none/").status_code == 404


def test_a_replay_stays_within_the_groups(shelf: Shelf) -> None:
    """What the key may ask now; of a key that is gone, what the row says it was bound to."""
    team, others = frozenset({"team"}), frozenset({"others"})
    keys = KeyRing()
    keys.load([KeyView(7, "k", b"x" * 32, False, KeyLimits(groups=team))])
    targets = (Target("m", bindings=frozenset({others})), Target("n"))
    row = shelf.put(ASKED, client_key_id=7, diagnostics={"groups": "b, c"})
    bound = [target.scope.bindings for target in within_its_groups(keys, row, targets)]
    assert bound == [{team, others}, {team}]
    gone = shelf.put(ASKED, client_key_id=8, diagnostics={"groups": "b, c"})
    assert within_its_groups(keys, gone, targets)[1].bindings == {frozenset({"b", "c"})}
    refused = shelf.put(ASKED, client_key_id=8, attempts=0, diagnostics={"key_groups": "b, c"})
    assert within_its_groups(keys, refused, targets)[1].bindings == {frozenset({"b", "c"})}
    free = shelf.put(ASKED, client_key_id=8, attempts=1)
    assert within_its_groups(keys, free, targets) == targets
    unknown = shelf.put(ASKED, client_key_id=8, attempts=0)
    with pytest.raises(CannotReplay, match="whom it might ask is not known"):
        within_its_groups(keys, unknown, targets)
    nobodys = shelf.put(ASKED, client_key_id=None, attempts=0)
    assert within_its_groups(keys, nobodys, targets) == targets
