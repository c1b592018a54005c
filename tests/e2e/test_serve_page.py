"""`voicetrail serve` in a real browser: by voice, by keys, reloaded, in two tabs, on a phone."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.e2e.browser import GamePage, ServeProcess, await_games, chromium
from tests.e2e.lab import VOICETRAIL, Sound, Speech
from tests.e2e.ssh_line import ROOT
from voicetrail.events import SAMPLE_RATE

WORDS = ("right", "up", "left", "down", "right", "up")
LEAD_S = 3.0
"""Silence before the first word: the sketch is opened meanwhile."""

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def sound(speech: Speech) -> Sound:
    return np.concatenate([np.zeros(round(LEAD_S * SAMPLE_RATE), np.float32), speech.joined(WORDS, seed=3)])


@pytest.fixture(scope="module")
def browser(sound: Sound, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with chromium(tmp_path_factory.mktemp("browser"), sound) as found:
        yield found


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServeProcess]:
    server = ServeProcess(tmp_path_factory.mktemp("home"))
    yield server
    assert server.close() == 0


@pytest.fixture
def open_page(browser: Any, server: ServeProcess) -> Iterator[Any]:
    contexts = []

    def open_one(*, allowed: bool = True, context: Any = None, **named: Any) -> GamePage:
        if context is None:
            context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **named})
            contexts.append(context)
        if allowed:
            context.grant_permissions(["microphone"], origin=server.url)
        return GamePage(context, server.url)

    yield open_one
    for context in contexts:
        context.close()


def words_heard_in(sound: Sound, folder: Path) -> list[str]:
    """What the recognizer hears in a file."""
    path = folder / "sound.wav"
    soundfile.write(path, sound, SAMPLE_RATE, subtype="PCM_16")
    done = subprocess.run(
        [*VOICETRAIL, "listen", str(path), "--json"], capture_output=True, text=True, cwd=ROOT, check=True, timeout=60
    )
    lines = map(json.loads, done.stdout.splitlines())
    return [line["word"] for line in lines if line["type"] == "detection"]


def words_recorded(file: Path) -> list[str]:
    done = subprocess.run(
        [*VOICETRAIL, "replay", str(file), "--text"], capture_output=True, text=True, timeout=60, cwd=ROOT, check=True
    )
    return re.findall(r"\bheard (\w+)", done.stdout)


def is_in_order(part: list[str], whole: list[str]) -> bool:
    rest = iter(whole)
    return all(word in rest for word in part)


def test_words_said_into_the_browser_draw_the_trail(open_page: Any, server: ServeProcess, sound: Sound, tmp_path: Path) -> None:
    expected = words_heard_in(sound, tmp_path)
    assert len(expected) >= 5
    game = open_page()
    game.begin_sketch()
    game.wait_for_status("You can play with the arrow keys")
    game.press("r")
    # The file is played from here on.
    game.page.click("#microphone")
    game.wait_for_status("The microphone is on")
    game.wait_until(lambda: game.strokes() >= len(expected) - 1, 40, "the trail")
    assert re.search(r"delay \d+ ms", game.screen), "the delay of the sound is shown"
    game.page.wait_for_timeout(1500)
    game.press("q")
    game.wait_for_screen("Sketch")
    (file,) = server.recordings.glob("*.trail")
    recorded = words_recorded(file)
    # As from the file itself, but for a word at the edge.
    assert len(recorded) >= len(expected) - 1
    assert is_in_order(recorded, expected) or is_in_order(expected, recorded), (recorded, expected)
    assert not game.problems


def test_a_refused_microphone_is_said_and_the_keys_play(open_page: Any) -> None:
    game = open_page(allowed=False)
    game.wait_for_screen("Sketch")
    game.page.click("#microphone")
    game.wait_for_status("The browser blocks the microphone")
    assert game.page.get_attribute("#microphone", "aria-pressed") == "false"
    game.begin_sketch()
    game.press("right", "up", "right")
    game.wait_for_screen("3 strokes")


def test_a_reload_in_the_middle_of_a_round_takes_it_up_again(open_page: Any, server: ServeProcess) -> None:
    game = open_page()
    game.begin_sketch()
    game.press("right", "up", "right", "down")
    game.wait_for_screen("4 strokes")
    before = len(server.games())
    game.page.reload()
    game.wait_for_status("continues where you left it")
    game.wait_for_screen("4 strokes")
    assert len(server.games()) == before
    # A round waits where it noticed that the page was away; a direction then says how it is to go on.
    game.press("right", "up")
    game.wait_until(lambda: game.strokes() >= 5, 20, "another stroke")


def test_the_microphone_comes_back_with_a_reload(open_page: Any) -> None:
    game = open_page()
    game.wait_for_screen("Sketch")
    game.page.click("#microphone")
    game.wait_for_screen("● listening")
    game.page.reload()
    game.wait_for_status("The microphone is on")
    game.wait_for_screen("● listening")


def test_two_tabs_have_a_game_each_and_one_microphone(open_page: Any) -> None:
    one = open_page()
    two = open_page(context=one.page.context)
    for game in (one, two):
        game.wait_for_screen("Sketch")
    one.begin_sketch()
    one.press("right", "up", "right")
    one.wait_for_screen("3 strokes")
    two.begin_sketch()
    two.press("up")
    two.wait_for_screen("1 stroke")
    assert one.strokes() == 3
    one.page.click("#microphone")
    one.wait_for_status("The microphone is on")
    two.page.click("#microphone")
    two.wait_for_status("The microphone is on")
    one.wait_for_status("Another tab of this game uses the microphone")


def test_in_the_background_the_microphone_is_held(open_page: Any) -> None:
    game = open_page()
    game.wait_for_screen("Sketch")
    game.page.click("#microphone")
    game.wait_for_screen("● listening")
    show = """hidden => {
        Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
        document.dispatchEvent(new Event("visibilitychange"));
    }"""
    game.page.evaluate(show, True)
    game.wait_for_screen("no sound")
    game.page.evaluate(show, False)
    game.wait_for_status("It is on again")
    game.wait_for_screen("● listening")


def test_a_link_with_the_token_on_another_site_opens_the_page(browser: Any, tmp_path: Path) -> None:
    server = ServeProcess(tmp_path, "--token")
    context = browser.new_context()
    try:
        game = GamePage(context)
        game.page.goto("data:text/html,<p>another site")
        with game.page.expect_navigation():
            game.page.evaluate(
                "url => { const link = document.createElement('a'); link.href = url; link.click(); }", server.url
            )
        game.wait_for_screen("Sketch")
        assert "token" not in game.page.url
        # The address without its token is enough now, and for nobody else.
        game.page.reload()
        game.wait_for_screen("Sketch")
        other = browser.new_context().new_page()
        assert other.goto(game.page.url).status == 403
        other.context.close()
    finally:
        context.close()
        assert server.close() == 0


def test_a_dropped_connection_is_said_and_taken_up_again(open_page: Any) -> None:
    game = open_page()
    game.begin_sketch()
    game.press("right", "up")
    game.wait_for_screen("2 strokes")
    game.page.context.set_offline(True)
    game.page.evaluate("window.voicetrail.drop()")
    game.wait_for_status("The connection to the game is lost")
    game.page.context.set_offline(False)
    game.wait_for_status("The connection is restored")
    game.wait_for_screen("2 strokes")


def test_a_connection_that_dies_without_a_word_is_noticed(open_page: Any, server: ServeProcess) -> None:
    """A server that is stopped is like a network that is gone: nothing comes, and no connection is closed."""
    game = open_page()
    game.begin_sketch()
    game.press("right", "up")
    game.wait_for_screen("2 strokes")
    server.process.send_signal(signal.SIGSTOP)
    try:
        game.wait_for_status("The connection to the game is lost", 30)
    finally:
        server.process.send_signal(signal.SIGCONT)
    game.wait_for_status("The connection is restored", 30)
    game.wait_for_screen("2 strokes")


def test_a_phone_has_the_whole_game_and_buttons_for_its_arrows(open_page: Any, tmp_path: Path) -> None:
    game = open_page(viewport={"width": 390, "height": 844}, device_scale_factor=2, has_touch=True, is_mobile=True)
    screen = game.wait_for_screen("Sketch")
    rows = screen.splitlines()
    assert len(rows) >= 20
    sizes = game.page.evaluate(
        """() => ({
            page: [document.documentElement.scrollWidth, document.documentElement.scrollHeight],
            terminal: document.querySelector('.xterm-screen').getBoundingClientRect().toJSON(),
            buttons: Array.from(document.querySelectorAll('button')).filter(b => b.offsetParent)
                .map(b => [b.getAttribute('aria-label') || b.textContent, b.offsetWidth, b.offsetHeight]),
        })"""
    )
    assert sizes["page"][0] <= 390
    assert sizes["page"][1] <= 844
    assert 330 <= sizes["terminal"]["width"] <= 390
    names = {name for name, _, _ in sizes["buttons"]}
    assert {"Up", "Down", "Left", "Right", "Use the microphone"} <= names
    # A finger's width (WCAG 2.5.5 asks for 44 pixels, of what is pressed again and again).
    assert all(
        width >= 44 and height >= 44 for name, width, height in sizes["buttons"] if name in ("Up", "Down", "Left", "Right")
    )
    game.page.tap("[data-key=right]")
    game.wait_for_screen("word  score")  # in so narrow a window the message takes the place of the strokes at first
    for key in ("right", "up", "left"):
        game.page.tap(f"[data-key={key}]")
        game.page.wait_for_timeout(150)
    game.wait_for_screen("3 strokes")
    game.page.tap("#microphone")
    game.wait_for_status("The microphone is on")
    assert game.page.evaluate("visualViewport.scale") == 1


def test_the_page_can_be_used_without_a_mouse(open_page: Any) -> None:
    game = open_page()
    game.wait_for_screen("Sketch")
    focused = "document.activeElement.id || document.activeElement.className"
    assert "xterm" in game.page.evaluate(focused)
    game.page.keyboard.press("Shift+Escape")
    assert game.page.evaluate(focused) == "microphone"
    game.page.keyboard.press("Tab")
    assert game.page.evaluate(focused) == "reader"
    tree = game.page.locator("body").aria_snapshot()
    assert 'button "Use the microphone"' in tree
    assert "status" in tree
    assert "The game. Press Shift and Escape" in tree


def test_a_game_that_was_left_offers_another(open_page: Any) -> None:
    game = open_page()
    game.wait_for_screen("Sketch")
    game.press("q")
    game.wait_for_status("The game has ended")
    game.page.click("#again")
    game.wait_for_screen("Sketch")
    game.wait_for_status("You can play with the arrow keys")


def test_pages_that_are_gone_leave_no_game_once_the_server_ends(open_page: Any, tmp_path: Path) -> None:
    other = ServeProcess(tmp_path)
    game = GamePage(open_page().page.context, other.url)
    game.begin_sketch()
    game.press("r", "right", "up")
    game.wait_for_screen("2 strokes")
    await_games(other, 2)
    pids = other.games()
    assert other.close() == 0
    assert all(not Path(f"/proc/{pid}").exists() for pid in pids)
    (file,) = other.recordings.glob("*.trail")
    done = subprocess.run([*VOICETRAIL, "replay", str(file), "--check"], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    game.wait_for_status("shutting down")
