"""The pages in the CRM's frame: what they may load, who gets in, what a session opens."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from pydantic import SecretStr, ValidationError

from connector.pages import app
from connector.pages.make import is_safe
from connector.settings import Settings
from oauth.standing import Kind, Standing
from tests.connector.door import SECRET
from tests.connector.pages.office import Office, open_office
from tests.frame import payload

SHELLS = ["/app", "/app/wrapup"]


def directives(csp: str) -> dict[str, str]:
    return dict(part.strip().partition(" ")[::2] for part in csp.split(";"))


@pytest.mark.parametrize("path", SHELLS)
async def test_a_page_may_run_our_own_scripts_only_and_no_text_becomes_one(office: Office, path: str) -> None:
    csp = directives((await office.ask(path)).headers["Content-Security-Policy"])
    wanted = {"default-src": "'none'", "script-src": "'self'", "connect-src": "'self'", "style-src": "'self'"}
    wanted |= {"base-uri": "'none'", "form-action": "'none'", "require-trusted-types-for": "'script'"}
    assert {name: csp.get(name) for name in wanted} == wanted


@pytest.mark.parametrize("path", SHELLS)
async def test_a_page_can_be_framed_by_any_white_label_host_of_the_crm(office: Office, path: str) -> None:
    answer = await office.ask(path)
    assert directives(answer.headers["Content-Security-Policy"])["frame-ancestors"] == "https:"
    assert "X-Frame-Options" not in answer.headers


async def test_a_page_can_be_framed_by_named_hosts_only(tmp_path: Path) -> None:
    hosts = ("https://app.example.com", "https://*.example.org")
    async with open_office(tmp_path, frame_hosts=hosts) as office:
        csp = directives((await office.ask("/app")).headers["Content-Security-Policy"])
    assert csp["frame-ancestors"] == " ".join(hosts)


@pytest.mark.parametrize("host", ["example.com", "https://a.example; script-src *", "https://a b", "javascript:x", "*"])
def test_what_is_no_host_is_refused(host: str) -> None:
    with pytest.raises(ValidationError, match="is no host"):
        Settings(frame_hosts=(host,))


@pytest.mark.parametrize("path", SHELLS)
async def test_a_page_itself_holds_nothing_of_anybody(office: Office, path: str) -> None:
    answer = await office.ask(path, token=await office.token())
    assert (answer.status, answer.headers["Cache-Control"], "user1" in answer.body) == (200, "no-store", False)


@pytest.mark.parametrize("path", SHELLS)
async def test_a_page_says_so_where_nobody_can_sign_in(tmp_path: Path, path: str) -> None:
    async with open_office(tmp_path, sso_secret=None) as office:
        text = (await office.ask(path)).body
    assert ("RINGBACK_SSO_SECRET" in text, "<script" in text) == (True, False)


@pytest.mark.parametrize("path", SHELLS)
async def test_all_that_a_page_loads_is_ours_and_there(office: Office, path: str) -> None:
    text = (await office.ask(path)).body
    loaded = [part.split('"')[0] for part in text.replace('src="', 'href="').split('href="')[1:]]
    ours = [link for link in loaded if link.startswith("/app/static/")]
    assert [(await office.ask(link)).status for link in ours] == [200] * len(ours)
    assert [link for link in loaded if not link.startswith("/")] == ["data:,"]


def modules() -> list[str]:
    return sorted(path.name for path in (Path(app.__file__).parent / "static").glob("*.js"))


@pytest.mark.parametrize("name", modules())
async def test_a_module_imports_its_neighbours_only_and_makes_no_markup_from_text(office: Office, name: str) -> None:
    answer = await office.ask(f"/app/static/{name}")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/javascript; charset=utf-8")
    imported = [line.rpartition(" from ")[2].strip('";') for line in answer.body.splitlines() if " from " in line]
    assert {one.removeprefix("./") for one in imported if one.startswith("./")} <= set(modules())
    assert [
        word for word in ("innerHTML", "eval(", "document.write", "http://", "https://") if word in answer.body
    ] == []


async def test_a_module_that_did_not_change_is_not_sent_again(office: Office) -> None:
    first = await office.ask("/app/static/session.js")
    async with office.door.client.get(
        "/app/static/session.js", headers={"If-None-Match": first.headers["ETag"]}
    ) as again:
        assert (again.status, await again.read()) == (304, b"")


@pytest.mark.parametrize("name", ["none.js", "app.py", "..%2frender.py", "%2e%2e/render.py"])
async def test_nothing_else_is_served(office: Office, name: str) -> None:
    assert (await office.ask(f"/app/static/{name}")).status == 404


async def test_whoever_signs_in_is_told_who_they_are_and_what_there_is_to_choose(office: Office) -> None:
    body = (await office.sign_in()).body
    shown = {name: body[name] for name in ("user", "name", "role", "location", "company")}
    assert shown == {"user": "user1", "name": "Ada Example", "role": "agent", "location": "LOC", "company": "AG"}
    assert (body["desk"]["dispositions"][0], body["desk"]["workflows"]) == ("Connected", ["no_answer"])


@pytest.mark.parametrize(
    ("standing", "words"), [(Standing.NEEDS_RECONNECT, "connected again"), (Standing.PAUSED, "not active")]
)
async def test_a_connection_that_is_not_well_is_said(office: Office, standing: Standing, words: str) -> None:
    assert (await office.sign_in()).body["desk"]["trouble"] is None
    await office.connect("NEXT", "AG")
    await office.grant(Kind.LOCATION, "NEXT", "AG", standing)
    assert words in (await office.sign_in(activeLocation="NEXT")).body["desk"]["trouble"]


async def test_dispositions_are_called_what_they_are_called_there(office: Office) -> None:
    await office.connect("NEXT", "AG", dispositions={"No Answer": "Not reached"})
    desk = (await office.sign_in(activeLocation="NEXT")).body["desk"]
    assert ("Not reached" in desk["dispositions"], "No Answer" in desk["dispositions"]) == (True, False)


async def test_an_answer_with_a_session_is_kept_by_no_cache_and_sets_no_cookie(office: Office) -> None:
    headers = (await office.sign_in()).headers
    assert (headers["Cache-Control"], "Set-Cookie" in headers) == ("no-store", False)


@pytest.mark.parametrize("body", [{}, {"payload": 1}, {"payload": None}, [], "x"], ids=repr)
async def test_a_body_without_a_payload_is_refused(office: Office, body: Any) -> None:
    assert (await office.ask("/app/session", method="POST", body=body)).status == 400


async def test_a_form_of_another_site_opens_nothing(office: Office) -> None:
    """A plain form can be posted across sites; JSON cannot without our leave."""
    data = f'{{"payload": "{payload()}"}}'
    headers = {"Content-Type": "text/plain"}
    async with office.door.client.post("/app/session", data=data, headers=headers) as answer:
        assert (answer.status, "Access-Control-Allow-Origin" in answer.headers) == (415, False)


async def test_a_body_of_any_size_is_refused(office: Office) -> None:
    assert (await office.ask("/app/session", method="POST", body={"payload": "x" * 20_000})).status == 413


async def test_the_crms_word_counts_once(office: Office) -> None:
    body = {"payload": payload()}
    statuses = [(await office.ask("/app/session", method="POST", body=body)).status for _ in range(2)]
    assert statuses == [200, 401]


async def test_a_session_asks_the_api_in_its_holders_name(office: Office) -> None:
    await office.call()
    path = "/api/v1/locations/LOC/calls/call-1/wrapup"
    told_back = await office.ask(path, token=await office.token(), method="POST", body={"disposition": "Busy"})
    assert (told_back.status, told_back.body["wrapup"]["disposition"]) == (202, "Busy")


async def test_an_agents_session_reads_no_configuration(office: Office) -> None:
    assert (await office.ask("/api/v1/locations/LOC", token=await office.token())).status == 403
    assert (await office.ask("/api/v1/locations/LOC", token=await office.token(role="admin"))).status == 200


async def test_what_an_admin_changes_is_in_the_history_under_their_name(office: Office) -> None:
    token = await office.token(role="admin")
    async with office.door.client.patch(
        "/api/v1/locations/LOC", json={"country": "US"}, headers={"Authorization": f"Bearer {token}"}
    ) as answer:
        assert answer.status == 200
    changes = (await office.ask("/api/v1/locations/LOC/history", token=token)).body["changes"]
    assert changes[0]["who"] == "user:user1"


async def test_an_agencys_admin_sees_its_sub_accounts(office: Office) -> None:
    await office.assign()
    token = await office.token(type="agency", role="admin", activeLocation="")
    rows = (await office.ask("/api/v1/locations", token=token)).body["locations"]
    assert [row["location"] for row in rows] == ["LOC", "NEXT"]
    assert (await office.ticket(token, "NEXT")).status == 200
    assert (await office.ticket(token)).status == 400


async def test_an_agent_is_shown_no_trunk_secret(office: Office) -> None:
    for user in ({}, {"type": "agency"}):
        told_back = await office.ask("/app/connection", token=await office.token(**user), method="POST", body={})
        assert (told_back.status, SECRET in str(told_back.body)) == (403, False)


APP: dict[str, Any] = {"client_id": "app-1", "client_secret": SecretStr("the app's")}


async def test_an_admin_is_shown_the_trunks_address_and_secret(tmp_path: Path) -> None:
    async with open_office(tmp_path, **APP) as office:
        token = await office.token(role="admin")
        shown = (await office.ask("/app/connection", token=token, method="POST", body={})).body
    assert shown == {"location": "LOC", "url": "https://calls.example.com/hooks/LOC/generic", "secret": SECRET}


async def test_where_installing_is_not_set_up_there_is_nothing_to_show(office: Office) -> None:
    token = await office.token(role="admin")
    assert (await office.ask("/app/connection", token=token, method="POST", body={})).status == 503


@pytest.mark.parametrize("path", ["/app/ticket", "/app/connection"])
@pytest.mark.parametrize("token", [None, "operator-key", "rbs_x"])
async def test_nobody_asks_without_a_session(tmp_path: Path, path: str, token: str | None) -> None:
    async with open_office(tmp_path, api_key=SecretStr("operator-key"), **APP) as office:
        assert (await office.ask(path, token=token, method="POST", body={"location": "LOC"})).status == 401


async def test_no_stream_without_a_ticket(office: Office) -> None:
    token = await office.token()
    assert (await office.ask("/app/events", token=token)).status == 401
    assert (await office.ask(f"/app/events?ticket={token}")).status == 401


async def test_a_ticket_opens_one_stream(office: Office) -> None:
    async with office.listening() as stream:
        ticket = stream.answer.url.query["ticket"]
        assert (await office.ask("/app/events?ticket=" + quote(ticket))).status == 401


@pytest.mark.parametrize(("address", "safe"), [("https://a.example", True), ("http://a.example", False)])
def test_people_sign_in_over_tls(address: str, *, safe: bool) -> None:
    assert is_safe(address) is safe


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost", "[::1]:80"])
def test_on_one_machine_nobody_reads_along(host: str) -> None:
    assert is_safe(f"http://{host}")
