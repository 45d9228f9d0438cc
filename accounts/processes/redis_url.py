"""What ``REDIS_URL`` names: one server, a master that Sentinels know, or a cluster. PURE.

``redis://``, ``rediss://`` and ``unix://`` are redis-py's own. Several hosts stand between commas::

    redis+sentinel://user:password@host:26379,host:26379/master/0?sentinel_password=…
    redis+cluster://user:password@host:6379,host:6379

and ``rediss+…`` speaks TLS.
"""

from typing import Literal, NamedTuple
from urllib.parse import SplitResult, parse_qsl, unquote, urlencode, urlsplit

Kind = Literal["one", "sentinel", "cluster"]

_PORTS = {"sentinel": 26379, "cluster": 6379}
_OF_SENTINELS = {"sentinel_username": "username", "sentinel_password": "password"}


class RedisAddress(NamedTuple):
    """What is to be connected to."""

    kind: Kind
    url: str
    """Of one server: with the user, the database and the options that count for each connection."""
    nodes: tuple[tuple[str, int], ...] = ()
    """Host and port of the Sentinels, or of some of the cluster's nodes."""
    master: str = ""
    """By which name the Sentinels know it."""
    login: tuple[tuple[str, str], ...] = ()
    """At the Sentinels: user and password."""


def redis_address(url: str) -> RedisAddress:
    """``url`` taken apart; ValueError says what is wrong, without repeating it."""
    parts = urlsplit(url)
    scheme, plus, kind = parts.scheme.partition("+")
    if not plus:
        _check_one(parts)
        return RedisAddress("one", url)
    if scheme not in {"redis", "rediss"} or kind not in {"sentinel", "cluster"}:
        raise ValueError("REDIS_URL: redis+sentinel://, redis+cluster://, or the same with rediss")
    userinfo, at, hosts = parts.netloc.rpartition("@")
    nodes = tuple(_node(host, _PORTS[kind]) for host in hosts.split(",") if host)
    if not nodes:
        raise ValueError("REDIS_URL names no host")
    query = dict(parse_qsl(parts.query))
    login = tuple((name, query.pop(given)) for given, name in _OF_SENTINELS.items() if given in query)
    names = [unquote(part) for part in parts.path.split("/") if part]
    database = "0"
    if kind == "cluster":
        if names not in ([], ["0"]):
            raise ValueError("REDIS_URL: a cluster has only the database 0")
        master = ""
    elif not names or len(names) > 2:
        raise ValueError("REDIS_URL: after the Sentinels comes /name-of-the-master, then /database")
    else:
        master, database = names[0], (names[1:] or ["0"])[0]
        if not database.isdigit():
            raise ValueError("REDIS_URL: the database is a number")
    options = f"?{urlencode(query)}" if query else ""
    one = f"{scheme}://{userinfo}{at}localhost/{database}{options}"
    return RedisAddress("cluster" if kind == "cluster" else "sentinel", one, nodes, master, login)


def _check_one(parts: SplitResult) -> None:
    if parts.scheme not in {"redis", "rediss", "unix"}:
        raise ValueError("REDIS_URL must begin with redis://, rediss:// or unix://")
    try:
        _ = parts.port
    except ValueError:  # it would repeat what stands there: a password with a slash in it
        raise ValueError("REDIS_URL: the port is no number; a / in a password is %2F") from None


def _node(text: str, port: int) -> tuple[str, int]:
    found = urlsplit(f"//{text}")
    try:
        host, given = found.hostname, found.port
    except ValueError:
        host = given = None
    if not host:
        raise ValueError("REDIS_URL: between the commas stand host:port")
    return host, given or port
