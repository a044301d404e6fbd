"""The report in a real browser: without a network, on a phone and a desk, light and dark."""

import json
import os
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path

import pytest

from laion2b.report import page as report
from laion2b.subsets.official import DEFINITION
from tests.support import reported

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium"),
]

PHONE, DESK = 390, 1280
DARK, LIGHT = 0, 1
SLACK = 2
"""Pixels by which a text may be wider than Vega measured."""
LARGEST = 3_000_000
"""Bytes of a page."""
PROBE = """
<script>
const errors = [], forbidden = [];
let unzoomed, told;
addEventListener("securitypolicyviolation", event => forbidden.push(event.blockedURI));
addEventListener("error", event => errors.push(event.message));
function look() {
  const charts = [...document.querySelectorAll(".chart")];
  const svgs = charts.map(chart => chart.querySelector("svg"));
  if (svgs.includes(null)) { setTimeout(look, 50); return; }
  const outside = svgs.flatMap(svg => [...svg.querySelectorAll("text")].filter(text => {
    const inner = text.getBoundingClientRect(), outer = svg.getBoundingClientRect();
    return inner.width && (inner.left < outer.left - SLACK || inner.right > outer.right + SLACK);
  }));
  const dot = document.querySelector("#parts .chart path[aria-roledescription=circle]");
  const bounds = dot.getBoundingClientRect();
  const here = { bubbles: true, clientX: bounds.x + bounds.width / 2, clientY: bounds.y + bounds.height / 2 };
  dot.dispatchEvent(new PointerEvent("pointermove", here));
  const labels = () => [...svgs[0].querySelectorAll(".role-axis-label text")].map(text => text.textContent).join();
  const turn = key => dot.dispatchEvent(
    new WheelEvent("wheel", { ...here, ctrlKey: key, deltaY: -400, cancelable: true }));
  const before = labels(), wheel_moves_page = turn(false), tooltip = document.querySelector("#vg-tooltip-element");
  setTimeout(() => { unzoomed = labels() === before; told = tooltip?.innerText ?? "none"; turn(true); }, 500);
  setTimeout(() => parent.postMessage({
    wheel_moves_page, unzoomed, zoomed: labels() !== before,
    window: innerWidth,
    page: document.documentElement.scrollWidth,
    requests: performance.getEntriesByType("resource").map(entry => entry.name),
    sections: [...document.querySelectorAll("section")].map(each => [each.id, each.getBoundingClientRect().height]),
    widths: charts.map((chart, number) => [chart.clientWidth, svgs[number].clientWidth]),
    outside: outside.map(text => text.textContent),
    colour: getComputedStyle(dot).fill,
    tooltip: told,
    background: getComputedStyle(document.body).backgroundColor,
    title: document.title,
    errors, forbidden,
  }, "*"), 1000);
}
addEventListener("load", look);
</script>
""".replace("SLACK", str(SLACK))
FRAME = """
<script>addEventListener("message", message => { document.body.dataset.found = JSON.stringify(message.data); });</script>
<body><iframe src="page.html" style="width: %dpx; height: 800px; border: 0"></iframe>
"""
"""The page is shown in a frame, because the browser's own window can't be as narrow as a phone."""


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """Return the text of a report with all there can be, and with hostile texts."""
    folder = reported.write(tmp_path_factory.mktemp("report") / "work")
    report.write(folder, folder / "report.html", DEFINITION, 1)
    return (folder / "report.html").read_text()


def scriptless(page: str) -> str:
    """Return a page without its scripts."""
    return re.sub(r"<script\b.*?</script>", "", page, flags=re.DOTALL)


def look(page: str, folder: Path, width: int, scheme: int = LIGHT) -> dict:
    """Return what the browser makes of a page."""
    (folder / "page.html").write_text(page.replace("<title>", PROBE + "<title>", 1))
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
    assert found["errors"] == []
    assert found["window"] == width
    assert found["page"] <= width
    assert found["requests"] == found["forbidden"] == []
    assert found["outside"] == []
    assert all(abs(place - chart) <= 1 for place, chart in found["widths"])
    assert len(found["sections"]) == len(re.findall("<section", page)) == 7
    assert all(height > 50 for _, height in found["sections"])
    assert found["wheel_moves_page"]
    assert found["unzoomed"]
    assert found["zoomed"]  # by the wheel with Ctrl
    assert "part" in found["tooltip"]
    assert "rows kept" in found["tooltip"]


def test_page_is_light_or_dark_as_the_reader_wishes(page, tmp_path):
    found = [look(page, tmp_path, DESK, scheme) for scheme in (LIGHT, DARK)]
    light, dark = (sum(map(int, re.findall(r"\d+", each["background"])[:3])) for each in found)
    assert light > 3 * 200
    assert dark < 3 * 60
    assert found[0]["colour"] != found[1]["colour"]


def test_hostile_texts_are_only_shown(page, tmp_path):
    assert len(page.encode()) < LARGEST
    assert look(page, tmp_path, DESK)["title"] == "work: report on subsets"
    assert "<img" not in scriptless(page)
    assert "\x1b" not in page
    assert "&lt;/script&gt;&lt;script&gt;document.title" in page  # a caption
    assert "\\u003cb\\u003ebold" in page  # a host, in a chart


def test_page_names_no_address_but_its_own_sections(page):
    ours = scriptless(page)
    assert re.findall(r"<(?:link|img|iframe|object)\b|@import|url\(", ours) == []
    addresses = re.findall(r'(?:src|href)="([^"]*)"', ours)
    assert {address.removeprefix("#") for address in addresses} == set(re.findall(r'<section id="(\w+)"', ours))


def test_the_browser_would_notice(page, tmp_path):
    bad = '<div style="width: 500px">wide</div><img src="http://localhost.invalid/x.png"><script>document.title = 1</script>'
    open_page = re.sub(r"<meta http-equiv[^>]*>", "", page)
    found = look(open_page.replace("<main>", "<main>" + bad), tmp_path, PHONE)
    assert found["page"] >= 500
    assert found["requests"] == ["http://localhost.invalid/x.png"]
    assert (found["title"], found["forbidden"]) == ("1", [])
    found = look(page.replace("<main>", "<main>" + bad), tmp_path, PHONE)
    assert found["forbidden"] == ["http://localhost.invalid/x.png"]  # by the page itself
