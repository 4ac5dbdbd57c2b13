"""The aiohttp transport against real servers on loopback that refuse, hang, break off or answer garbage."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from connector.crm import wire
from connector.crm.errors import InDoubtError, NotSentError
from connector.crm.transport import AiohttpTransport

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

NOTE = wire.add_note("c1", "hello")
FIND = wire.find_contact("loc", "+14155550123")
SHORT_S = 0.2


@contextlib.asynccontextmanager
async def raw_server(handler: Handler) -> AsyncIterator[str]:
    """A TCP server that does what the handler does with each connection; gives its base URL."""
    served: list[asyncio.Future[None]] = []

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.append(asyncio.ensure_future(serve(reader, writer)))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await handler(reader, writer)
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    async with await asyncio.start_server(accept, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        await asyncio.gather(*served)


@contextlib.asynccontextmanager
async def http_server(handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> AsyncIterator[str]:
    """An aiohttp server with one handler for everything; gives its base URL."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@contextlib.asynccontextmanager
async def transport(
    base_url: str, *, timeout_s: float = 5.0, connections: int = 10, largest_answer: int = 1000
) -> AsyncIterator[AiohttpTransport]:
    made = AiohttpTransport(base_url, timeout_s=timeout_s, connections=connections, largest_answer=largest_answer)
    yield made
    await made.close()


def replying(answer: bytes) -> Handler:
    """Read the whole request, write these bytes, close."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)

    return handle


def hanging(answer: bytes = b"") -> Handler:
    """Read the request, write these bytes, then hold the connection until the client gives up."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await reader.read()

    return handle


async def echo(request: web.Request) -> web.Response:
    """Tell in the answer what came in."""
    return web.json_response(
        {
            "method": request.method,
            "target": request.raw_path,
            "body": await request.text(),
            "headers": {name.lower(): value for name, value in request.headers.items()},
        },
        status=201,
    )


async def test_sends_the_request_as_it_is() -> None:
    async with http_server(echo) as url, transport(url) as sender:
        answer = await sender.send(FIND, token="tok")
    assert b'"target": "/contacts/search/duplicate?locationId=loc&number=%2B14155550123"' in answer.body


async def test_sends_body_token_and_version() -> None:
    async with http_server(echo) as url, transport(url) as sender:
        answer = await sender.send(NOTE, token="tok")
    assert answer.status == 201
    for part in (b'"authorization": "Bearer tok"', b'"version": "2021-07-28"', rb"{\"body\":\"hello\"}"):
        assert part in answer.body


async def test_a_delete_carries_its_body() -> None:
    async with http_server(echo) as url, transport(url) as sender:
        answer = await sender.send(wire.remove_tags("c1", ["x"]), token="tok")
    assert rb"{\"tags\":[\"x\"]}" in answer.body


async def test_headers_are_found_by_lower_case_names() -> None:
    async def limited(_request: web.Request) -> web.Response:
        return web.Response(headers={"X-RateLimit-Max": "100"})

    async with http_server(limited) as url, transport(url) as sender:
        assert (await sender.send(FIND, token="tok")).headers["x-ratelimit-max"] == "100"


@pytest.mark.parametrize("status", [301, 400, 401, 429, 500, 503])
async def test_every_status_is_an_answer(status: int) -> None:
    async def handler(_request: web.Request) -> web.Response:
        return web.Response(status=status, headers={"Location": "/elsewhere"})

    async with http_server(handler) as url, transport(url) as sender:
        assert (await sender.send(FIND, token="tok")).status == status


async def test_a_connection_is_used_again() -> None:
    peers = set()

    async def handler(request: web.Request) -> web.Response:
        assert request.transport is not None
        peers.add(request.transport.get_extra_info("peername"))
        return web.Response()

    async with http_server(handler) as url, transport(url) as sender:
        for _ in range(5):
            await sender.send(NOTE, token="tok")
    assert len(peers) == 1


async def test_cookies_of_one_sub_account_do_not_reach_another() -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(headers={"Set-Cookie": "who=a"}, text=request.headers.get("Cookie", "none"))

    async with http_server(handler) as url, transport(url) as sender:
        await sender.send(FIND, token="a")
        assert (await sender.send(FIND, token="b")).body == b"none"


async def test_a_refused_connection_is_not_sent() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound and not listening: nobody else gets this port, and it refuses
        async with transport(f"http://127.0.0.1:{unused.getsockname()[1]}") as sender:
            with pytest.raises(NotSentError, match="ClientConnectorError"):
                await sender.send(NOTE, token="tok")


async def test_a_failed_tls_handshake_is_not_sent() -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"this is no TLS")

    async with raw_server(handle) as url, transport(url.replace("http://", "https://")) as sender:
        with pytest.raises(NotSentError, match="SSLError"):
            await sender.send(NOTE, token="tok")


async def test_an_address_that_is_none_is_not_sent() -> None:
    async with transport("http://") as sender:
        with pytest.raises(NotSentError):
            await sender.send(NOTE, token="tok")


async def test_waiting_too_long_for_a_connection_is_not_sent() -> None:
    async with raw_server(hanging()) as url, transport(url, timeout_s=SHORT_S, connections=1) as sender:
        first, second = await asyncio.gather(
            sender.send(NOTE, token="tok"), sender.send(NOTE, token="tok"), return_exceptions=True
        )
    assert (type(first), type(second)) == (InDoubtError, NotSentError)


async def test_no_answer_in_time_is_in_doubt() -> None:
    async with raw_server(hanging()) as url, transport(url, timeout_s=SHORT_S) as sender:
        with pytest.raises(InDoubtError, match="TimeoutError"):
            await sender.send(NOTE, token="tok")


async def test_an_answer_that_does_not_end_in_time_is_in_doubt() -> None:
    begun = b'HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{"note":'
    async with raw_server(hanging(begun)) as url, transport(url, timeout_s=SHORT_S) as sender:
        with pytest.raises(InDoubtError):
            await sender.send(NOTE, token="tok")


async def test_a_slow_answer_that_comes_in_time_is_an_answer() -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}":
            writer.write(bytes([byte]))
            await writer.drain()

    async with raw_server(handle) as url, transport(url) as sender:
        assert (await sender.send(FIND, token="tok")).body == b"{}"


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"garbage\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + b"x" * 2000,
    ],
    ids=["closed", "no HTTP", "broken off", "bad chunk", "bad gzip", "too large"],
)
async def test_an_answer_that_cannot_be_read_is_in_doubt(answer: bytes) -> None:
    async with raw_server(replying(answer)) as url, transport(url) as sender:
        with pytest.raises(InDoubtError):
            await sender.send(NOTE, token="tok")


async def test_no_error_tells_the_number_or_the_token() -> None:
    async with raw_server(replying(b"garbage\r\n\r\n")) as url, transport(url) as sender:
        with pytest.raises(InDoubtError) as caught:
            await sender.send(FIND, token="tok-secret")
    assert "4155550123" not in str(caught.value)
    assert "tok-secret" not in str(caught.value)
