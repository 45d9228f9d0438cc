"""The operators' login under attack: guesses wait, crowds wait, and the log says who failed."""

import asyncio
import contextlib
import re
import time
from collections.abc import Iterator

import httpx
import psutil
import pytest

from tests.proxyproject.serving.raw_http import connect, head
from tests.running_server import ServerWorld
from tests.served.operators import NAME, PASSWORD, make_operator
from tests.served.world import World, lasting_world

LOGIN = "/admin/login/"
WRONG = "that-is-not-it"
NOT_GUESSED = "other-op"
"""An operator whose name nobody guesses a password for: no test makes their login wait."""


@pytest.fixture(scope="module")
def guarded(server_world: ServerWorld) -> Iterator[World]:
    """A server with an operator; behind a front, so that browsers may come from any address."""
    with lasting_world(server_world, PROXY_HTTPS="true") as world:
        make_operator(world)
        make_operator(world, NOT_GUESSED)
        yield world
        assert "Traceback" not in world.server.log_text


def operator(world: World) -> httpx.Client:
    """A browser that has signed in, whatever was guessed before."""
    browser = httpx.Client(
        base_url=world.server.base_url,
        headers={"x-forwarded-for": "203.0.113.6", "x-forwarded-proto": "https"},
        timeout=60,
    )
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', (page := browser.get(LOGIN)).text)
    assert found is not None
    form = {"csrfmiddlewaretoken": found[1], "username": NOT_GUESSED, "password": PASSWORD}
    referer = f"https://127.0.0.1:{world.server.port}{LOGIN}"
    answer = browser.post(LOGIN, data=form, headers={"cookie": cookies_of(page), "referer": referer})
    assert answer.status_code == 302
    browser.headers["cookie"] = cookies_of(answer)  # the jar gives a secure one to https alone
    return browser


def cookies_of(answer: httpx.Response) -> str:
    """What a browser would send back."""
    return "; ".join(told.partition(";")[0] for told in answer.headers.get_list("set-cookie"))


def tries(world: World, address: str, name: str, password: str) -> httpx.Response:
    """One login of a fresh browser that came through the front, whether it is right or not."""
    headers = {"x-forwarded-for": address, "x-forwarded-proto": "https"}
    with httpx.Client(base_url=world.server.base_url, headers=headers, timeout=60) as browser:
        page = browser.get(LOGIN)
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
        assert token is not None
        form = {"csrfmiddlewaretoken": token[1], "username": name, "password": password}
        referer = f"https://127.0.0.1:{world.server.port}{LOGIN}"
        return browser.post(LOGIN, data=form, headers={"cookie": cookies_of(page), "referer": referer})


def guess_until_there_is_time(world: World, address: str) -> None:
    """More wrong ones, until one must wait for so long that three more as slow as it was come too early."""
    while True:
        began_at = time.monotonic()
        answer = tries(world, address, NAME, WRONG)
        took_seconds = time.monotonic() - began_at
        if answer.status_code == 429 and int(answer.headers["retry-after"]) - 1 > 3 * took_seconds:
            return  # the wait doubles with each that was looked at: a minute in the end


def test_a_name_in_the_log_is_bounded_and_forges_no_line(guarded: World) -> None:
    """Strangers choose it: it is cut, and its line breaks are escaped.

    It comes before the guesses, behind which the log takes no more lines of this kind for a minute.
    """
    name = "x\n2026-01-01 ERROR forged " + "y" * 5000
    assert tries(guarded, "203.0.113.4", name, WRONG).status_code == 200
    found = guarded.server.wait_for_output("A login of (.*) from 203.0.113.4 failed")
    assert len(found[1]) < 400
    assert not any(line.startswith("2026-01-01 ERROR") for line in guarded.server.log_text.splitlines())


def test_guesses_wait_and_stand_in_the_log(guarded: World) -> None:
    """After some wrong ones the next is not even looked at; who is known there still logs in."""
    home, stranger, elsewhere = "203.0.113.1", "203.0.113.2", "203.0.113.3"
    assert tries(guarded, home, NAME, PASSWORD).status_code == 302
    assert [tries(guarded, stranger, NAME, WRONG).status_code for _ in range(5)] == [200] * 5
    guess_until_there_is_time(guarded, stranger)
    answer = tries(guarded, stranger, NAME, PASSWORD)  # the right one, too late
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) >= 1
    assert "Too many logins have failed" in answer.text
    assert tries(guarded, elsewhere, NAME, WRONG).status_code == 429  # the account is being guessed
    assert tries(guarded, home, NAME, PASSWORD).status_code == 302
    guarded.server.wait_for_output(f"WARNING .* A login of '{NAME}' from {stranger} failed")
    guarded.server.wait_for_output(f"INFO .* '{NAME}' logged in from {home}")
    assert WRONG not in guarded.server.log_text
    assert PASSWORD not in guarded.server.log_text


def test_a_form_that_is_larger_than_a_login_is_not_read(guarded: World) -> None:
    """Reading 64 KiB of odd fields held up everybody for 80 ms; a long name and password still fit."""
    headers = {"x-forwarded-for": "203.0.113.5", "x-forwarded-proto": "https"}
    form = {"content-type": "application/x-www-form-urlencoded"}
    odd = httpx.post(
        guarded.server.base_url + LOGIN, content=b"a=1&" * 16_000, headers=headers | form, timeout=60
    )
    assert odd.status_code == 413
    assert tries(guarded, "203.0.113.5", "\N{SNOWMAN}" * 150, "x" * 4096).status_code == 200


def test_made_up_sessions_share_little_room(guarded: World) -> None:
    """Eight large forms fill it: the ninth is told to come later, who has signed in sends theirs."""
    size = 10 * 2**20
    crowd = [connect(guarded.server) for _ in range(9)]
    made_up = "cookie: evenkeel_session=made-up"
    for client in crowd[:8]:
        client.sendall(head("POST", "/admin/", f"content-length: {size}", made_up) + b"x" * (size - 1))
    with contextlib.closing(operator(guarded)) as browser:
        deadline = time.monotonic() + 60
        while True:  # until the last of their bytes has arrived
            crowd[8].sendall(head("POST", "/admin/", "content-length: 100000", made_up) + b"x" * 99_999)
            crowd[8].settimeout(0.2)
            with contextlib.suppress(TimeoutError):
                said = crowd[8].recv(65536)
                break
            assert time.monotonic() < deadline
            crowd[8].close()
            crowd[8] = connect(guarded.server)
        assert said.startswith(b"HTTP/1.1 503 ")
        answer = browser.post("/admin/", content=b"x" * 1_000_000)
    assert answer.status_code == 403  # a page looked at it, and misses the form's token
    for client in crowd:
        client.close()


async def test_a_crowd_takes_few_threads(guarded: World) -> None:
    """A hundred logins and a hundred pages at once: some wait, the rest is sent away, the relay serves."""
    process = psutil.Process(guarded.server.pid)
    before = process.num_threads()
    most = 0
    headers = {"x-forwarded-proto": "https"}
    limits = httpx.Limits(max_connections=300)
    async with httpx.AsyncClient(
        base_url=guarded.server.base_url, headers=headers, timeout=100, limits=limits
    ) as crowd:

        async def log_in(number: int) -> int:
            address = {"x-forwarded-for": f"198.51.100.{number}"}
            return (
                await crowd.post(LOGIN, data={"username": "n", "password": "x"}, headers=address)
            ).status_code

        async def look() -> int:
            return (await crowd.get(LOGIN)).status_code

        asked = [asyncio.ensure_future(log_in(number)) for number in range(100)]
        asked += [asyncio.ensure_future(look()) for _ in range(110)]
        while not all(one.done() for one in asked):
            most = max(most, process.num_threads())
            assert (await crowd.get("/healthz")).status_code == 200
        logins, pages = [one.result() for one in asked[:100]], [one.result() for one in asked[100:]]
    assert set(logins) <= {403, 503}  # they have no CSRF token
    assert logins.count(503) >= 50  # more than may wait
    assert pages.count(200) >= 100
    assert set(pages) <= {200, 503}
    assert most - before < 30
