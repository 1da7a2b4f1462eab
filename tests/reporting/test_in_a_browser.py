"""
What people see: a chart in JupyterLab, which does not trust the notebook it opens; the notebook as HTML; a run's page.

The browser may speak to the loopback only, and what it asks of anyone else is a failure.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe
from nbclient import NotebookClient
from playwright.sync_api import Browser, Page, Route, sync_playwright

from bizra_lab.model import Audit, Finding, Weight
from bizra_lab.reporting.page import page
from tests.reporting.test_page import CACHE, STATUS

BROWSER_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 30_000  # a server and a browser start meanwhile, on machines that do other work
TOKEN = "only-for-this-test"

SHOWS_A_CHART_AND_A_TABLE = """\
import numpy as np
from bizra_lab.model import Estimate, Exceedance
from bizra_lab.reporting.charts.exceedance import exceedance
from bizra_lab.reporting.table import results_table
shares = np.array([0.5, 0.1, 0.01])
curve = Exceedance(np.array([1e3, 1e4, 1e6]), shares, shares * 0.9, shares * 1.1)
display(results_table({"latency_ns.p99": Estimate(1234.5, 1200, 1260, "ns", 5000)}))
exceedance(curve, "circuit_breaker", limit_ns=1.5e6, clock_step_ns=1.0)
"""


@pytest.fixture(scope="module")
def browser(chromium: Path) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=BROWSER_OPTIONS)
        yield started
        started.close()


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An executed notebook with a chart, as a run leaves it: nobody has trusted it."""
    cell = nbformat.v4.new_code_cell(SHOWS_A_CHART_AND_A_TABLE)
    written = nbformat.v4.new_notebook(cells=[cell])
    written.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    NotebookClient(written, kernel_name="python3", timeout=60).execute()
    path = tmp_path_factory.mktemp("notebooks") / "chart.ipynb"
    nbformat.write(written, path)
    return path


@pytest.fixture(scope="module")
def jupyter_environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Folders of JupyterLab's own that hold nothing of this machine's user."""
    home = tmp_path_factory.mktemp("jupyter")
    settings = home / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text('{"fetchNews": "false", "checkForUpdates": false}')
    return {
        **os.environ,
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "JUPYTER_TOKEN": TOKEN,
    }


@pytest.fixture
def lab(notebook: Path, jupyter_environment: dict[str, str]) -> Iterator[str]:
    """The address at which JupyterLab opens the notebook."""
    port = _free_port()
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}"]
    command += ["--ServerApp.port_retries=0", f"--ServerApp.root_dir={notebook.parent}"]
    server = subprocess.Popen(
        command,
        env=jupyter_environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert server.stderr is not None
        said = []
        for line in server.stderr:
            said.append(line)
            if "is running at" in line:
                break
        else:
            pytest.fail("JupyterLab did not start: " + "".join(said))
        yield f"http://127.0.0.1:{port}/lab/tree/{notebook.name}?token={TOKEN}"
    finally:
        # Its kernels with it: a server that is asked to end waits for them, sometimes for a minute.
        os.killpg(server.pid, signal.SIGKILL)
        server.communicate()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _page_that_stays_here(browser: Browser, asked_elsewhere: list[str]) -> Page:
    def here_only(route: Route) -> None:
        address = urlsplit(route.request.url)
        if address.hostname in {"127.0.0.1", None}:
            route.continue_()
        else:
            asked_elsewhere.append(route.request.url)
            route.abort()

    opened = browser.new_page(viewport={"width": 1280, "height": 1000})
    opened.set_default_timeout(PATIENCE_MS)
    opened.route("**/*", here_only)
    return opened


def test_jupyterlab_draws_a_chart_of_a_notebook_it_does_not_trust_without_a_network(browser: Browser, lab: str) -> None:
    asked_elsewhere: list[str] = []
    opened = _page_that_stays_here(browser, asked_elsewhere)
    opened.goto(lab)
    chart = opened.locator(".jp-RenderedVegaCommon5 canvas, .jp-RenderedVegaCommon5 svg").first
    chart.wait_for()
    box = chart.bounding_box()
    assert box is not None
    assert (640, 380) == (round(box["width"]), round(box["height"]))
    # A table of a notebook that is not trusted keeps its alignment.
    assert "left" == opened.locator(".jp-RenderedHTML td").first.evaluate("cell => getComputedStyle(cell).textAlign")
    assert [] == asked_elsewhere
    opened.close()


def test_nbconvert_shows_the_picture_where_no_script_runs(
    browser: Browser, notebook: Path, jupyter_environment: dict[str, str]
) -> None:
    command = [sys.executable, "-m", "nbconvert", "--to", "html", "--log-level=ERROR", str(notebook)]
    command += [f"--HTMLExporter.{name}_url=" for name in ("mathjax", "require_js", "mermaid_js")]
    subprocess.run(command, env=jupyter_environment, check=True)
    asked_elsewhere: list[str] = []
    opened = _page_that_stays_here(browser, asked_elsewhere)
    opened.goto(notebook.with_suffix(".html").as_uri())
    image = opened.locator("img[src^='data:image/png']")
    image.wait_for()
    assert [640, 380] == image.evaluate("image => [image.naturalWidth, image.naturalHeight]")
    assert [] == asked_elsewhere
    opened.close()


def test_a_runs_page_fits_a_telephone_and_asks_nothing_of_anyone(browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text(page(STATUS, [CACHE]), encoding="utf-8")
    asked_elsewhere: list[str] = []
    opened = _page_that_stays_here(browser, asked_elsewhere)
    opened.set_viewport_size({"width": 390, "height": 800})
    opened.goto((tmp_path / "report.html").as_uri())
    assert 390 == opened.evaluate("document.documentElement.scrollWidth")
    assert [] == asked_elsewhere
    opened.close()


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_runs_page_can_be_used_by_everybody(
    browser: Browser, tmp_path: Path, scheme: Literal["light", "dark"], width: int
) -> None:
    doubted = Audit({"too_short": (Finding(Weight.DOUBT, "1 s was measured; it takes 120 s"),)})
    studies = [CACHE, replace(CACHE, stem="other", title="Another", audit=doubted)]
    html = page(replace(STATUS, untold=("poi.verifies",)), studies, {"too_short": "Short.\n\nThreshold: 120 s."})
    (tmp_path / "report.html").write_text(html, encoding="utf-8")
    # Only what looks at the page is let in past its own prohibition of scripts.
    opened = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True)
    opened.goto((tmp_path / "report.html").as_uri())
    found = Axe().run(opened).response
    assert [] == [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]]
    assert len(found["passes"]) > 10
    opened.close()
