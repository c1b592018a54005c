"""The reverse proxies of docs/serve.md, as they stand there, with a self-signed certificate: the page, its sockets, its microphone."""

from __future__ import annotations

import re
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.browser import GamePage, ServeProcess, chromium
from tests.e2e.lab import needs, wait_until
from tests.e2e.ssh_line import ROOT

NAME = "play.example.org"

OPENS = """url => new Promise(done => {
    const socket = new WebSocket(url);
    socket.onopen = () => done('open');
    socket.onclose = () => done('closed');
})"""
"""Whether a page can open a WebSocket."""

pytestmark = pytest.mark.timeout(120)


def block(language: str) -> str:
    """A configuration as the docs have it."""
    found = re.search(rf"```{language}\n(.*?)```", (ROOT / "docs" / "serve.md").read_text("utf-8"), re.DOTALL)
    assert found is not None
    return found[1]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    needs("openssl")
    folder = tmp_path_factory.mktemp("tls")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={NAME}"),
            *("-addext", f"subjectAltName=DNS:{NAME}", "-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    return certificate, key


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServeProcess]:
    server = ServeProcess(tmp_path_factory.mktemp("home"), "--name", NAME)
    yield server
    assert server.close() == 0


def caddy(folder: Path, port: int, behind: str, certificate: tuple[Path, Path]) -> list[str]:
    needs("caddy")
    own = f"{{\n\tadmin off\n\tauto_https disable_redirects\n\tstorage file_system {folder}\n}}\n"
    site = block("caddy").replace(f"{NAME} {{", f"https://{NAME}:{port} {{\n\ttls {certificate[0]} {certificate[1]}")
    (folder / "Caddyfile").write_text(own + site.replace("127.0.0.1:8000", behind))
    return ["caddy", "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]


def nginx(folder: Path, port: int, behind: str, certificate: tuple[Path, Path]) -> list[str]:
    needs("nginx")
    site = block("nginx").replace("listen 443 ssl", f"listen 127.0.0.1:{port} ssl").replace("127.0.0.1:8000", behind)
    site = re.sub(r"ssl_certificate \S+;", f"ssl_certificate {certificate[0]};", site)
    site = re.sub(r"ssl_certificate_key \S+;", f"ssl_certificate_key {certificate[1]};", site)
    places = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (folder / "nginx.conf").write_text(
        f"daemon off;\nmaster_process off;\npid {folder}/pid;\nevents {{}}\nhttp {{\n{places}\n{site}\n}}\n"
    )
    return ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]


@pytest.mark.parametrize("proxy", [caddy, nginx])
def test_the_page_and_its_microphone_work_behind_a_proxy(
    proxy: object, server: ServeProcess, certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    assert callable(proxy)
    port = free_port()
    behind = re.search(r"127\.0\.0\.1:\d+", server.url)
    token = re.search(r"\?token=(\S+)", server.said)
    assert behind is not None
    assert token is not None
    command = proxy(tmp_path, port, behind[0], certificate)
    process = subprocess.Popen(
        command, cwd=tmp_path, env={"PATH": "/usr/sbin:/usr/bin:/bin", "HOME": str(tmp_path)}, stderr=subprocess.DEVNULL
    )
    try:
        wait_until(lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0, what="the proxy")
        flags = ("--ignore-certificate-errors", f"--host-resolver-rules=MAP {NAME} 127.0.0.1")
        with chromium(tmp_path, flags=flags) as browser:
            context = browser.new_context()
            url = f"https://{NAME}:{port}"
            context.grant_permissions(["microphone"], origin=url)
            refused = context.new_page()
            assert refused.goto(url).status == 403
            game = GamePage(context, f"{url}/?token={token[1]}")
            assert game.page.url == f"{url}/", "the token is off the address"
            game.wait_for_screen("Sketch")
            game.page.click("#microphone")
            game.wait_for_status("The microphone is on")
            game.begin_sketch()
            game.press("right", "up")
            game.wait_for_screen("2 strokes")
            # The cookie is enough from here on, and is for https alone.
            game.page.reload()
            game.wait_for_status("continues where you left it")
            (cookie,) = context.cookies()
            assert (cookie["httpOnly"], cookie["secure"], cookie["sameSite"]) == (True, True, "Strict")
            # A page of another site that has the address cannot open the game's socket, with the cookie or without.
            elsewhere = context.new_page()
            elsewhere.goto("data:text/html,<p>another site")
            closed = elsewhere.evaluate(
                OPENS,
                f"wss://{NAME}:{port}/terminal",
            )
            assert closed == "closed"
            assert not game.problems
    finally:
        process.terminate()
        process.wait(10)
