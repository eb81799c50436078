"""Take a picture of a running dashboard: `python scripts/screenshot.py http://127.0.0.1:8083/`.

The picture of the README is `docs/dashboard.png`. Needs Chromium (`make browser`).
"""

import argparse
import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

SILENT = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""Flags for a browser in a container that speaks to nobody but the dashboard."""


def main() -> None:
    """Read the arguments and take the picture."""
    arguments = _arguments()
    executable = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(SILENT))
        page = browser.new_page(
            viewport={"width": arguments.width, "height": arguments.height},
            color_scheme="dark" if arguments.dark else "light",
            device_scale_factor=arguments.scale,
        )
        page.goto(arguments.url)
        page.wait_for_load_state("load")
        for name in arguments.open:
            page.locator(f'details[id="{name}"]').evaluate("row => { row.open = true }")
        # The fonts and the mark of the open stream: a picture without them would show a half page.
        page.evaluate("document.fonts.ready")
        if page.locator("#live").count():
            page.locator("#live:not(.is-off)").wait_for(state="visible")
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=arguments.out, full_page=arguments.full)
        browser.close()
    print(f"{arguments.out} ({arguments.out.stat().st_size // 1024} KiB)")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("url", help="a page of the dashboard")
    parser.add_argument("--out", type=Path, default=Path("docs/dashboard.png"))
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--height", type=int, default=800)
    parser.add_argument("--scale", type=float, default=2.0, help="device pixels per pixel")
    parser.add_argument("--dark", action="store_true", help="the dark colours")
    parser.add_argument("--full", action="store_true", help="the whole page, however long")
    parser.add_argument("--open", action="append", default=[], help="id of a row to open first")
    return parser.parse_args()


if __name__ == "__main__":
    main()
