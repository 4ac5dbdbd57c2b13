"""What follows from events."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from connector.store.inbox import EventState
from tests.connector.crm_events.stage import ADA, ADAS, APP, BOB, Stage, open_stage
from tests.connector.stage import LOC, NOON

if TYPE_CHECKING:
    from pathlib import Path

MINUTE_S = 60
HOUR_S = 3600


async def last(stage: Stage) -> tuple[EventState, str | None]:
    row = (await stage.rows())[-1]
    return row.state, row.reason


# Installing


async def test_an_installation_is_passed_on_with_its_own_time(stage: Stage) -> None:
    await stage.come("INSTALL", companyId="AGENCY", ago_s=1)
    assert stage.installer.told == [(True, APP, LOC, "AGENCY", NOON - 1000)]


async def test_so_is_an_uninstallation_of_a_whole_agency(stage: Stage) -> None:
    await stage.come("UNINSTALL", locationId=None, companyId="AGENCY")
    assert stage.installer.told == [(False, APP, None, "AGENCY", NOON)]


async def test_one_without_a_time_has_that_at_which_it_came_first(stage: Stage) -> None:
    await stage.said(stage.event("INSTALL", timestamp=None))
    stage.clock.pass_s(10)
    await stage.worker.work()
    assert stage.installer.told[0][-1] == NOON


async def test_one_of_a_sub_account_that_is_not_registered_is_acted_on(stage: Stage) -> None:
    await stage.come("INSTALL", locationId="Unheard")
    assert stage.installer.told[0][2] == "Unheard"


async def test_one_that_is_not_ours_is_ignored(stage: Stage) -> None:
    stage.installer.ours = False
    await stage.come("INSTALL")
    assert (await last(stage))[0] is EventState.IGNORED


async def test_without_an_app_installations_are_ignored(tmp_path: Path) -> None:
    async with open_stage(tmp_path, installs=False, client_id=None) as stage:
        await stage.come("INSTALL")
        assert await last(stage) == (EventState.IGNORED, "no marketplace app is set up here (RINGBACK_CLIENT_ID)")


# Contacts


async def test_a_new_contact_is_known_without_asking(stage: Stage) -> None:
    await stage.come("ContactCreate", id=ADA, phone="(415) 555-0111")
    await stage.come("ContactCreate", id=ADA, phone=ADAS)
    assert (await stage.contacts.who(LOC, ADAS), stage.numbers.asked) == (ADA, 0)


async def test_what_was_told_long_ago_is_not_believed(stage: Stage) -> None:
    await stage.come("ContactCreate", id=ADA, phone=ADAS, ago_s=10 * MINUTE_S)
    assert await stage.contacts.who(LOC, ADAS) is None


async def test_a_changed_number_is_asked_for_again(stage: Stage) -> None:
    stage.numbers.of[ADAS] = ADA
    await stage.contacts.who(LOC, ADAS)
    stage.numbers.of[ADAS] = BOB
    await stage.come("ContactUpdate", id=ADA, phone="+14155550199")
    assert await stage.contacts.who(LOC, ADAS) == BOB


async def test_a_deleted_contact_is_forgotten(stage: Stage) -> None:
    stage.numbers.of[ADAS] = ADA
    await stage.contacts.who(LOC, ADAS)
    stage.numbers.of.clear()
    await stage.come("ContactDelete", id=ADA)
    assert await stage.contacts.who(LOC, ADAS) is None


@pytest.mark.parametrize("kind", ["ContactUpdate", "ContactDelete", "NoteCreate", "TaskComplete", "ContactTagUpdate"])
async def test_events_of_a_sub_account_that_is_not_registered_are_ignored(stage: Stage, kind: str) -> None:
    said = await stage.come(kind, id=ADA, contactId=ADA, tags=["disposition:sold"], body="x", locationId="Unheard")
    assert (said, *await last(stage)) == ("accepted", EventState.IGNORED, "the sub-account is not registered")
    assert stage.heard == []


# Dispositions by tag


async def test_a_tag_with_the_prefix_tells_how_a_call_went(stage: Stage) -> None:
    await stage.tagged("hot lead", "disposition:not interested", ago_s=2)
    (one,) = stage.heard
    assert (one.location, one.contact_id, one.source, one.text, one.at_ms) == (
        LOC,
        ADA,
        "tag",
        "not interested",
        NOON - 2000,
    )


async def test_a_tag_that_was_there_before_tells_nothing(stage: Stage) -> None:
    await stage.tagged("disposition:sold")
    stage.clock.pass_s(1)
    await stage.tagged("disposition:sold", "hot")
    assert stage.texts == ["sold"]


async def test_a_tag_that_is_put_on_again_tells_again(stage: Stage) -> None:
    for tags in (["disposition:sold"], [], ["disposition:sold"]):
        await stage.tagged(*tags)
        stage.clock.pass_s(5)
    assert stage.texts == ["sold", "sold"]


async def test_two_contacts_do_not_mix(stage: Stage) -> None:
    await stage.tagged("disposition:sold", contact=ADA)
    await stage.tagged("disposition:sold", contact=BOB)
    assert [one.contact_id for one in stage.heard] == [ADA, BOB]


async def test_a_late_older_list_tells_nothing(stage: Stage) -> None:
    await stage.tagged("disposition:sold")
    await stage.tagged(ago_s=60)
    await stage.tagged("disposition:sold", "disposition:maybe", ago_s=30)
    assert stage.texts == ["sold"]


async def test_the_prefix_is_the_sub_accounts_own(tmp_path: Path) -> None:
    async with open_stage(tmp_path, disposition_tag_prefix="Outcome/ ") as stage:
        await stage.tagged("disposition:sold", "outcome/lost")
        assert stage.texts == ["lost"]


async def test_without_a_prefix_tags_tell_nothing(tmp_path: Path) -> None:
    async with open_stage(tmp_path, disposition_tag_prefix=None) as stage:
        await stage.tagged("disposition:sold")
        assert (stage.heard, (await last(stage))[0]) == ([], EventState.IGNORED)


async def test_a_tag_that_we_wrote_is_no_agents_word(stage: Stage) -> None:
    await stage.own_tags.writing(LOC, ADA, ("Disposition:No Answer", "call-no-answer"))
    stage.clock.pass_s(1)
    await stage.tagged("disposition:no answer", "call-no-answer")
    assert stage.heard == []


async def test_nor_is_it_after_a_restart(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage:
        await stage.own_tags.writing(LOC, ADA, ("disposition:no answer",))
    async with open_stage(tmp_path) as stage:
        await stage.tagged("disposition:no answer")
        assert stage.heard == []


async def test_an_agents_tag_between_our_write_and_its_echo_counts(stage: Stage) -> None:
    await stage.own_tags.writing(LOC, ADA, ("disposition:no answer",))
    stage.clock.pass_s(1)
    await stage.tagged("disposition:sold", ago_s=0.5)
    await stage.tagged("disposition:sold", "disposition:no answer")
    assert stage.texts == ["sold"]


async def test_an_old_tag_that_our_own_write_brings_up_tells_nothing(stage: Stage) -> None:
    await stage.own_tags.writing(LOC, ADA, ("call-connected",))
    stage.clock.pass_s(1)
    await stage.tagged("disposition:sold", "call-connected")
    assert stage.heard == []


async def test_what_an_agent_adds_after_that_counts(stage: Stage) -> None:
    await stage.own_tags.writing(LOC, ADA, ("call-connected",))
    stage.clock.pass_s(1)
    await stage.tagged("call-connected")
    stage.clock.pass_s(5)
    await stage.tagged("call-connected", "disposition:sold")
    assert stage.texts == ["sold"]


async def test_a_list_without_what_we_wrote_is_no_echo_of_it(stage: Stage) -> None:
    await stage.own_tags.writing(LOC, ADA, ("call-connected",))
    await stage.tagged("disposition:sold", ago_s=0.1)
    assert stage.texts == ["sold"]


async def test_taking_tags_off_brings_up_nothing_either(stage: Stage) -> None:
    await stage.own_tags.writing(LOC, ADA, ())
    await stage.tagged("disposition:sold")
    assert stage.heard == []


async def test_a_tag_on_a_contact_made_anew_counts(stage: Stage) -> None:
    await stage.tagged("disposition:sold")
    stage.clock.pass_s(1)
    await stage.come("ContactDelete", id=ADA)
    stage.clock.pass_s(1)
    await stage.tagged("disposition:sold")
    assert stage.texts == ["sold", "sold"]


# Dispositions by note and task


async def test_a_persons_note_tells_how_a_call_went(stage: Stage) -> None:
    await stage.come("NoteCreate", id="note", contactId=ADA, body="<p>Wants a quote</p>")
    (one,) = stage.heard
    assert (one.contact_id, one.source, one.text, one.ref) == (ADA, "note", "Wants a quote", "note")


@pytest.mark.parametrize("body", ["", "<p> </p>"])
async def test_an_empty_note_tells_nothing(stage: Stage, body: str) -> None:
    await stage.come("NoteCreate", id="note", contactId=ADA, body=body)
    assert stage.heard == []


async def test_a_task_ticked_off_tells_it_too_though_not_of_whom(stage: Stage) -> None:
    await stage.come("TaskComplete", id="task", title="Call back", completed=True)
    (one,) = stage.heard
    assert (one.contact_id, one.source, one.text, one.ref) == (None, "task", "Call back", "task")


async def test_the_same_note_has_the_same_key_under_another_event_id(stage: Stage) -> None:
    for _ in range(2):
        await stage.come("NoteCreate", id="note", contactId=ADA, body="Sold")
    assert len({one.key for one in stage.heard}) == 1
