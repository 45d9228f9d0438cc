"""What axe-core (version 4.14.1, vendored beside this file) says of a page, light and dark."""

import json
from pathlib import Path

from playwright.sync_api import Page

AXE = Path(__file__).parent / "axe" / "axe.min.js"

_LOOK = """async ([rules, dark]) => {
    document.documentElement.classList.toggle("dark", dark);  // the admin reads the wish once, as it loads
    for (let round = 0; round < 2; round++) {  // a colour that is still on its way is none to judge
        await new Promise(requestAnimationFrame);
        document.getAnimations().forEach(one => one.finish());
    }
    const options = rules ? {runOnly: {type: "rule", values: rules}} : {};
    const told = await axe.run({...options, resultTypes: ["violations"]});
    return {
        passed: told.passes.length,
        wrong: told.violations
            .filter(one => one.impact === "serious" || one.impact === "critical")
            .map(one => `${one.id}: ${one.nodes.map(node => node.target.join(" ")).join(", ")}`),
    };
}"""


def findings(page: Page) -> list[str]:
    """What axe calls serious or critical: everything in the light, the colours once more in the dark."""
    page.evaluate(f"{AXE.read_text()};0")  # the page's own policy lets no other script in
    page.emulate_media(color_scheme="light")
    light = page.evaluate(_LOOK, [None, False])
    assert light["passed"] > 10, page.url
    page.emulate_media(color_scheme="dark")
    dark = page.evaluate(_LOOK, [["color-contrast", "link-in-text-block"], True])
    assert dark["passed"] > 0, page.url
    page.emulate_media(color_scheme="light")
    return [*light["wrong"], *(f"dark {told}" for told in dark["wrong"])]


def wrong(told: dict[str, list[str]]) -> str:
    """What was found, by page, to be read in a test's report."""
    found = {path: some for path, some in told.items() if some}
    return json.dumps(found, indent=1) if found else ""
