"""The comparison itself, without the vendor's packages: our client beside itself, and beside one that differs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.sdk.compare import KNOWN, Difference, compared, known
from tests.sdk.ours import ours
from tests.sdk.scenario import VERBS, Played, play


@pytest.fixture
async def played() -> Played:
    return await play(ours(v3=False))


def _otherwise(played: Played, verb: str, **changed: object) -> Played:
    """The same, but for one verb."""
    done = [
        replace(one, sent=tuple(replace(sent, **changed) for sent in one.sent)) if one.verb == verb else one  # type: ignore[arg-type] # names and values are those of `Sent`
        for one in played.done
    ]
    return replace(played, done=tuple(done))


async def test_every_verb_is_one_request_that_the_sandbox_takes(played: Played) -> None:
    assert [(one.verb, len(one.sent)) for one in played.done] == [(verb, 1) for verb in VERBS]
    assert all(one.sent[0].status < 300 for one in played.done)


async def test_two_runs_of_the_same_client_differ_in_nothing(played: Played) -> None:
    found = compared("npm", await play(ours(v3=False)), played, {})
    assert (found.differences, found.faults) == ((), ())


async def test_a_difference_that_nobody_explained_is_a_fault(played: Played) -> None:
    found = compared("npm", _otherwise(played, "add_note", version="v3"), played, {})
    assert found.of("add_note") == ["version"]
    assert "add_note: version is v3, ours is 2021-07-28, and nothing explains that" in found.faults


async def test_an_explained_one_is_none(played: Played) -> None:
    explained = {Difference("npm", "add_note", "version", "v3", "2021-07-28"): "because"}
    assert compared("npm", _otherwise(played, "add_note", version="v3"), played, explained).faults == ()


async def test_an_explanation_that_is_not_needed_any_more_is_a_fault(played: Played) -> None:
    explained = {Difference("npm", "add_note", "version", "v3", "2021-07-28"): "because"}
    assert (
        "add_note: version differs no more as differences.toml has it"
        in compared("npm", played, played, explained).faults
    )


async def test_another_body_is_told_by_its_field(played: Played) -> None:
    found = compared("npm", _otherwise(played, "add_tags", body={"tags": ["other"]}), played, {})
    assert found.of("add_tags") == ["body.tags"]


async def test_a_request_that_the_sandbox_refused_is_a_fault(played: Played) -> None:
    assert any(
        "refused ([422])" in fault
        for fault in compared("npm", _otherwise(played, "enrol", status=422), played, {}).faults
    )


async def test_other_traces_in_the_crm_are_a_fault(played: Played) -> None:
    assert len(compared("npm", replace(played, left=[]), played, {}).faults) == 1


async def test_the_new_form_of_the_token_endpoint_is_told_from_the_old_one(played: Played) -> None:
    found = compared("pypi", await play(ours(v3=True)), played, {})
    assert {one.verb for one in found.differences} == {"exchange", "refresh", "location_token", "installed_locations"}


def test_every_known_difference_is_of_a_verb_there_is_and_has_a_reason() -> None:
    explained = known(KNOWN.read_text(encoding="utf-8"))
    assert {one.verb for one in explained} <= set(VERBS)
    assert all(explained.values())
