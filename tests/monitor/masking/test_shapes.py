"""The tokens that vendors issue, and what looks like them and is none: two tables."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.masking.edits import MASK
from monitor.masking.unescaped import View, views
from monitor.record.redacting.redaction import find_secrets, mask_body, mask_text

# The random part of each is made up; no token here was ever issued.
R = "aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zA1bC3dE5fG7hJ9kL"
H = "0123456789abcdef" * 4
JWT = ".".join(
    base64.urlsafe_b64encode(part).decode().rstrip("=")
    for part in (b'{"alg":"HS256","typ":"JWT"}', b'{"sub":"1234567890","name":"Ada"}', bytes(range(32)))
)

SECRETS: list[tuple[str, str]] = [
    # (what is written, what must not be left of it)
    ("AKIAIOSFODNN7EXAMPLE", "IOSFODNN7EXAMPLE"),
    ("ASIAIOSFODNN7EXAMPLE", "IOSFODNN7EXAMPLE"),
    ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "wJalrXUtnFEMI"),
    ("AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "wJalrXUtnFEMI"),
    (f"ghp_{R[:36]}", R[:36]),
    (f"gho_{R[:36]}", R[:36]),
    (f"ghs_{R[:36]}", R[:36]),
    (f"github_pat_11{R[:20]}_{R}", R[:20]),
    (f"glpat-{R[:20]}", R[:20]),
    (f"xoxb-123456789012-1234567890123-{R[:24]}", R[:24]),
    (f"xoxe.xoxp-1-{R}", R),
    (f"xapp-1-A0123456789-1234567890123-{H}", H),
    (f"https://hooks.slack.com/services/T0123456789/B0123456789/{R[:24]}", R[:24]),
    (f"https://discord.com/api/webhooks/123456789012345678/{R}_{R[:20]}", R),
    (JWT, JWT[4:]),
    (f"Authorization: Bearer {JWT}", JWT[4:]),
    (f"hf_{'aBcDeFgHiJkLmNoPqRsTuVwXyZaBcDeFgH'}", "aBcDeFgHiJkL"),
    (f"npm_{R[:36]}", R[:36]),
    (f"pypi-AgEIcHlwaS5vcmcC{R}{R}", R),
    (f"gsk_{R}aaaaaaaa", R),
    (f"xai-{R}{R}", R),
    (f"pplx-{R}", R),
    (f"nvapi-{R}-{R[:16]}", R),
    (f"r8_{R[:37]}", R[:37]),
    (f"sk_live_{R[:24]}", R[:24]),
    (f"rk_test_{R[:24]}", R[:24]),
    (f"whsec_{R[:32]}", R[:32]),
    (f"SG.{R[:22]}.{R[:43]}", R[:22]),
    (f"SK{H[:32]}", H[:32]),
    (f"dop_v1_{H}", H),
    (f"dapi{H[:32]}", H[:32]),
    (f"shpat_{H[:32]}", H[:32]),
    (f"lin_api_{R[:40]}", R[:40]),
    (f"hvs.{R}", R),
    (f"dckr_pat_{R[:27]}", R[:27]),
    (f"figd_{R}", R),
    (f"1234567890:AA{R[:33]}", R[:33]),
    (f"AGE-SECRET-KEY-1{'QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L' * 2}"[:74], "QPZRY9X8"),
    (f"GITHUB_TOKEN: {R}", R),
    (f"private_token={R}", R),
    (f"PRIVATE-TOKEN: {R}", R),
    (f"npm-token = '{R}'", R),
    (f"--api-key {R}", R),
    (f"gh auth login --with-token {R}", R),
    (f"-H \"Authorization: Token {R}\"", R),
    (f"-H \\\"Authorization: ApiKey {R}\\\"", R),
    (f"AccountKey={R}{R}==;EndpointSuffix=core.windows.net", R),
    (f"fernet_key={R}=", R),
    (f"OPENAI_API_KEY={R}", R),
    (f"export MY_SERVICE_TOKEN='{R}'", R),
    ('DB_PASSWORD="correct-horse-battery"', "correct-horse"),
    (f"api_key: {R}", R),
    (f"apiKey = '{R}'", R),
    (f"x-api-key: {R}", R),
    (f"curl -H 'x-goog-api-key: {R}'", R),
    ("postgres://app:hunter2hunter2@db.example:5432/x", "hunter2"),
    ("redis://:hunter2@cache.example/0", "hunter2"),
    (f"https://bucket.example/o?X-Amz-Signature={H}&x=1", H),
    (f"https://account.blob.example/c?sv=2024&sig={R}%3D", R),
    ("secret=hunter2", "hunter2"),
    ("client_secret: hunter2", "hunter2"),
    ("CLIENT_SECRET='hunter2'", "hunter2"),
    ("password=hunter2", "hunter2"),
    ("password: hunter2", "hunter2"),
    ("PASSWORD=hunter2", "hunter2"),
    ("Password: Tr0ub4dor&3", "Tr0ub4dor"),
    ("my password is hunter2,", "hunter2"),
    ("pwd=hunter2;", "hunter2"),
    ("db_password = 'hunter2'", "hunter2"),
    ("passwd => \"s3cr3t!\"", "s3cr3t"),
    ("PGPASSWORD=hunter2 psql", "hunter2"),
    ("user=ada password=hunter2 host=db", "hunter2"),
    ("Server=x;User Id=ada;Password=hunter2;", "hunter2"),
    ("jdbc:mysql://h/db?user=a&password=hunter2", "hunter2"),
    ("<password>hunter2</password>", "hunter2"),
    ("--password hunter2", "hunter2"),
    ("mysql -u root --password=hunter2", "hunter2"),
    ("mysqldump -u root -phunter2 db", "hunter2"),
    ("sshpass -p hunter2 ssh host", "hunter2"),
    ("curl -u ada:hunter2 https://a.example", "hunter2"),
    ("curl -sS --user 'ada:hunter2' a.example", "hunter2"),
    ("machine a.example login ada password hunter", "hunter"),
    ("default login ada password hunter", "hunter"),
    ("machine a.example\n\tlogin ada\n\tpassword hunter\n", "hunter"),
    ("CREATE USER a IDENTIFIED BY 'hunter'", "hunter"),
    ("alter user a with password 'hunter2'", "hunter2"),
    ("Authorization: Basic YWRhOnB3", "YWRhOnB3"),
    ("authorization: basic YTpi", "YTpi"),
    ("AUTHORIZATION: BASIC YWRhOmh1bnRlcjI=", "YWRhOmh1bnRlcjI"),
    ("Basic YWRhOmh1bnRlcjI", "YWRhOmh1bnRlcjI"),
    ("Basic YWRhOmh1bnRlcjIxMDY5B and on", "YWRhOmh1bnRlcjIxMDY5"),
    ("Basic YWRhOmh1bnRlcjIxMDY5zzz/ and on", "YWRhOmh1bnRlcjIxMDY5"),
    ("Proxy-Authorization: Basic YWRhOnB3", "YWRhOnB3"),
    ("-H 'Authorization: Basic YWRhOnB3'", "YWRhOnB3"),
    ("https://ada:pw@a.example/x", ":pw@"),
    ("HTTPS://ada:hunter2@a.example", "hunter2"),
    ("https://ada:hu%40nter@a.example", "nter@"),
    ("postgres://app:p/w#d?@db.example/x", "p/w#d"),
    ("https://:pw@a.example", ":pw@"),
    ("git clone https://ada:pw:w@a.example/r.git", "pw:w"),
    ("-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nlQOYBGplanted\n=abcd\n-----END PGP PRIVATE KEY", "lQOYB"),
    ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA\n-----END OPENSSH PRIVATE KEY-----", "b3Bl"),
]  # fmt: skip


def test_a_vendors_token_is_masked(subtests: pytest.Subtests) -> None:
    """In plain text, in JSON, in JSON within JSON, and where a writer escapes what it need not."""
    for text, secret in SECRETS:
        with subtests.test(f"{text, secret!r:.120}"):
            body = json.dumps({"text": f"Use {text} for it.\nThen go on."})
            for written in (
                f"Use {text} for it.",
                body,
                json.dumps({"inner": body}),
                body.replace("-", "\\u002d").replace("_", "\\u005F"),
                json.dumps({"inner": body.replace("=", "\\u003d")}),
                json.dumps(
                    {"text": "".join(f"%{ord(a):02X}" if a in "-_.:" else a for a in f"Use {text} for it")}
                ),
            ):
                masked = mask_text(written)
                assert MASK in masked, written
                assert secret not in masked, written
                assert secret.replace("-", "\\u002d") not in masked, written
                assert mask_text(masked) == masked, written
            assert json.loads(mask_text(body))["text"].startswith("Use ")
            assert json.loads(mask_text(body))["text"].endswith(" for it.\nThen go on.")


CALLS: list[tuple[str, tuple[str, ...]]] = [
    ("curl -u bob:Secret12 https://a\ncurl -u al:Other234", ("Secret12", "Other234")),
    ("curl -u bob:Secret12 https://a && curl -u al:Other234 b", ("Secret12", "Other234")),
    ("curl -u a:Secret12 -U px:Proxy999", ("Secret12", "Proxy999")),
    ("mysql -pS3cret99 db; mysqldump -pOther234", ("S3cret99", "Other234")),
    ("mysql -pS3cret99 db && docker run -p8080:80 x", ("S3cret99",)),
    ("mysql -pS3cret99 db && find . -print", ("S3cret99",)),
    ("mysql -protocol=tcp -pS3cret99", ("S3cret99",)),
]


def test_each_password_of_a_script_is_masked_and_nothing_else(subtests: pytest.Subtests) -> None:
    """Every option of every call, on lines of their own or on one; also in JSON, and in JSON within JSON."""
    for text, secrets in CALLS:
        expected = text
        for secret in secrets:
            expected = expected.replace(secret, MASK)
        with subtests.test(text):
            assert mask_text(text) == expected
            assert mask_text(json.dumps(text)) == json.dumps(expected)
            assert mask_text(json.dumps(json.dumps(text))) == json.dumps(json.dumps(expected))


NO_SECRETS: list[str] = [
    "api_key = os.environ['OPENAI_API_KEY']", "api_key=settings.anthropic_api_key",
    "apiKey: process.env.API_KEY", "password: str = Field(min_length=12)",
    "def check(password: SecretStr, secret: bytes) -> None:", "access_token: YOUR_ACCESS_TOKEN_GOES_HERE",
    "secret = load_secret_from_vault(name)", "max_tokens=4096", "TOKEN_LIMIT=128000",
    "cookie: consent_accepted_by_user", "session_token = request.session_token_value",
    "Authorization: see the documentation of authorization", "key-value", "hf_hub_download",
    "npm_config_registry", "sk-learn-contrib-extra-modules", "ghp_short", "AKIA is how they begin",
    "SK and SG are countries", "http://localhost:8000/path@v1", "git@github.com:owner/name.git",
    "user@example.com", "https://a.example:443/x", "eyJ is how a JWT begins", "100% of 50%",
    "%s %d %(name)s", "a%20b%2Fc", "\\u003cp\\u003e\\u0026amp;", "data-testid=password-input",
    "secrets.token_urlsafe(32)", "password_hash_algorithm=argon2id",
    "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----", "-----BEGIN PUBLIC KEY-----\nMIIB\n",
    "0123456789abcdef0123456789abcdef01234567", "550e8400-e29b-41d4-a716-446655440000", "1//2 is no token",
    "secret: string", "secret=settings.secret2", "the secret is simple", "secret = load_secret2(name)",
    "secrets: 2 of 3", "password: string", "password=password", "password: Required, at least 12 characters",
    "password is 12 long", "The password is case-sensitive; 8 to 64 characters", "password=$PASSWORD1",
    "password=%(pw1)s", "password: utf8", "password: sha256", "password = argon2id",
    "password=form2.password1", "password: *****", "password = hash2(value)", "password=args[1]",
    "password: ada@a.example", "passwords: 2 of 3", "pwd: 2024-01-01", "--password-file x1",
    "--password PASSWORD", "-u ada:staff", "docker run -u 1000:1000 x", "login as ada, password on file",
    "netrc: machine, login and password", "identified by their names", "with password 'string'",
    "<password>string</password>", "Basic authentication", "BASIC programming language",
    "basic understanding of", "basic YWJjZGVmZ2hp", "http://localhost:8000/@scope/name",
    "http://a.example:80/x?y=z@w", "at 10:30@home", "https://{user}:{password}@host",
    "redis://localhost:6379/0#a@b", "C://a:b is no URL",
]  # fmt: skip


def test_what_only_looks_alike_is_left_alone(subtests: pytest.Subtests) -> None:
    """Code, names, prose and data: the very same object."""
    for text in NO_SECRETS:
        with subtests.test(f"{text!r:.120}"):
            assert mask_text(text) is text
            body = json.dumps({"text": text}).encode()
            assert mask_body(body) is body


@given(
    st.lists(st.sampled_from(["a", '"', "\\", "\\\\u002d", "\\u002d", "%2D", "%", "\\u00", "%4", "é", "\n"]))
)
def test_a_view_knows_where_its_places_are(parts: list[str]) -> None:
    """Each letter of a view stands, as it is or escaped, at its place in the text."""
    data = "".join(parts).encode()
    for view in views(data):
        assert isinstance(view, View)
        for place, letter in enumerate(view.data):
            start, end = view._place(place), view._place(place + 1)
            written = data[start:end]
            ends = (b"u00%02x" % letter, b"%%%02x" % letter)
            assert written == bytes([letter]) or written.lower().endswith(ends)
        assert view._place(len(view.data)) == len(data)


@given(
    st.lists(
        st.sampled_from(['"', "\\u0022", "\\u005c", "password", ":", " ", "\\", ",", "sk-", "A1b2" * 5]),
        max_size=20,
    )
)
def test_json_stays_json_whatever_is_escaped(parts: list[str]) -> None:
    """No edit reaches over the end of a string, also where quotes are written as escapes."""
    try:
        body = '{"a": "' + "".join(parts) + '", "n": 1}'
        json.loads(body)
    except ValueError:
        return
    assert "n" in json.loads(mask_body(body.encode()))


def test_an_escape_stays_whole_before_a_password() -> None:
    """A quote or a new line that is written as an escape is no part of what is masked."""
    table = {
        rb'{"a": "password:\u0022"}': rb'{"a": "password:\u0022"}',
        rb'{"a": "password:\nHunter22"}': rb'{"a": "password:\n[masked]"}',
        rb'{"a": "password: \u0022Hunter22\u0022"}': rb'{"a": "password: \u0022[masked]\u0022"}',
        rb'{"a": "pwd=\\nHunter22"}': rb'{"a": "pwd=\\n[masked]"}',
        rb'{"a": "password=Hunter22"}': rb'{"a": "password=[masked]"}',
    }
    assert {body: mask_body(body) for body in table} == table


def test_nothing_is_decoded_where_nothing_is_escaped() -> None:
    """The usual text costs one look for each marker."""
    assert list(views(b'{"text": "plain \\n text"}')) == []
    assert find_secrets(b'{"text": "plain \\n text"}') == []
