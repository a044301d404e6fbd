"""The report in a real browser: without a network, on a phone and a desk, light and dark."""

import json
import os
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path

import pytest

from tests.harness import Work, products

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium"),
]

PHONE, DESK = 390, 1280
DARK, LIGHT = 0, 1
SMALLEST = 10
"""Pixels of the smallest letters."""
PROBE = """
<script>
addEventListener("load", () => {
  const outside = [...document.querySelectorAll("svg text")].filter(text => {
    const inner = text.getBoundingClientRect(), outer = text.ownerSVGElement.getBoundingClientRect();
    return inner.left < outer.left - 1 || inner.right > outer.right + 1 || inner.bottom > outer.bottom + 1;
  });
  const charts = [...document.querySelectorAll("svg")].map(svg => svg.getScreenCTM().a);
  parent.postMessage({
    window: innerWidth,
    page: document.documentElement.scrollWidth,
    requests: performance.getEntriesByType("resource").map(entry => entry.name),
    sections: [...document.querySelectorAll("section")].map(each => [each.id, each.getBoundingClientRect().height]),
    outside: outside.map(text => text.textContent),
    letters: Math.min(...charts) * parseFloat(getComputedStyle(document.querySelector("svg text")).fontSize),
    background: getComputedStyle(document.body).backgroundColor,
  }, "*");
});
</script>
"""
FRAME = """
<script>addEventListener("message", message => { document.body.dataset.found = JSON.stringify(message.data); });</script>
<body><iframe src="page.html" style="width: %dpx; height: 800px; border: 0"></iframe>
"""
"""The page stands in a frame, because the browser's own window can't be as narrow as a phone."""


@pytest.fixture(scope="module")
def page(tmp_path_factory, mirror_folder):
    """Return the text of a report of two subsets."""
    work = Work(tmp_path_factory.mktemp("report"))
    work.configure(mirror_folder)
    work.run(*products(2), *products(4))
    work.run("report.html")
    return (work.folder / "report.html").read_text()


def look(page: str, folder: Path, width: int, scheme: int = LIGHT) -> dict:
    """Return what the browser makes of a page."""
    (folder / "page.html").write_text(page.replace("</body>", PROBE + "</body>"))
    frame = folder / "frame.html"
    frame.write_text(FRAME % width)
    options = [
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
        "--disable-background-networking", "--disable-component-update", "--proxy-server=127.0.0.1:9",
        f"--user-data-dir={folder / 'profile'}", "--window-size=1400,900", "--virtual-time-budget=5000",
        f"--blink-settings=preferredColorScheme={scheme}", "--dump-dom",
    ]  # fmt: skip
    done = subprocess.run(
        [CHROMIUM, *options, frame.as_uri()], env={**os.environ, "HOME": str(folder)}, capture_output=True, text=True,
        timeout=120, check=True,
    )  # fmt: skip
    return json.loads(unescape(re.search(r'data-found="([^"]*)"', done.stdout)[1]))


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_page_fits_and_asks_for_nothing(page, tmp_path, width):
    found = look(page, tmp_path, width)
    assert found["window"] == width
    assert found["page"] <= width
    assert found["requests"] == []
    assert found["outside"] == []
    assert found["letters"] >= SMALLEST
    assert len(found["sections"]) == len(re.findall("<section", page)) == 10
    assert all(height > 50 for _, height in found["sections"])


def test_page_is_light_or_dark_as_the_reader_wishes(page, tmp_path):
    backgrounds = [look(page, tmp_path, DESK, scheme)["background"] for scheme in (LIGHT, DARK)]
    light, dark = (sum(map(int, re.findall(r"\d+", each)[:3])) for each in backgrounds)
    assert light > 3 * 200
    assert dark < 3 * 60


def test_page_names_no_address_but_its_own_sections(page):
    assert re.findall(r"<(?:script|link|img|iframe|object)\b|@import|url\(", page) == []
    addresses = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert {address.removeprefix("#") for address in addresses} == set(re.findall(r'<section id="(\w+)"', page))


def test_the_browser_would_notice(page, tmp_path):
    bad = '<div style="width: 500px">wide</div><img src="http://localhost.invalid/x.png"><svg><text x="-90">y</text></svg>'
    found = look(page.replace("<main>", "<main>" + bad), tmp_path, PHONE)
    assert found["page"] >= 500
    assert found["requests"] == ["http://localhost.invalid/x.png"]
    assert found["outside"] == ["y"]
