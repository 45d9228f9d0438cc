"""Importing accounts and mappings: all or nothing, the same twice changes nothing, no secret is shown."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command

from accounts.kinds import NEEDS_OWN_OAUTH_CLIENT
from accounts.models import Account, ModelMapping
from accounts.revisions import Revision

pytestmark = pytest.mark.django_db

GEMINI = {"email": "a@x.test", "kind": "gemini", "credential": {"api_key": "planted-secret"}}
FULL = {
    "email": "b@x.test",
    "kind": "anthropic",
    "base_url": "http://127.0.0.1:9100",
    "credential": {"api_key": "planted-secret"},
    "models": ["claude-opus-5"],
    "priority": 3,
    "max_in_flight": 2,
    "enabled": False,
}
OAUTH = {
    "email": "c@x.test",
    "kind": "code_assist",
    "credential": {"refresh_token": "planted-secret", "client_id": "i", "client_secret": "s", "project": "p"},
}


def run(command: str, content: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """Imports ``content`` from a file; returns what was printed."""
    file = tmp_path / "import.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    call_command(command, str(file))
    return capsys.readouterr().out


def refusal(command: str, content: Any, tmp_path: Path) -> str:
    """Why ``content`` was refused."""
    file = tmp_path / "import.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(CommandError) as caught:
        call_command(command, str(file))
    assert "planted-secret" not in str(caught.value)
    return str(caught.value)


def test_import_accounts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every field arrives, the credential encrypted."""
    out = run("import_accounts", [GEMINI, FULL, OAUTH], tmp_path, capsys)
    assert out == "Accounts: 3 added, 0 changed, 0 unchanged.\n"
    gemini, full, oauth = Account.objects.order_by("email")
    assert gemini.credential == {"api_key": "planted-secret"}
    assert (gemini.enabled, gemini.offered_models, gemini.base_url) == (True, [], "")
    assert (full.base_url, full.offered_models, full.priority, full.max_in_flight, full.enabled) == (
        "http://127.0.0.1:9100",
        ["claude-opus-5"],
        3,
        2,
        False,
    )
    assert (oauth.project, oauth.enabled) == ("p", True)
    assert oauth.credential == {"refresh_token": "planted-secret", "client_id": "i", "client_secret": "s"}
    assert "planted" not in "".join(Account.objects.values_list("credential_sealed", flat=True))


def test_the_same_file_twice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Importing the same again changes nothing, and makes no process load anew."""
    run("import_accounts", [GEMINI, FULL, OAUTH], tmp_path, capsys)
    before, revision = list(Account.objects.values()), Revision.current()
    out = run("import_accounts", [GEMINI, FULL, OAUTH], tmp_path, capsys)
    assert out == "Accounts: 0 added, 0 changed, 3 unchanged.\n"
    assert list(Account.objects.values()) == before
    assert Revision.current() == revision


def test_what_the_file_does_not_say_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An entry for an account that is there changes what it names, by (kind, email), and nothing else."""
    run("import_accounts", [FULL, FULL | {"kind": "openai"}], tmp_path, capsys)
    changed = {"email": "b@x.test", "kind": "anthropic", "credential": {"api_key": "new"}, "priority": 9}
    assert "1 changed" in run("import_accounts", [changed], tmp_path, capsys)
    account = Account.objects.get(kind="anthropic")
    assert (account.credential, account.priority) == ({"api_key": "new"}, 9)
    assert (account.offered_models, account.max_in_flight, account.enabled) == (["claude-opus-5"], 2, False)
    assert Account.objects.get(kind="openai").priority == 3


def test_a_new_credential_ends_what_the_old_one_caused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An account that was disabled automatically is back in service with its new credential, unmarked."""
    run("import_accounts", [GEMINI], tmp_path, capsys)
    account = Account.objects.get()
    account.disable("invalid_grant", automatically=True)
    run("import_accounts", [GEMINI], tmp_path, capsys)
    assert not Account.objects.get().enabled, "the same credential changes nothing"
    run("import_accounts", [GEMINI | {"credential": {"api_key": "new"}}], tmp_path, capsys)
    account.refresh_from_db()
    assert (account.enabled, account.disabled_reason, account.disabled_automatically) == (True, "", False)
    assert account.marks_cleared_at is not None


def test_refresh_tokens_without_a_client(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A token made for somebody else's OAuth client is kept, disabled, and the reason says what to do."""
    tokens = [{"email": "c@x.test", "refresh_token": "planted-secret", "name": "whatever"}]
    out = run("import_accounts", tokens, tmp_path, capsys)
    assert out == f"Accounts: 1 added, 0 changed, 0 unchanged; 1 kept disabled: {NEEDS_OWN_OAUTH_CLIENT}.\n"
    account = Account.objects.get()
    assert (account.kind, account.enabled, account.disabled_automatically) == ("code_assist", False, False)
    assert account.disabled_reason == NEEDS_OWN_OAUTH_CLIENT
    assert "1 unchanged" in run("import_accounts", tokens, tmp_path, capsys)
    run("import_accounts", [OAUTH], tmp_path, capsys)
    account.refresh_from_db()
    assert (account.enabled, account.disabled_reason) == (True, "")
    assert "1 unchanged" in run("import_accounts", tokens, tmp_path, capsys)
    assert Account.objects.get().credential["client_id"] == "i", (
        "a working sign-in is not replaced by a token"
    )


def test_a_lost_key_file_is_no_obstacle(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A credential that cannot be decrypted any more is replaced by the one in the file."""
    run("import_accounts", [GEMINI], tmp_path, capsys)
    Account.objects.update(credential_sealed="gAAAAA-lost")
    assert "1 changed" in run("import_accounts", [GEMINI], tmp_path, capsys)
    assert Account.objects.get().credential == {"api_key": "planted-secret"}


def antigravity(folder: Path, *, index: bool) -> None:
    (folder / "accounts").mkdir(parents=True)
    for number in (1, 2):
        token = {"access_token": "planted-secret", "refresh_token": f"rt-{number}", "project_id": "p-1"}
        account = {"id": f"id-{number}", "email": f"{number}@x.test", "token": token, "created_at": 1}
        (folder / "accounts" / f"id-{number}.json").write_text(json.dumps(account))
    if index:
        listed = [{"id": "id-2", "email": "2@x.test"}, {"id": "id-1", "email": "1@x.test"}]
        (folder / "accounts.json").write_text(json.dumps({"version": "2.0", "accounts": listed}))


@pytest.mark.parametrize("index", [True, False])
def test_antigravity_folder(tmp_path: Path, index: bool) -> None:
    """The data folder of Antigravity Tools is read by its index, else file by file; the tokens wait."""
    antigravity(tmp_path / "data", index=index)
    call_command("import_accounts", str(tmp_path / "data"), verbosity=0)
    assert list(Account.objects.order_by("email").values_list("email", "kind", "enabled", "project")) == [
        ("1@x.test", "code_assist", False, "p-1"),
        ("2@x.test", "code_assist", False, "p-1"),
    ]
    assert Account.objects.first().credential == {"refresh_token": "rt-1"}


def test_antigravity_index_file(tmp_path: Path) -> None:
    """Naming the index itself means its folder."""
    antigravity(tmp_path / "data", index=True)
    call_command("import_accounts", str(tmp_path / "data" / "accounts.json"))
    assert Account.objects.count() == 2


def test_broken_antigravity_folders(tmp_path: Path) -> None:
    """A missing or odd file is named."""
    with pytest.raises(CommandError, match=r"neither accounts\.json nor"):
        call_command("import_accounts", str(tmp_path))
    (tmp_path / "accounts.json").write_text('{"accounts": [{"id": "../../secret"}]}')
    with pytest.raises(CommandError, match=r"accounts/secret\.json: No such file"):
        call_command("import_accounts", str(tmp_path))
    (tmp_path / "accounts").mkdir()
    (tmp_path / "accounts" / "secret.json").write_text("{}")
    with pytest.raises(CommandError, match=r'accounts/secret\.json: there is no "token"'):
        call_command("import_accounts", str(tmp_path))
    (tmp_path / "accounts.json").write_text("[]")
    with pytest.raises(CommandError, match='no list "accounts"'):
        call_command("import_accounts", str(tmp_path))


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dash reads standard input."""
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps([GEMINI])))
    call_command("import_accounts", "-")
    assert Account.objects.count() == 1


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (GEMINI | {"credential": {}}, "credential: an account of this kind needs an API key"),
        (GEMINI | {"credential": "planted-secret"}, "Expected `object`"),
        (GEMINI | {"kind": "planted"}, "Invalid enum value"),
        (GEMINI | {"priority": "high"}, "priority"),
        (GEMINI | {"priority": 1.5}, "priority"),
        (GEMINI | {"max_in_flight": -1}, "max_in_flight: Ensure this value is greater"),
        (GEMINI | {"base_url": "ftp://x"}, "base_url: A base URL begins with http"),
        (
            GEMINI | {"base_url": "http://x.test"},
            "base_url: plain http outside this machine: confirm it with",
        ),
        (
            GEMINI | {"base_url": "http://169.254.169.254", "plain_http": True},
            "base_url: This is the address",
        ),
        (GEMINI | {"location": "x.test/"}, "location: A location is a region"),
        (GEMINI | {"models": ["a b"]}, "offered_models: Give a list of model names"),
        (GEMINI | {"models": "a"}, "models"),
        (GEMINI | {"modells": []}, "unknown field `modells`"),
        (GEMINI | {"email": "  "}, "email: This field cannot be blank"),
        (GEMINI | {"email": "x" * 300}, "email: Ensure this value has at most 254"),
        ({"kind": "gemini"}, "missing required field `email`"),
        ("planted-secret", "Expected `object`"),
        ({"email": None, "refresh_token": "planted-secret"}, "email"),
        (GEMINI, "the gemini account a@x.test stands at entry 1 already"),
    ],
)
def test_a_bad_entry(bad: Any, says: str, tmp_path: Path) -> None:
    """A bad entry is named with its position and the reason, and nothing is written."""
    said = refusal("import_accounts", [GEMINI, FULL, bad], tmp_path)
    assert "entry 3: " in said
    assert says.replace("`", "") in said.replace("`", "")
    assert Account.objects.count() == 0


@pytest.mark.parametrize("label", ["a\0@example.org", "a\r\nx: y", "a\x7f", "a\x85b"])
def test_a_label_that_no_header_can_carry(label: str, tmp_path: Path) -> None:
    """Each answer that the account gave would be broken for its client."""
    assert "email: A label holds no control characters" in refusal(
        "import_accounts", [GEMINI | {"email": label}], tmp_path
    )
    assert not Account.objects.exists()


def test_a_pattern_that_no_database_takes(tmp_path: Path) -> None:
    """It is refused in words, on PostgreSQL too."""
    said = refusal("import_mappings", [{"pattern": "a\0*", "target": "gpt-5"}], tmp_path)
    assert "entry 1: " in said
    assert not ModelMapping.objects.exists()


def test_every_bad_entry_is_named(tmp_path: Path) -> None:
    """Several bad entries are all named at once."""
    said = refusal("import_accounts", [GEMINI | {"priority": "x"}, GEMINI, FULL | {"kind": 5}], tmp_path)
    assert "entry 1: " in said
    assert "entry 3: " in said


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "no JSON at line 1"),
        ('{"a": 1}', "must hold a JSON list"),
        ("", "no JSON"),
        ("\ud800", "no UTF-8 text"),
        (json.dumps([GEMINI | {"email": "\ud800@example.org"}]), "no UTF-8 text"),
    ],
)
def test_a_file_that_is_no_list(content: str, says: str, tmp_path: Path) -> None:
    """What is no JSON list is refused with the place where it goes wrong."""
    file = tmp_path / "import.json"
    file.write_bytes(content.encode("utf-8", "surrogatepass"))
    with pytest.raises(CommandError, match=says):
        call_command("import_accounts", str(file))


def test_a_missing_file() -> None:
    """A file that is not there is named."""
    with pytest.raises(CommandError, match=r"nowhere\.json: No such file"):
        call_command("import_accounts", "nowhere.json")


def test_import_mappings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Mappings arrive whole, by their pattern; the same again changes nothing."""
    entries = [
        {"pattern": "claude-*", "target": "gemini-2.5-pro"},
        {"pattern": "x", "target": "y", "kinds": ["gemini", "vertex"], "fallbacks": ["z"], "priority": 2},
    ]
    assert run("import_mappings", entries, tmp_path, capsys) == "Mappings: 2 added, 0 changed, 0 unchanged.\n"
    row = ModelMapping.objects.get(pattern="x")
    assert (row.target, row.kinds, row.fallbacks, row.priority) == ("y", ["gemini", "vertex"], ["z"], 2)
    revision = Revision.current()
    assert "2 unchanged" in run("import_mappings", entries, tmp_path, capsys)
    assert Revision.current() == revision
    assert "1 changed, 1 unchanged" in run(
        "import_mappings", [entries[0], {"pattern": "x", "target": "w"}], tmp_path, capsys
    )
    row.refresh_from_db()
    assert (row.target, row.fallbacks) == ("w", ["z"])


def test_the_switches_of_a_mapping(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They are off unless the file says so, and stay as they are when it says nothing."""
    told = {"pattern": "x", "target": "y", "continuation": True, "tool_safe": True}
    run("import_mappings", [{"pattern": "a", "target": "b"}, told], tmp_path, capsys)
    rows = ModelMapping.objects.order_by("pattern").values_list("continuation", "tool_safe")
    assert list(rows) == [(False, False), (True, True)]
    assert "1 unchanged" in run("import_mappings", [{"pattern": "x", "target": "y"}], tmp_path, capsys)
    assert "1 changed" in run("import_mappings", [told | {"tool_safe": False}], tmp_path, capsys)
    assert list(rows.all()) == [(False, False), (True, False)]


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ({"pattern": "a b", "target": "t"}, "pattern: A pattern is a model name"),
        ({"pattern": "a", "target": "t*"}, "target: The upstream model is one name"),
        ({"pattern": "a", "target": ""}, "target: "),
        ({"pattern": "a", "target": "t", "kinds": ["gemini", "bard"]}, "Invalid enum value"),
        ({"pattern": "a", "target": "t", "fallbacks": [""]}, "fallbacks: Give a list of model names"),
        ({"pattern": "ok", "target": "t"}, "the pattern ok stands at entry 1 already"),
        ({"pattern": "a"}, "missing required field"),
        ({"pattern": "a", "target": "t", "continuation": "yes"}, "Expected bool | null, got str"),
        ({"pattern": "a", "target": "t", "tool_safe": 1}, "Expected bool | null, got int"),
    ],
)
def test_a_bad_mapping(bad: Any, says: str, tmp_path: Path) -> None:
    """A bad mapping is named with its position and the reason, and nothing is written."""
    said = refusal("import_mappings", [{"pattern": "ok", "target": "t"}, bad], tmp_path)
    assert "entry 2: " in said
    assert says in said.replace("`", "")
    assert ModelMapping.objects.count() == 0


def test_plain_http_is_confirmed_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In the file, for a new address; what is stored already, or stays on this machine, needs no word."""
    plain = GEMINI | {"base_url": "http://models.lan:8000"}
    run("import_accounts", [plain | {"plain_http": True}], tmp_path, capsys)
    run("import_accounts", [plain | {"base_url": "http://models.lan:8000/v1"}], tmp_path, capsys)
    assert Account.objects.get().base_url == "http://models.lan:8000/v1"
    assert "plain http" in refusal("import_accounts", [plain | {"base_url": "http://other.lan"}], tmp_path)
    run("import_accounts", [plain | {"base_url": "http://localhost:1"}], tmp_path, capsys)


def test_a_new_address_comes_with_its_credential(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file names the credential with each account: nobody moves a stored one to another address."""
    run("import_accounts", [GEMINI], tmp_path, capsys)
    moved = {name: value for name, value in GEMINI.items() if name != "credential"}
    said = refusal("import_accounts", [moved | {"base_url": "https://evil.example"}], tmp_path)
    assert "credential" in said
    said = refusal(
        "import_accounts", [moved | {"base_url": "https://evil.example", "credential": {}}], tmp_path
    )
    assert "credential" in said
    assert Account.objects.get().base_url == ""


@pytest.mark.parametrize("fallbacks", [["a"], ["b", "b"], ["b", "c", "a"]])
def test_a_fallback_leads_nowhere_back(fallbacks: list[str]) -> None:
    """Who fell back would come to a model that had failed already: refused when it is saved."""
    with pytest.raises(ValidationError, match="stands there twice"):
        ModelMapping(pattern="p", target="a", fallbacks=fallbacks).full_clean()
    ModelMapping(pattern="p", target="a", fallbacks=["b", "c"]).full_clean()
