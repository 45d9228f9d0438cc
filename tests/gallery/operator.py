"""An operator of the gallery's server: signed in, reading what a request's page says."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser

import httpx

from proxyproject.faultlab.world import Lab
from tests.served.operators import NAME, PASSWORD, log_in

LOGIN = "/admin/login/"
DEADLINE_SECONDS = 30


def make_operator(lab: Lab) -> None:
    """Give the server its superuser."""
    named = ("--username", NAME, "--email", "operator@example.org")
    lab.manage("createsuperuser", "--noinput", *named, DJANGO_SUPERUSER_PASSWORD=PASSWORD)


@contextmanager
def signed_in(lab: Lab) -> Iterator[httpx.Client]:
    """A client of the operator's pages."""
    with httpx.Client(base_url=lab.base_url, timeout=30) as client:
        log_in(client)
        yield client


def diagnosis(client: httpx.Client, request_id: str, language: str = "en") -> str:
    """What the page of an ended request says happened and what to do, without the answer that is quoted."""
    ends_at = time.monotonic() + DEADLINE_SECONDS
    while True:
        page = client.get(f"/monitor/history/{request_id}/", headers={"accept-language": language})
        assert page.status_code == 200, page.status_code
        reader = _Reader()
        reader.feed(page.text)
        if "in_flight" not in reader.outcome_classes or time.monotonic() > ends_at:
            return " ".join("".join(reader.pieces).split())
        time.sleep(0.05)


class _Reader(HTMLParser):
    """Picks the diagnosis out of the page: the panel's paragraphs, but for the small print."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []
        self.outcome_classes: list[str] = []
        self._path: list[str] = []
        self._is_inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        classes = (dict(attrs).get("class") or "").split()
        if "mon-outcome" in classes and not self.outcome_classes:
            self.outcome_classes = classes
        if tag == "section":
            self._is_inside = "mon-diagnosis" in classes
        self._path.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self._path and self._path.pop() != tag:
            pass
        if tag == "section":
            self._is_inside = False
        if tag == "p":
            self.pieces.append(" ")

    def handle_data(self, data: str) -> None:
        if self._is_inside and "p" in self._path and "small" not in self._path:
            self.pieces.append(data)
