"""Notifications: signed as Standard Webhooks are, to the public internet only, and nobody waits for their receiver."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from aiohttp import web
from cryptography.fernet import Fernet

from connector.crm.errors import NotDeliveredError, RefusedError
from connector.locations import StoredSecrets
from connector.notify import ForbiddenAddressError, Notify, must_be_public
from connector.notify_secret import SECRET
from connector.own import AGAIN_S
from connector.store import State
from mappings.payload.request import Credentials, Request, UnverifiedError
from mappings.payload.standard_webhooks import verify
from oauth.keeper import TOKEN
from oauth.vault import Vault, place
from tests.connector.shift import Shift, book, on_shift
from tests.connector.stage import LOC, NOON, OTHER, Clock
from tests.connector.store.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@dataclass
class Receiver:
    """Whoever is notified: keeps what comes and answers what it is told to, 200 if nothing."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    got: list[Request] = field(default_factory=list)
    redirected: int = 0
    meanwhile: Callable[[], Awaitable[None]] | None = None
    """What happens while it answers."""

    async def take(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        body = await request.read()
        self.got.append(Request("POST", str(request.url), headers, body, received_ms=NOON))
        if self.meanwhile is not None:
            await self.meanwhile()
        status = self.answers.pop(0) if self.answers else 200
        return web.Response(status=status, headers={"Location": "/elsewhere"} if status // 100 == 3 else {})

    async def elsewhere(self, _request: web.Request) -> web.Response:
        self.redirected += 1
        return web.Response()

    @property
    def ids(self) -> list[str]:
        return [request.headers["webhook-id"] for request in self.got]


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.add_routes([web.post("/hook", receiver.take), web.route("*", "/elsewhere", receiver.elsewhere)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    receiver.url = f"http://{host}:{port}/hook"
    try:
        yield receiver
    finally:
        await runner.cleanup()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made


@pytest.fixture
async def shift(tmp_path: Path, receiver: Receiver) -> AsyncIterator[Shift]:
    async with on_shift(tmp_path) as made:
        await made.met()
        await plan(made, receiver.url)
        yield made


async def plan(shift: Shift, url: str, *, secret: str = WHSEC, name: str = "Tell them", **step: Any) -> None:
    steps = [{"kind": "notify", "url": url, **step}, {"kind": "note"}, {"kind": "add_tags", "tags": ["told"]}]
    rules = book({"name": name, "do": steps})
    await shift.stage.register(LOC, notify_secret=secret, book=rules)


def proven(request: Request, secret: str = WHSEC) -> None:
    verify(request, Credentials(secrets=(secret,)))


async def test_what_is_posted_is_the_call_and_why(shift: Shift, receiver: Receiver) -> None:
    call = await shift.call(60)
    (request,) = receiver.got
    told = orjson.loads(request.body)
    assert (told["call"]["call_id"], told["disposition"], told["rule"]) == (call, "Connected", "Tell them")
    assert request.headers["content-type"] == "application/json"


async def test_it_is_signed_as_standard_webhooks_are(shift: Shift, receiver: Receiver) -> None:
    await shift.call(60)
    proven(receiver.got[0])


async def test_another_secret_does_not_prove_it(shift: Shift, receiver: Receiver) -> None:
    await shift.call(60)
    with pytest.raises(UnverifiedError):
        proven(receiver.got[0], "whsec_c29tZXRoaW5nIGVsc2UgZW50aXJlbHk=")


async def test_a_changed_body_is_not_proven(shift: Shift, receiver: Receiver) -> None:
    await shift.call(60)
    request = receiver.got[0]
    with pytest.raises(UnverifiedError):
        proven(Request("POST", request.url, request.headers, request.body + b" ", received_ms=NOON))


@pytest.mark.parametrize("secret", ["whsec_c2hvcnQ", "any words will do, if long enough!", "abcde"])
async def test_a_secret_that_is_no_base64_is_taken_as_it_is(shift: Shift, receiver: Receiver, secret: str) -> None:
    await plan(shift, receiver.url, secret=secret)
    await shift.call(60)
    proven(receiver.got[0], secret)


async def test_a_rules_name_in_any_script_spoils_no_header(shift: Shift, receiver: Receiver) -> None:
    await plan(shift, receiver.url, name="Rückruf ~5. – 重要")
    await shift.call(60)
    proven(receiver.got[0])
    assert receiver.ids[0].isascii()


async def test_two_calls_have_ids_of_their_own(shift: Shift, receiver: Receiver) -> None:
    await shift.call(60)
    await shift.call(60)
    assert len(set(receiver.ids)) == 2


async def test_no_redirect_is_followed(shift: Shift, receiver: Receiver) -> None:
    receiver.answers = [307]
    call = await shift.call(60)
    assert (len(receiver.got), receiver.redirected) == (1, 0)
    assert "the receiver answered 307" in ((await shift.end(call)).reason or "")


async def test_a_receiver_that_is_down_holds_up_nothing_of_the_contact(shift: Shift, receiver: Receiver) -> None:
    receiver.answers = [503, 503]
    first, second = await shift.call(60), await shift.call(60)
    assert [(await shift.end(call)).state for call in (first, second)] == [State.DONE, State.DONE]
    assert (len(shift.stage.notes(second)), "told" in shift.tags) == (1, True)


async def test_a_receiver_nobody_can_connect_to_holds_up_nothing_either(shift: Shift) -> None:
    await plan(shift, "http://127.0.0.1:1/hook")
    call = await shift.call(60)
    assert (await shift.end(call)).state is State.DONE
    assert [timer.key for timer in await shift.timers()] == ["notify:Tell them#1~1"]


async def test_it_is_tried_again_when_the_timer_says_with_the_same_id(shift: Shift, receiver: Receiver) -> None:
    receiver.answers = [503]
    await shift.call(60)
    await shift.pass_s(AGAIN_S[0] - 0.001)
    assert len(receiver.got) == 1
    await shift.pass_s(0.001)
    assert len(receiver.got) == 2
    assert len(set(receiver.ids)) == 1
    assert await shift.timers() == []


async def test_a_rule_whose_name_looks_like_a_try_is_tried_again_too(shift: Shift, receiver: Receiver) -> None:
    await plan(shift, receiver.url, name="A~1")
    receiver.answers = [503]
    await shift.call(60)
    await shift.pass_s(AGAIN_S[0])
    assert len(receiver.got) == 2


async def test_out_of_tries_it_is_parked_with_the_reason_and_can_be_replayed(shift: Shift, receiver: Receiver) -> None:
    receiver.answers = [503] * 7
    call = await shift.call(60)
    for wait_s in AGAIN_S:
        await shift.pass_s(wait_s)
    assert (len(receiver.got), await shift.timers()) == (7, [])
    row = (await shift.rows(call, "timer:"))[-1]
    assert row.state is State.PARKED
    assert "not taken in 7 tries: the receiver answered 503" in (row.reason or "")
    assert await shift.database.replay(row.id, now_ms=shift.stage.clock())
    await shift.stage.work()
    assert (len(receiver.got), len(set(receiver.ids))) == (8, 1)


async def test_its_tries_survive_a_restart(tmp_path: Path, receiver: Receiver) -> None:
    clock = Clock()
    receiver.answers = [503]
    async with on_shift(tmp_path, clock=clock) as shift:
        await plan(shift, receiver.url)
        await shift.call(60)
    clock.pass_s(AGAIN_S[0])
    async with on_shift(tmp_path, clock=clock) as shift:
        await plan(shift, receiver.url)
        await shift.stage.work()
    assert (len(receiver.got), len(set(receiver.ids))) == (2, 1)


async def test_what_was_put_off_is_written_down_before_the_next_step(shift: Shift, receiver: Receiver) -> None:
    """The token goes between the notification and the task: that try ends with the task."""

    async def lose_the_token() -> None:
        await shift.database.put_location(LOC, document=b"{}", secrets={TOKEN: None}, now_ms=NOON)
        shift.stage.keeper.forget_all()

    rules = book({"do": [{"kind": "notify", "url": receiver.url}, {"kind": "task", "title": "Call back"}]})
    await shift.stage.register(LOC, notify_secret=WHSEC, book=rules)
    receiver.answers, receiver.meanwhile = [503], lose_the_token
    call = await shift.call(60)
    assert (await shift.end(call)).state is State.WAITING
    assert [timer.key for timer in await shift.timers()] == ["notify:R0#1~1"]


async def test_what_the_agent_made_pointless_is_not_tried_again(shift: Shift, receiver: Receiver) -> None:
    rules = book({"when": {"wrapup": False}, "do": [{"kind": "notify", "url": receiver.url}]})
    await shift.stage.register(LOC, notify_secret=WHSEC, book=rules)
    receiver.answers = [503]
    call = await shift.call(60)
    await shift.wrap_up(call, "Interested")
    await shift.pass_s(AGAIN_S[0])
    assert len(receiver.got) == 1


async def test_one_that_is_wanted_later_is_posted_then(shift: Shift, receiver: Receiver) -> None:
    await plan(shift, receiver.url, after_s=600)
    await shift.call(60)
    await shift.pass_s(599.999)
    assert receiver.got == []
    await shift.pass_s(0.001)
    assert len(receiver.got) == 1


@pytest.mark.parametrize("status", [400, 401, 404, 410])
async def test_a_refusal_is_parked_at_once_and_alone(shift: Shift, receiver: Receiver, status: int) -> None:
    receiver.answers = [status]
    call = await shift.call(60)
    row = await shift.end(call)
    assert (row.state, len(shift.stage.notes(call)), await shift.timers()) == (State.PARKED, 1, [])
    assert f"the receiver answered {status}" in (row.reason or "")


async def test_without_a_secret_nothing_is_posted_and_the_reason_says_what_to_do(
    shift: Shift, receiver: Receiver
) -> None:
    await shift.database.put_location(LOC, document=b"{}", secrets={SECRET: None}, now_ms=NOON)
    await plan(shift, receiver.url, secret="")
    call = await shift.call(60)
    assert receiver.got == []
    assert "--notify-secret" in ((await shift.end(call)).reason or "")


async def test_a_neighbours_secret_signs_nothing_of_ours(shift: Shift, receiver: Receiver) -> None:
    await shift.database.put_location(LOC, document=b"{}", secrets={SECRET: None}, now_ms=NOON)
    await plan(shift, receiver.url, secret="")
    await shift.stage.register(OTHER, notify_secret=WHSEC)
    await shift.call(60)
    assert receiver.got == []


@asynccontextmanager
async def notifying(**options: Any) -> AsyncIterator[Notify]:
    store, vault = MemoryStore(), Vault([Fernet.generate_key().decode()])
    sealed = vault.seal(WHSEC, bound_to=place(LOC, SECRET))
    await store.put_location(LOC, document=b"{}", secrets={SECRET: sealed}, now_ms=NOON)
    notify = Notify(StoredSecrets(store), vault, lambda: NOON, **options)
    try:
        yield notify
    finally:
        await notify.close()


INSIDE = [
    "10.0.0.1",
    "127.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",  # the clouds' metadata
    "100.64.0.1",
    "0.0.0.0",  # noqa: S104 - to be refused
    "224.0.0.1",
    "255.255.255.255",
    "[::1]",
    "[::]",
    "[fe80::1]",
    "[fd00:ec2::254]",  # metadata, too
    "[ff02::1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:169.254.169.254]",
    "[::127.0.0.1]",
    "[64:ff9b::10.0.0.1]",
    "[2002:7f00:1::]",
    "\u2460\u2461\u2466.0.0.1",  # digits in circles, which the client reads as 127
    "\uff11\uff12\uff17.0.0.1",
    "localhost",
    "0x7f000001",
    "2130706433",
    "127.1",
    "0177.0.0.1",
]


@pytest.mark.parametrize("host", INSIDE)
async def test_no_address_inside_a_network_is_posted_to_however_it_is_written(host: str) -> None:
    async with notifying() as notify:
        with pytest.raises(RefusedError):
            await notify.send(LOC, f"https://{host}:9/", {}, message_id="m1")


@pytest.mark.parametrize(
    "url", ["http://example.com/", "ftp://example.com/", "https://", "https://[::1", "file:///etc"]
)
async def test_only_https_addresses_are_posted_to(url: str) -> None:
    async with notifying() as notify:
        with pytest.raises(RefusedError):
            await notify.send(LOC, url, {}, message_id="m1")


@pytest.mark.parametrize("host", ["93.184.215.14", "2606:4700::1111", "::ffff:93.184.215.14", "64:ff9b::5db8:d70e"])
def test_addresses_of_the_public_internet_may_be_posted_to(host: str) -> None:
    must_be_public(host)


def test_a_zone_does_not_hide_a_link_local_address() -> None:
    with pytest.raises(ForbiddenAddressError):
        must_be_public("fe80::1%eth0")


async def test_a_receiver_that_does_not_answer_is_not_waited_for() -> None:
    over, left = asyncio.Event(), asyncio.Event()

    async def hang(_reader: object, writer: asyncio.StreamWriter) -> None:
        await over.wait()
        writer.close()
        left.set()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with notifying(private=True, timeout_s=0.1) as notify:
        with pytest.raises(NotDeliveredError):
            await notify.send(LOC, f"http://127.0.0.1:{port}/", {}, message_id="m1")
    over.set()
    await left.wait()
    server.close()
    await server.wait_closed()
