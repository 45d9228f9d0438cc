"""The other proxies of the comparison: each asks the simulator and nobody else, in dialects there are."""

import re

import pytest

from proxyproject.faultlab.contract import ALL
from tests.soak.other_proxies.peers import PEERS
from tests.soak.plan import FORMS

UPSTREAM = "http://127.0.0.1:9100"
EVERY = [(name, peer, pairing) for name, peer in PEERS.items() for pairing in peer.pairings]
_ADDRESS = re.compile(r"https?://[^\s\"/:;]+")


def test_a_peer_asks_the_simulator_only(subtests: pytest.Subtests) -> None:
    """What it is configured with, in files, environment or headers, names the simulator and no vendor."""
    for name, peer, pairing in EVERY:
        with subtests.test(f"{name, peer, pairing!r:.120}"):
            told = [*peer.files(UPSTREAM, 4000, pairing).values()]
            told += [
                value.format(folder="f", port=4000, upstream=UPSTREAM) for value in peer.environment.values()
            ]
            told += [value.replace("{upstream}", UPSTREAM) for value in pairing.headers.values()]
            assert any(UPSTREAM in text for text in told)
            assert {address for text in told for address in _ADDRESS.findall(text)} == {"http://127.0.0.1"}
            assert "{upstream}" not in "".join(told)


def test_a_pairing_is_one_of_the_campaign(subtests: pytest.Subtests) -> None:
    """It is asked in a dialect that clients speak, for one that upstreams speak."""
    for name, peer, pairing in EVERY:
        with subtests.test(f"{name, peer, pairing!r:.120}"):
            assert pairing.form in FORMS
            assert pairing.upstream in ALL
            assert [part.format(folder="f", port=4000, upstream=UPSTREAM) for part in peer.command]
