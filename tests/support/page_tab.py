"""A tab for trying a page by hand and eye: keys, pointer, wheel, sizes, media, and what the console says."""

from __future__ import annotations

import base64
import contextlib
import time

from support.browser import browser_tab

TIMEOUT = 30.0
_KEY_CODES = {"Escape": 27}
_BAD_LEVELS = {"error", "warning", "assert"}


class PageTab:
    """One tab. `problems` is what the console showed as an error, `asked_for` every address requested."""

    def __init__(self, tab):
        self.call = tab.call
        self.problems, self.asked_for = [], []
        self._pass_on, tab._log.hear = tab._log.hear, self._hear
        self.call("Log.enable")

    def _hear(self, method, params):
        if method == "Network.requestWillBeSent":
            self.asked_for.append(params["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self.problems.append(params["exceptionDetails"])
        elif method == "Runtime.consoleAPICalled" and params["type"] in _BAD_LEVELS:
            self.problems.append(params["args"])
        elif method == "Log.entryAdded" and params["entry"]["level"] in _BAD_LEVELS:
            self.problems.append(params["entry"])
        self._pass_on(method, params)

    def value(self, script):
        """Return what an expression yields, or its promise, as JSON carries it."""
        done = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in done, done
        return done["result"].get("value")

    def until(self, condition):
        """Wait until an expression is true in the page."""
        deadline = time.monotonic() + TIMEOUT
        while not self.value(f"Boolean({condition})"):
            assert time.monotonic() < deadline, condition
            self.settle()

    def open(self, url):
        """Go to an address and wait until it is loaded and drawn."""
        self.call("Page.navigate", url=url)
        self.until("document.readyState === 'complete'")
        self.settle()

    def settle(self):
        """Wait for two frames: what was asked for before is drawn then."""
        self.value("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done())))")

    def viewport(self, width, height):
        """Set the window's size, in CSS pixels."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.call("Emulation.setDeviceMetricsOverride", **size)
        self.settle()

    def emulate(self, media="", **features):
        """Pretend a medium (`print`) and features (`prefers_color_scheme="dark"`)."""
        wanted = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
        self.call("Emulation.setEmulatedMedia", media=media, features=wanted)
        self.settle()

    def press(self, key):
        """Press and let go of one key, as `KeyboardEvent.key` names it."""
        # What the browser itself does with a key (close a dialog) goes by the old code.
        more = {"text": key} if len(key) == 1 else {"windowsVirtualKeyCode": _KEY_CODES.get(key, 0)}
        self.call("Input.dispatchKeyEvent", type="keyDown", key=key, **more)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key)
        self.settle()

    def point(self, x, y, *, click=False):
        """Move the pointer to a place in the window, and click there if asked to."""
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        if click:
            button = {"x": x, "y": y, "button": "left", "clickCount": 1}
            self.call("Input.dispatchMouseEvent", type="mousePressed", **button)
            self.call("Input.dispatchMouseEvent", type="mouseReleased", **button)
        self.settle()

    def wheel(self, x, y, by):
        """Turn the wheel at a place; `by` below 0 is away from the person."""
        self.call("Input.dispatchMouseEvent", type="mouseWheel", x=x, y=y, deltaX=0, deltaY=by)
        self.settle()

    def screenshot(self, path, **params):
        """Write what the window shows as PNG."""
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", **params)["data"]))

    def pdf(self):
        """Return the page as it would be printed."""
        return base64.b64decode(self.call("Page.printToPDF", printBackground=True)["data"])


@contextlib.contextmanager
def page_tab(folder):
    """Start Chromium with a profile of its own in `folder`; skips the test where there is none."""
    with browser_tab(folder) as tab:
        yield PageTab(tab)
