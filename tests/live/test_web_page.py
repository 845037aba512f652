"""The page in a browser: a file and the microphone both end in the right instruments, on a desk and on a phone."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
import soundfile
from browser import browser, missing_browser, server
from waiting import PATIENCE_S

from irec_live.batch.writing import file_sha256
from irec_live.formats import FORMATS
from irec_live.instruments import INSTRUMENTS
from irec_live.library import Library
from irec_live.library.library import LIBRARY_VARIABLE
from irec_live.tables.recording import Recording, Span
from irec_live.web.page import static_files


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A flute's and a trumpet's seconds of the bundled recording."""
    folder = tmp_path_factory.mktemp("clips")
    with as_file(files("irec_assets") / "audio" / "demo.ogg") as path:
        samples, rate = soundfile.read(path)
    found = {}
    for label, first, last in (("flute", 3.9, 6.9), ("trumpet", 14.6, 18.2)):
        found[label] = folder / f"{label}.wav"
        soundfile.write(found[label], samples[round(first * rate) : round(last * rate)], rate, subtype="PCM_16")
    return found


@pytest.fixture(scope="module")
def library(clips: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A library of the clips, the flute's in a format that no browser plays."""
    path = tmp_path_factory.mktemp("library") / "library.duckdb"
    strange = clips["flute"].with_suffix(".aiff")
    samples, rate = soundfile.read(clips["flute"])
    soundfile.write(strange, samples, rate)
    Library(path).put(
        [
            Recording(
                path=str(file),
                name=file.name,
                sha256=file_sha256(file),
                size_bytes=file.stat().st_size,
                duration_s=soundfile.info(file).duration,
                settings="s",
                models=("m@0",),
                labels=("flute", "trumpet"),
                detected=(label,),
                warnings=(),
                spans=(Span(label, 0.5, 1.5, 0.9, -20.0), Span(label, 2.0, 2.5, 0.9, -20.0)),
            )
            for label, file in (("flute", strange), ("trumpet", clips["trumpet"]))
        ]
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(LIBRARY_VARIABLE, str(path))
        yield path


@pytest.fixture(scope="module")
def page(clips: dict[str, Path], library: Path) -> Iterator[Any]:
    """The page of a running server, in a browser whose microphone hears the trumpet."""
    if missing := missing_browser():
        pytest.skip(missing)
    with server() as url, browser(clips["trumpet"]) as driver:
        driver.get(url)
        yield driver


def until(page: Any, what: Callable[[], Any]) -> Any:
    from selenium.common.exceptions import TimeoutException
    from selenium.webdriver.support.ui import WebDriverWait

    try:
        return WebDriverWait(page, PATIENCE_S, poll_frequency=0.1).until(lambda _: what())
    except TimeoutException:
        pytest.fail(f"it did not happen; the page says {text(page, 'state')!r}")


def text(page: Any, name: str) -> str:
    return str(page.find_element("id", name).text)


def test_a_file_ends_in_its_instrument(page: Any, clips: dict[str, Path]) -> None:
    page.find_element("id", "file").send_keys(str(clips["flute"]))
    until(page, lambda: text(page, "heard") == "Flute")
    until(page, lambda: text(page, "state") == "flute.wav, 0:03")
    assert [lane.get_attribute("data-label") for lane in page.find_elements("css selector", ".lane")][-1] == "flute"
    color = page.execute_script(
        "return document.querySelector('.lane[data-label=flute]').style.getPropertyValue('--color')"
    )
    assert color == INSTRUMENTS["flute"].on_dark
    painted = (
        "const c = document.querySelector('.lane[data-label=flute] canvas');"
        "return c.getContext('2d').getImageData(0, 0, c.width, c.height).data.filter(Boolean).length"
    )
    until(page, lambda: page.execute_script(painted) > 1000)  # in the next frame, or a later one
    # Played from where a click on the plot says.
    page.execute_script(
        "const p = document.getElementById('plot'), c = document.querySelector('.lane canvas').getBoundingClientRect();"
        "p.dispatchEvent(new PointerEvent('pointerdown', {clientX: c.left + c.width / 2, bubbles: true}))"
    )
    until(page, lambda: abs(page.execute_script("return document.getElementById('audio').currentTime") - 1.5) < 0.1)
    page.find_element("id", "plot").send_keys("\ue011")  # Home
    until(page, lambda: page.execute_script("return document.getElementById('audio').currentTime") == 0)
    # Moved thresholds: events are found anew, by the server.
    page.execute_script(
        "const s = document.getElementById('offset'); s.value = 0.3; s.dispatchEvent(new Event('input'))"
    )
    until(page, lambda: "+0.30" in text(page, "offset-text"))


def test_every_format_can_be_saved(page: Any) -> None:
    page.execute_script(
        "const real = URL.createObjectURL; window.saved = [];"
        "URL.createObjectURL = blob => { window.size = blob.size; return real.call(URL, blob) };"
        "HTMLAnchorElement.prototype.click = function () { window.saved.push([this.download, window.size]) }"
    )
    options = page.find_elements("css selector", "#format option")
    assert [option.get_attribute("value") for option in options] == [*FORMATS]
    for option, form in zip(options, FORMATS.values(), strict=True):
        option.click()
        page.find_element("id", "save").click()
        name = "flute" + form.suffix
        until(page, lambda name=name: dict(page.execute_script("return window.saved")).get(name, 0) > 10)


def test_the_microphone_ends_in_its_instrument(page: Any) -> None:
    page.execute_script("const s = document.getElementById('offset'); s.value = 0; s.dispatchEvent(new Event('input'))")
    page.find_element("id", "microphone").click()
    until(page, lambda: text(page, "heard") == "Trumpet")
    assert text(page, "state") == "Listening"
    assert "dB" in text(page, "meter-text")
    page.find_element("id", "microphone").click()
    until(page, lambda: text(page, "state").startswith("Listened for"))
    until(page, lambda: "Trumpet" in text(page, "heard"))
    assert page.find_element("id", "export").is_displayed()


def test_a_recording_of_the_library_plays_from_its_span_with_lanes_in_step(page: Any) -> None:
    query = page.find_element("id", "query")
    until(page, query.is_displayed)  # once the page knows that there is a library
    query.send_keys("flute")
    query.submit()
    buttons = until(page, lambda: page.find_elements("css selector", "#matches button"))
    assert [button.text for button in buttons] == ["Flute 0:00–0:01", "Flute 0:02–0:02"]
    assert buttons[1].get_attribute("aria-label") == "Play flute.aiff from 0:02: Flute 0:02–0:02"
    # Looked at when it moves: how far it has come by then is the machine's affair.
    page.execute_script(
        "window.moments = []; const audio = document.getElementById('audio');"
        "audio.addEventListener('timeupdate', () => window.moments.push(audio.currentTime))"
    )
    buttons[1].click()
    until(page, lambda: page.execute_script("return window.moments.some(moment => moment > 2)"))
    assert page.execute_script("return Math.min(...window.moments)") >= 1.99
    assert text(page, "state") == "flute.aiff, 0:03"
    assert not page.find_element("id", "export").is_displayed()
    assert not page.find_element("id", "offset-row").is_displayed()
    until(page, lambda: page.execute_script("return document.getElementById('audio').ended"))
    # The lanes follow wherever it stands.
    for seconds, heard in ((2.2, "Flute"), (1.8, "…"), (1.0, "Flute")):
        page.execute_script("document.getElementById('audio').currentTime = arguments[0]", seconds)
        until(page, lambda heard=heard: text(page, "heard") == heard)
        share = page.execute_script(
            "const c = document.querySelector('.lane canvas').getBoundingClientRect();"
            "return (document.getElementById('playhead').getBoundingClientRect().x + 1 - c.x) / c.width"
        )
        assert share == pytest.approx(seconds / 3.0, abs=0.01)
    assert page.find_elements("css selector", "#state.error") == []


def test_a_file_that_is_gone_is_said(page: Any, clips: dict[str, Path]) -> None:
    kept = clips["flute"].with_suffix(".kept")
    clips["flute"].with_suffix(".aiff").rename(kept)
    try:
        page.find_element("css selector", "#matches button").click()  # of the same recording: heard already
        query = page.find_element("id", "query")
        query.clear()
        query.send_keys("trumpet")
        query.submit()
        until(page, lambda: "trumpet" in text(page, "matches"))
        page.find_element("css selector", "#matches button").click()
        until(page, lambda: text(page, "state") == "trumpet.wav, 0:03")
        query.clear()
        query.send_keys("flute")
        query.submit()
        until(page, lambda: "flute" in text(page, "matches"))
        page.find_element("css selector", "#matches button").click()
        until(page, lambda: "moved or changed" in text(page, "state"))
    finally:
        kept.rename(clips["flute"].with_suffix(".aiff"))


@pytest.fixture(scope="module")
def long(clips: dict[str, Path]) -> Path:
    """An hour but a minute, most of it silent: nobody waits for its end."""
    path = clips["flute"].with_name("long.flac")
    samples, rate = soundfile.read(clips["flute"], dtype="int16")
    with soundfile.SoundFile(path, "w", rate, samples.ndim, "PCM_16") as file:
        for _ in range(59 * 60 // 3):
            file.write(samples)
    return path


def analyse_for_long(page: Any, path: Path) -> None:
    page.find_element("id", "file").send_keys(str(path))
    until(page, lambda: text(page, "progress-label") == "Listening")


def drop(page: Any, *paths: Path) -> None:
    """As a file manager does."""
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        page.execute_cdp_cmd("Input.dispatchDragEvent", {"type": kind, "x": 200, "y": 200, "data": data})


def test_of_several_files_the_first_is_taken_and_a_folder_is_refused(page: Any, clips: dict[str, Path]) -> None:
    drop(page, clips["trumpet"].parent)
    until(page, lambda: text(page, "state") == "A folder cannot be sent: drop one file.")
    drop(page, clips["trumpet"].parent, clips["flute"], clips["trumpet"])
    until(page, lambda: text(page, "state") == "flute.wav, 0:03")
    assert text(page, "warnings").startswith("Only the first file, flute.wav, was taken")


def test_curves_of_a_file_are_painted_again_only_when_they_change(page: Any) -> None:
    page.execute_script(
        "window.paintings = 0; const real = CanvasRenderingContext2D.prototype.clearRect;"
        "CanvasRenderingContext2D.prototype.clearRect = function (...all) { window.paintings++; real.apply(this, all) }"
    )

    def paintings() -> int:
        return int(page.execute_script("return window.paintings"))

    def change(name: str, times: int = 1) -> None:
        before = paintings()
        for _ in range(times):
            page.find_element("id", name).click()
        until(page, lambda: paintings() > before)

    until(page, lambda: page.find_elements("css selector", ".lane[data-label='']"))  # the level comes last
    change("all")
    change("theme", 2)  # the system's, dark, light
    change("theme")
    change("all")
    page.execute_async_script("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")  # what was begun
    before = paintings()
    for seconds in ("0.5", "1.5", "2.5"):
        page.execute_script("document.getElementById('audio').currentTime = Number(arguments[0])", seconds)
        until(page, lambda now=seconds: page.find_element("id", "plot").get_attribute("aria-valuenow") == now)
    assert paintings() == before


def test_a_result_can_still_be_saved_after_the_way_back_to_the_page(page: Any) -> None:
    # As a browser does that keeps the page for the way back, and then shows it as it was.
    for event in ("pagehide", "pageshow"):
        page.execute_script("dispatchEvent(new PageTransitionEvent(arguments[0], {persisted: true}))", event)
    page.execute_script("window.saved = []")
    page.find_element("id", "save").click()
    until(page, lambda: page.execute_script("return window.saved.length") == 1)
    assert text(page, "state") == "flute.wav, 0:03"


def test_what_the_library_plays_takes_the_place_of_a_file_that_is_analysed(page: Any, long: Path) -> None:
    analyse_for_long(page, long)
    query = page.find_element("id", "query")
    query.clear()
    query.send_keys("trumpet")
    query.submit()
    until(page, lambda: "trumpet" in text(page, "matches"))
    page.find_element("css selector", "#matches button").click()
    until(page, lambda: text(page, "state") == "trumpet.wav, 0:03")
    assert not page.find_element("id", "progress-row").is_displayed()
    assert not page.find_element("id", "cancel").is_displayed()


def test_a_page_that_is_reloaded_leaves_no_analysis_behind(page: Any, long: Path) -> None:
    analyse_for_long(page, long)
    page.refresh()

    def is_empty() -> bool:
        with urlopen(page.current_url + "metrics") as answer:
            told = answer.read().decode()
        return all(f'irec_jobs{{state="{state}"}} 0.0' in told for state in ("running", "done"))

    until(page, is_empty)


def test_of_a_microphone_that_is_heard_for_too_long_the_page_says_that_it_cannot_be_saved(page: Any) -> None:
    own = page.current_url
    with server(["--most-minutes", "0.05"]) as url:
        page.get(url)
        try:
            page.find_element("id", "microphone").click()
            until(page, lambda: "This cannot be saved: it is longer than 0:03" in text(page, "warnings"))
            page.find_element("id", "microphone").click()
            until(page, lambda: text(page, "state").startswith("Listened for"))
            assert "cannot be saved" in text(page, "warnings")
            assert not page.find_element("id", "export").is_displayed()
        finally:
            page.get(own)


def test_a_server_that_is_gone_is_said_by_every_button(page: Any, clips: dict[str, Path]) -> None:
    own = page.current_url
    try:
        with server() as url:
            page.get(url)
            # The page is all there: its scripts have run, and have asked what they ask at first.
            until(page, lambda: page.find_elements("css selector", "#format option"))
        page.find_element("id", "microphone").click()
        until(page, lambda: text(page, "state") == "The server does not answer.")
        assert text(page, "microphone") == "Use the microphone"
        page.find_element("id", "file").send_keys(str(clips["flute"]))
        until(page, lambda: text(page, "state").startswith("The server does not answer, or did not take"))
    finally:
        page.get(own)


def test_a_phone_sees_it_all(page: Any) -> None:
    metrics = {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        wide = page.execute_script(
            "return [...document.querySelectorAll('main *')].filter(e => e.getClientRects().length"
            " && !e.closest('.scroll') && getComputedStyle(e).position !== 'absolute'"
            " && e.getBoundingClientRect().right > 361).map(e => e.id)"
        )
        assert wide == []
        assert page.execute_script("return document.documentElement.scrollWidth") <= 360
        small = page.execute_script(
            "return [...document.querySelectorAll('main button, .button, main select')]"
            ".filter(e => e.getClientRects().length && e.getBoundingClientRect().height < 40).map(e => e.id)"
        )
        assert small == []  # fingers are wide
    finally:
        page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_keys_and_screen_readers_reach_everything(page: Any) -> None:
    unnamed = page.execute_script(
        "return [...document.querySelectorAll('button, input, select, audio, [role=slider]')].filter(e =>"
        " !(e.labels?.length || e.textContent.trim() || e.getAttribute('aria-label') || e.tagName === 'AUDIO'))"
        ".map(e => e.id)"
    )
    assert unnamed == []
    assert page.find_element("id", "heard").get_attribute("aria-live") == "polite"
    assert page.find_element("id", "state").get_attribute("role") == "status"
    page.find_element("id", "theme").click()
    page.find_element("id", "theme").click()
    assert page.execute_script("return document.documentElement.dataset.theme") == "light"
    assert text(page, "theme") == "Theme: light"
    page.find_element("id", "theme").click()
    assert page.execute_script("return document.documentElement.dataset.theme") == "dark"


def test_the_page_asks_nobody_else_and_breaks_no_rule_of_its_own(page: Any) -> None:
    asked = page.execute_script("return performance.getEntriesByType('resource').map(e => new URL(e.name).host)")
    assert set(asked) <= {page.execute_script("return location.host"), ""}
    complaints = [
        entry["message"] for entry in page.get_log("browser") if "Content Security Policy" in entry["message"]
    ]
    assert complaints == []


def test_no_file_of_the_page_names_another_host() -> None:
    for name, content in static_files().items():
        addresses = set(re.findall(r"https?://[^\s\"'`)]+", content.decode()))
        assert addresses <= {"http://www.w3.org/2000/svg"}, name


def test_colours_are_not_copied_into_the_page() -> None:
    own = {getattr(instrument, ground) for instrument in INSTRUMENTS.values() for ground in ("on_dark", "on_light")}
    written = json.dumps([content.decode() for content in static_files().values()])
    assert {color for color in own if color and color in written} == set()
