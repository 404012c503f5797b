# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A headless Chromium without a network."""

from __future__ import annotations

import shutil
import time

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
SIZES = {"desktop": (1280, 1000), "phone": (390, 844)}
PATIENCE = 60  # seconds

# Scrolls to the next visible chart that is not drawn; returns whether all are drawn.
DRAW = """
const seen = [...document.querySelectorAll('.chart')].filter(place => place.checkVisibility());
const next = seen.find(place => place.dataset.drawn !== 'done');
if (next) next.scrollIntoView();
return !next;
"""
DRAWN = """
const marks = '.main-svg path, .main-svg image';
return Object.fromEntries([...document.querySelectorAll('.chart[data-drawn=done]')].map(
    place => [place.dataset.figure, place.querySelectorAll(marks).length]));
"""


class Browser:
    def __init__(self) -> None:
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium")
        for flag in FLAGS:
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self._driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
        self._driver.execute_cdp_cmd("Network.enable", {})
        offline = {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0}
        self._driver.execute_cdp_cmd("Network.emulateNetworkConditions", offline)

    def be(self, device, scheme):
        """Emulate a device and a preference for light or dark mode."""
        width, height = SIZES[device]
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": device == "phone"}
        self._driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        features = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        self._driver.execute_cdp_cmd("Emulation.setEmulatedMedia", features)

    def open(self, path):
        """Open a page from disk."""
        self.complaints()
        self._driver.get(f"file://{path}")

    def script(self, code):
        return self._driver.execute_script(code)

    def draw_all(self):
        """Scroll until all visible charts are drawn; returns the number of marks in each."""
        end = time.monotonic() + PATIENCE
        while not self.script(DRAW):
            assert time.monotonic() < end, self.complaints()
            time.sleep(0.02)
        return self.script(DRAWN)

    def complaints(self):
        """The messages of the console since the last call."""
        return [entry["message"] for entry in self._driver.get_log("browser")]

    def picture(self, path):
        """Save a screenshot."""
        self._driver.save_screenshot(str(path))

    def close(self):
        self._driver.quit()
