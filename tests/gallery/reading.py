"""Reads every scene's diagnosis from its page."""

from collections.abc import Sequence

from proxyproject.faultlab.world import Lab
from tests.gallery.operator import diagnosis, signed_in
from tests.gallery.page import Told
from tests.gallery.scenes import Scene


def told(lab: Lab, scenes: Sequence[Scene]) -> dict[Scene, Told]:
    """What each page says."""
    with signed_in(lab) as client:
        return {
            scene: Told(diagnosis(client, scene.request_id), diagnosis(client, scene.request_id, "ja"))
            for scene in scenes
        }
