"""A page that notes what its policy refused, and the ids that the pages' addresses need."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page

from tests.browser.all_pages import known_ids
from tests.served.world import World


@pytest.fixture(scope="package")
def known(console_world: World) -> dict[str, str]:
    """The ids of what the server holds."""
    return known_ids(console_world)


@pytest.fixture
def watched(new_page: Callable[..., Page]) -> Iterator[Page]:
    """A page of the operator that counts what its policy refused and what Alpine could not read."""
    page = new_page("/admin/")
    told: list[str] = []
    page.on(
        "console", lambda line: told.append(f"{page.url}: {line.text}") if "Alpine" in line.text else None
    )
    page.on("pageerror", lambda error: told.append(f"{page.url}: {error}"))
    page.on("response", lambda one: told.append(f"{one.status} {one.url}") if one.status >= 400 else None)
    page.context.expose_function("policyRefused", lambda what: told.append(f"{page.url}: refused {what}"))
    page.context.add_init_script(
        "addEventListener('securitypolicyviolation', (event) =>"
        " policyRefused(`${event.effectiveDirective} ${event.blockedURI} ${event.sample}`))"
    )
    yield page
    assert told == []
