"""The client's contract with the CRM, verb by verb: what goes out, what each documented answer becomes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import httpx
import orjson
import pytest

from connector.crm import errors
from connector.crm.model import Contact
from connector.crm.wire import VERSIONS
from tests.connector.crm.conftest import TOKEN
from tests.connector.crm.contract import CONTACT, LOCATION, NUMBER, Verb
from tests.connector.crm.respx_transport import BASE_URL
from tests.connector.crm.verbs import VERBS

if TYPE_CHECKING:
    import respx

    from connector.crm.client import Crm

each_verb = pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)

Refusal: TypeAlias = tuple[int, dict[str, Any], type[errors.CrmError]]
REFUSALS: tuple[Refusal, ...] = (
    (400, {"statusCode": 400, "message": "bad value"}, errors.RefusedError),
    (401, {"statusCode": 401, "message": "Invalid JWT", "error": "Unauthorized"}, errors.UnauthorizedError),
    (401, {"statusCode": 401, "message": "The access token is invalid"}, errors.UnauthorizedError),
    (401, {"message": "The token is not authorized for this scope."}, errors.ScopeMissingError),
    (401, {"message": "version header was not found."}, errors.WrongVersionError),
    (401, {"message": "version header is invalid"}, errors.WrongVersionError),
    (403, {"message": "The token does not have access to this location."}, errors.WrongLocationError),
    (403, {"message": "Forbidden resource", "error": "Forbidden"}, errors.RefusedError),
    (404, {"message": "Cannot GET /contacts/x"}, errors.WrongVersionError),
    (422, {"message": ["property x should not exist", "y must be a string"]}, errors.RefusedError),
    (422, {"error": {"code": "INVALID", "message": "nested"}}, errors.RefusedError),
    (408, {}, errors.InDoubtError),
    (429, {"statusCode": 429, "message": "Too many"}, errors.ThrottledError),
    (500, {"message": "Internal server error"}, errors.InDoubtError),
    (502, {}, errors.InDoubtError),
    (503, {}, errors.InDoubtError),
    (302, {}, errors.InDoubtError),
)


def mock(router: respx.MockRouter, verb: Verb, status: int, **answer: Any) -> respx.Route:
    route = router.route(method=verb.method, path=verb.target.partition("?")[0])
    return route.mock(return_value=httpx.Response(status, **answer))


@each_verb
async def test_sends_what_the_api_asks_for(verb: Verb, router: respx.MockRouter, crm: Crm) -> None:
    route = mock(router, verb, verb.status, json=verb.answer)
    await verb.call(crm)
    sent = route.calls.last.request
    assert (sent.method, str(sent.url)) == (verb.method, BASE_URL + verb.target)
    assert (orjson.loads(sent.content) if sent.content else None) == verb.sent


@each_verb
async def test_carries_the_token_and_the_verbs_version(verb: Verb, router: respx.MockRouter, crm: Crm) -> None:
    route = mock(router, verb, verb.status, json=verb.answer)
    await verb.call(crm)
    headers = route.calls.last.request.headers
    assert (headers["authorization"], headers["version"]) == (f"Bearer {TOKEN}", VERSIONS[verb.name])


@each_verb
async def test_reads_a_good_answer(verb: Verb, router: respx.MockRouter, crm: Crm) -> None:
    mock(router, verb, verb.status, json={**verb.answer, "traceId": "t-1"})
    assert await verb.call(crm) == verb.means


@each_verb
@pytest.mark.parametrize("status", [200, 201, 202])
async def test_takes_any_2xx_for_a_yes(verb: Verb, status: int, router: respx.MockRouter, crm: Crm) -> None:
    mock(router, verb, status, json=verb.answer)
    assert await verb.call(crm) == verb.means


@each_verb
@pytest.mark.parametrize("refusal", REFUSALS)
async def test_tells_each_refusal_by_what_to_do_next(
    verb: Verb, refusal: Refusal, router: respx.MockRouter, crm: Crm
) -> None:
    status, answer, error = refusal
    mock(router, verb, status, json={**answer, "traceId": "t-1"})
    with pytest.raises(errors.CrmError) as caught:
        await verb.call(crm)
    assert (type(caught.value), caught.value.status, caught.value.trace_id) == (error, status, "t-1")


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb.of_contact], ids=lambda verb: verb.name)
async def test_tells_that_the_contact_is_gone(verb: Verb, router: respx.MockRouter, crm: Crm) -> None:
    mock(router, verb, 400, json={"statusCode": 400, "message": f"Contact with id {CONTACT} not found"})
    with pytest.raises(errors.ContactGoneError):
        await verb.call(crm)


@pytest.mark.parametrize(
    ("verb", "answer"),
    [(verb, answer) for verb in VERBS for answer in verb.needs],
    ids=lambda value: value.name if isinstance(value, Verb) else value,
)
async def test_a_yes_that_cannot_be_read_is_in_doubt(
    verb: Verb, answer: str, router: respx.MockRouter, crm: Crm
) -> None:
    mock(router, verb, verb.status, text=answer)
    with pytest.raises(errors.MalformedError):
        await verb.call(crm)


async def test_every_verb_of_the_version_table_is_under_contract() -> None:
    assert sorted(verb.name for verb in VERBS) == sorted(VERSIONS)


@pytest.mark.parametrize("answer", [{"contact": None}, {}, {"contact": {}}])
async def test_nobody_has_the_number(answer: dict[str, Any], router: respx.MockRouter, crm: Crm) -> None:
    mock(router, VERBS[0], 200, json=answer)
    assert await crm.find_contact(LOCATION, NUMBER) is None


async def test_a_lookup_answered_with_not_found_means_nobody(router: respx.MockRouter, crm: Crm) -> None:
    mock(router, VERBS[0], 400, json={"message": "Contact not found"})
    assert await crm.find_contact(LOCATION, NUMBER) is None


async def test_creating_a_contact_that_exists_gives_that_one(router: respx.MockRouter, crm: Crm) -> None:
    router.post("/contacts/").respond(
        400,
        json={
            "statusCode": 400,
            "message": "This location does not allow duplicated contacts.",
            "meta": {"contactId": "twin", "matchingField": "phone"},
        },
    )
    router.get("/contacts/twin").respond(200, json={"contact": {"id": "twin", "tags": ["old"]}})
    assert await crm.create_contact(LOCATION, NUMBER) == Contact("twin", tags=("old",))


async def test_a_duplicate_without_its_id_is_refused(router: respx.MockRouter, crm: Crm) -> None:
    message = "This location does not allow duplicated contacts."
    router.post("/contacts/").respond(400, json={"message": message, "meta": {}})
    with pytest.raises(errors.RefusedError, match="duplicated contacts"):
        await crm.create_contact(LOCATION, NUMBER)


async def test_a_contact_without_a_name_is_created_without_one(router: respx.MockRouter, crm: Crm) -> None:
    route = router.post("/contacts/").respond(201, json={"contact": {"id": "new"}})
    await crm.create_contact(LOCATION, NUMBER)
    assert orjson.loads(route.calls.last.request.content) == {"locationId": LOCATION, "phone": NUMBER}


@pytest.mark.parametrize("flag", ["succeded", "succeeded"])
async def test_an_enrolment_that_says_it_failed_is_refused(flag: str, router: respx.MockRouter, crm: Crm) -> None:
    router.post(f"/contacts/{CONTACT}/workflow/w").respond(200, json={flag: False})
    with pytest.raises(errors.RefusedError, match="did not succeed"):
        await crm.enrol(LOCATION, CONTACT, "w")


async def test_an_enrolment_answered_without_content_is_accepted(router: respx.MockRouter, crm: Crm) -> None:
    router.delete(f"/contacts/{CONTACT}/workflow/w").respond(204)
    await crm.unenrol(LOCATION, CONTACT, "w")


async def test_a_plain_task_carries_nothing_that_was_not_given(router: respx.MockRouter, crm: Crm) -> None:
    route = router.post(f"/contacts/{CONTACT}/tasks").respond(201, json={"id": "t"})
    assert await crm.create_task(LOCATION, CONTACT, "x", due_ms=0) == "t"
    due = "1970-01-01T00:00:00.000Z"
    assert orjson.loads(route.calls.last.request.content) == {
        "title": "x",
        "dueDate": due,
        "completed": False,
    }


@pytest.mark.parametrize(
    ("location", "timezone"),
    [
        ({"timezone": "", "business": {"timezone": "Europe/Paris"}}, "Europe/Paris"),
        ({"business": {}}, None),
        ({"business": None}, None),
    ],
)
async def test_the_business_zone_stands_in_for_a_missing_one(
    location: dict[str, Any], timezone: str | None, router: respx.MockRouter, crm: Crm
) -> None:
    router.get(f"/locations/{LOCATION}").respond(200, json={"location": {"id": LOCATION, **location}})
    assert (await crm.get_location(LOCATION)).timezone == timezone


@pytest.mark.parametrize(
    ("fields", "name"),
    [({"name": "A B"}, "A B"), ({"contactName": "C"}, "C"), ({"lastName": "D"}, "D"), ({"name": None}, None)],
)
async def test_the_name_is_whatever_form_the_crm_has(
    fields: dict[str, Any], name: str | None, router: respx.MockRouter, crm: Crm
) -> None:
    router.get(f"/contacts/{CONTACT}").respond(200, json={"contact": {"id": CONTACT, **fields}})
    assert (await crm.get_contact(LOCATION, CONTACT)).name == name
