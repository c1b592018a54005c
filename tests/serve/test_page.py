"""What the page is made of: its texts, its colors, its resampler."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from textual.color import Color

from tests.ui.test_contrast import contrast as contrast_of
from voicetrail.serve.app import FILES
from voicetrail.serve.microphone import STATES
from voicetrail.serve.texts import page, texts

STATIC = Path(__file__).parents[2] / "voicetrail" / "serve" / "static"
ROOT = STATIC.parents[2]
SCRIPTS = "".join((STATIC / name).read_text("utf-8") for name in FILES if name.endswith(".js"))
READABLE = 4.5
"""Contrast of small letters (WCAG 2.2, 1.4.3)."""


def contrast(one: str, other: str) -> float:
    return contrast_of(Color.parse(one), Color.parse(other))


def test_every_text_of_the_page_is_in_one_place() -> None:
    frame = re.sub(r"<(script|style)[^>]*>.*?</\1>", "", (STATIC / "index.html").read_text("utf-8"), flags=re.DOTALL)
    between = re.findall(r">([^<{]*[A-Za-z][^<]*)<", frame)
    assert not between
    sentences = [text for text in re.findall(r'"([^"\n]*)"', SCRIPTS) if re.match(r"[A-Z][a-z]+ [a-z]+ [a-z]+", text)]
    assert not sentences


def test_every_used_text_exists_and_every_text_is_used() -> None:
    known = set(texts())
    said = set(re.findall(r'say\("([a-z_]+)"', SCRIPTS)) | set(re.findall(r'finish\("([a-z_]+)", "([a-z_]+)"', SCRIPTS)[0])
    assert said <= known
    assert {f"game_{state}" for state in STATES} <= known
    python = "".join(
        path.read_text("utf-8")
        for path in [*(ROOT / "voicetrail" / "serve").glob("*.py"), ROOT / "voicetrail/visitors/admission.py"]
    )
    everything = SCRIPTS + python + (STATIC / "index.html").read_text("utf-8")
    # Some names are put together: what the microphone is, as the page and as the game say it.
    unused = [
        name for name in known if not re.search(rf"\b{name.removeprefix('microphone_').removeprefix('game_')}\b", everything)
    ]
    assert not unused


def test_the_page_has_every_text_in_its_place() -> None:
    assert "{{" not in page()
    data = re.search(r'<script type="application/json" id="texts">(.*?)</script>', page(), re.DOTALL)
    assert data is not None
    assert json.loads(data[1]) == texts()


def test_every_file_that_the_page_asks_for_is_served() -> None:
    asked = set(re.findall(r'(?:src|href)="static/([^"]+)"', (STATIC / "index.html").read_text("utf-8")))
    asked |= {name.removeprefix("./") for name in re.findall(r'(?:from|import\(|URL\()\s*"([^"]+\.m?js)"', SCRIPTS)}
    assert asked <= set(FILES)
    assert all((STATIC / name).is_file() for name in FILES)


def test_the_text_colors_of_the_page_have_enough_contrast() -> None:
    style = (STATIC / "page.css").read_text("utf-8")
    colors = dict(re.findall(r"--(\w+): (#[0-9a-f]{6});", style))
    for letters, ground in [("text", "ground"), ("text", "surface"), ("accent", "ground")]:
        assert contrast(colors[letters], colors[ground]) >= READABLE, (letters, ground)
    assert contrast("#ffd479", colors["ground"]) >= READABLE
    assert contrast(colors["text"], "#12508a") >= READABLE
    # What is no text, as the edge of a button, needs less (1.4.11).
    assert contrast(colors["edge"], colors["ground"]) >= 3


def test_the_terminal_of_the_page_is_what_its_license_says() -> None:
    license_text = (STATIC / "xterm" / "LICENSE").read_text("utf-8")
    assert "Permission is hereby granted" in license_text
    assert {path.name for path in (STATIC / "xterm").iterdir()} - {"LICENSE"} == set(
        re.findall(r"[\w-]+\.(?:mjs|css)", license_text)
    )


def resampled(sound: np.ndarray[tuple[int], np.dtype[np.float64]], rate: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """What the page's resampler makes of a sound that comes in quanta of 128 samples."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("not installed: node")
    program = f"""
import {{ Resampler }} from "{(STATIC / "resampler.js").as_uri()}";
let text = "";
for await (const part of process.stdin) text += part;
const sound = JSON.parse(text), resampler = new Resampler({rate}, 16000), out = [];
for (let at = 0; at + 128 <= sound.length; at += 128) out.push(...resampler.push(Float32Array.from(sound.slice(at, at + 128))));
console.log(JSON.stringify({{ out, delay: resampler.delay }}));
"""
    done = subprocess.run(
        [node, "--no-warnings", "--input-type=module", "-e", program],
        input=json.dumps([round(float(value), 6) for value in sound]),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return np.array(json.loads(done.stdout)["out"])


@pytest.mark.parametrize("rate", [16_000, 44_100, 48_000, 96_000, 8_000])
def test_the_resampler_passes_speech_and_keeps_its_length(rate: int) -> None:
    seconds = np.arange(rate) / rate
    for hertz in (200, 1000, 3000):
        out = resampled(np.sin(2 * np.pi * hertz * seconds), rate)
        assert 15_500 <= len(out) <= 16_000
        middle = out[1000:-1000]
        assert np.sqrt(np.mean(middle**2)) == pytest.approx(np.sqrt(0.5), rel=0.01)
        spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
        assert np.argmax(spectrum) * 16_000 / len(middle) == pytest.approx(hertz, abs=3)


@pytest.mark.parametrize(
    ("rate", "hertz"), [(44_100, 9_000), (48_000, 8_300), (48_000, 12_000), (48_000, 20_000), (96_000, 30_000)]
)
def test_the_resampler_does_not_alias(rate: int, hertz: int) -> None:
    out = resampled(np.sin(2 * np.pi * hertz * np.arange(rate) / rate), rate)
    assert np.sqrt(np.mean(out[1000:-1000] ** 2)) < 10 ** (-65 / 20)
