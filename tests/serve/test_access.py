"""Who gets an answer, and who does not."""

from __future__ import annotations

import asyncio
import time

import aiohttp
import pytest

from tests.serve.conftest import HELLO, Running, output_until, serving
from voicetrail.serve.app import FILES
from voicetrail.serve.guard import Access, host_is_known, origin_is_own


async def raw(running: Running, request: bytes, seconds: float = 5) -> bytes:
    """Send bytes as no browser would; return all that comes back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
    writer.write(request)
    async with asyncio.timeout(seconds):
        answer = await reader.read()
    writer.close()
    return answer


async def test_the_page_and_all_its_files_come_from_this_server(running: Running) -> None:
    async with running.client.get(running.url) as response:
        text = await response.text()
        policy = response.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-eval" not in policy
    assert "://" not in text, "nothing is loaded from another server"
    for name in FILES:
        async with running.client.get(f"{running.url}/static/{name}") as response:
            assert response.status == 200
            assert response.headers["X-Content-Type-Options"] == "nosniff"


async def test_a_file_that_the_browser_has_is_not_sent_again(running: Running) -> None:
    async with running.client.get(f"{running.url}/static/page.js") as response:
        tag = response.headers["ETag"]
    async with running.client.get(f"{running.url}/static/page.js", headers={"If-None-Match": tag}) as response:
        assert response.status == 304


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2fapp.py",
        "/static/%252e%252e/app.py",
        "/static//etc/passwd",
        "/static/xterm/..\\..\\app.py",
        "/static/index.html",
        "/static/texts.json",
        "/static/",
        "/static/page.js%00.css",
        "//etc/passwd",
        "/../../etc/passwd",
    ],
)
async def test_no_path_leads_to_another_file(running: Running, path: str) -> None:
    answer = await raw(running, f"GET {path} HTTP/1.1\r\nHost: localhost:{running.port}\r\nConnection: close\r\n\r\n".encode())
    assert answer.split(b" ")[1] in (b"400", b"404")
    assert b"root:" not in answer
    assert b"import" not in answer


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "", "a@127.0.0.1", "[::1", "ⅼocalhost"]
)
async def test_a_name_that_is_not_this_servers_is_refused(running: Running, host: str) -> None:
    answer = await raw(running, f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    assert answer.split(b" ")[1] in (b"421", b"400")
    assert b"page.js" not in answer


@pytest.mark.parametrize("path", ["terminal", "microphone"])
@pytest.mark.parametrize(
    "origin",
    [
        None,
        "null",
        "http://evil.example",
        "http://127.0.0.1",
        "http://127.0.0.1:1",
        "file://",
        "https://127.0.0.1:{port}.evil.example",
        "ws://127.0.0.1:{port}",
    ],
)
async def test_a_socket_of_another_page_is_refused(running: Running, path: str, origin: str | None) -> None:
    headers = {} if origin is None else {"Origin": origin.format(port=running.port)}
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await running.client.ws_connect(f"{running.url}/{path}", headers=headers)
    assert refused.value.status == 403
    assert not running.page_games.all


async def test_other_methods_are_refused(running: Running) -> None:
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "HEAD", "TRACE"):
        async with running.client.request(method, running.url) as response:
            assert response.status == 405


async def test_a_page_with_a_token_is_for_those_who_have_it() -> None:
    async with serving(token="right-token-of-32-characters-000") as running:
        for url in (running.url, f"{running.url}/?token=wrong", f"{running.url}/?token=", f"{running.url}/static/page.js"):
            async with running.client.get(url) as response:
                assert response.status == 403
                assert "right-token" not in await response.text()
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await running.socket("terminal")
        async with running.client.get(f"{running.url}/?token=right-token-of-32-characters-000") as response:
            assert response.status == 200
            cookie = response.headers["Set-Cookie"]
            assert "right-token" not in await response.text()
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        # From here on the cookie is enough, for the page, its files and its sockets.
        async with running.client.get(f"{running.url}/static/page.js") as response:
            assert response.status == 200
        _, first = await running.terminal()
        assert first["type"] == "game"


async def test_a_cookie_does_not_admit_a_page_of_another_site() -> None:
    async with serving(token="right-token-of-32-characters-000") as running:
        async with running.client.get(f"{running.url}/?token=right-token-of-32-characters-000"):
            pass
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await running.client.ws_connect(f"{running.url}/terminal", headers={"Origin": "http://evil.example"})


def test_which_hosts_are_known() -> None:
    local = Access(8000)
    assert all(host_is_known(host, local) for host in ("localhost:8000", "127.0.0.1:8000", "[::1]:8000", "LOCALHOST"))
    assert not any(
        host_is_known(host, local) for host in ("192.168.1.5:8000", "example.org", "localhost.evil.org", "127.0.0.1/x", "a b")
    )
    named = Access(8000, frozenset({"play.example.org"}), "token")
    assert host_is_known("play.example.org", named)
    assert host_is_known("PLAY.example.org:443", named)
    assert not host_is_known("192.168.1.5:8000", named)
    bound = Access(8000, token="token", any_address=True)
    assert host_is_known("192.168.1.5:8000", bound)
    assert not host_is_known("rebound.evil.org:8000", bound)


def test_which_origins_are_this_servers() -> None:
    assert origin_is_own("http://localhost:8000", "localhost:8000")
    assert origin_is_own("https://play.example.org", "play.example.org")
    assert origin_is_own("https://play.example.org:443", "play.example.org")
    assert not origin_is_own("https://play.example.org", "play.example.org:8000")
    assert not origin_is_own("http://localhost:8001", "localhost:8000")
    assert not origin_is_own("null", "null")
    assert not origin_is_own("javascript://localhost:8000", "localhost:8000")


async def test_a_connection_that_says_nothing_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving() as running:
        running.server.connections.head_time_s = 0.3
        began = time.monotonic()
        silent, half = await asyncio.gather(raw(running, b""), raw(running, b"GET / HTTP/1.1\r\nHost: localhost\r\nX: "))
        assert silent == half == b""
        assert 0.2 < time.monotonic() - began < 8


async def test_connections_beyond_the_limit_are_closed_and_the_others_go_on() -> None:
    async with serving() as running:
        socket, _ = await running.terminal()
        running.server.connections.most = 5
        held = [await asyncio.open_connection("127.0.0.1", running.port) for _ in range(30)]
        await asyncio.sleep(0.3)
        assert len(running.server.connections) <= 6
        await socket.send_bytes(b"still here\r")
        await output_until(socket, b"still here")
        for _, writer in held:
            writer.close()


async def test_a_socket_without_a_first_message_is_closed(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voicetrail.serve.terminal.HELLO_TIME_S", 0.2)
    monkeypatch.setattr("voicetrail.serve.sound.HELLO_TIME_S", 0.2)
    for path in ("terminal", "microphone"):
        socket = await running.socket(path)
        message = await socket.receive(timeout=5)
        assert message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)
    assert not running.page_games.all


@pytest.mark.parametrize(
    "hello",
    [
        {},
        {**HELLO, "columns": -1},
        {**HELLO, "rows": "24"},
        {**HELLO, "columns": 1e9},
        {**HELLO, "key": "x" * 1000},
        {**HELLO, "key": 5},
    ],
)
async def test_an_invalid_hello_starts_no_game(running: Running, hello: dict[str, object]) -> None:
    socket = await running.socket("terminal")
    await socket.send_json(hello)
    message = await socket.receive(timeout=5)
    assert message.type is aiohttp.WSMsgType.CLOSE
    assert message.data == 1008
    assert not running.page_games.all


async def test_another_user_of_this_machine_gets_nothing(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voicetrail.link.owner.is_trusted", lambda owner: owner == 12_345)
    async with running.client.get(running.url) as response:
        assert response.status == 403
        assert "--token" in await response.text()
    for path in ("terminal", "microphone"):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await running.socket(path)
        assert refused.value.status == 403
    assert not running.page_games.all
