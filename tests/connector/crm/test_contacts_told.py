"""What the CRM's events change in the memory of numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.crm.contacts import Contacts
from tests.connector.crm_events.stage import ADA, ADAS, BOB, Numbers

LOC = "LOC"
OTHER = "+14155550199"


@pytest.fixture
def numbers() -> Numbers:
    made = Numbers()
    made.of[ADAS] = ADA
    return made


@pytest.fixture
def contacts(numbers: Numbers) -> Contacts:
    return Contacts(numbers)


async def test_a_number_told_afresh_needs_no_look_up(contacts: Contacts, numbers: Numbers) -> None:
    contacts.told(LOC, BOB, OTHER, fresh=True)
    assert (await contacts.who(LOC, OTHER), numbers.asked) == (BOB, 0)


async def test_one_told_late_does(contacts: Contacts, numbers: Numbers) -> None:
    contacts.told(LOC, BOB, OTHER, fresh=False)
    await contacts.who(LOC, OTHER)
    assert numbers.asked == 1


async def test_what_is_told_again_stays_known(contacts: Contacts, numbers: Numbers) -> None:
    await contacts.who(LOC, ADAS)
    contacts.told(LOC, ADA, ADAS, fresh=False)
    assert (await contacts.who(LOC, ADAS), numbers.asked) == (ADA, 1)


@pytest.mark.parametrize("number", [OTHER, None])
async def test_a_contact_that_has_another_number_is_asked_for_again(
    contacts: Contacts, numbers: Numbers, number: str | None
) -> None:
    await contacts.who(LOC, ADAS)
    contacts.told(LOC, ADA, number, fresh=True)
    numbers.of[ADAS] = BOB
    assert await contacts.who(LOC, ADAS) == BOB


async def test_of_two_with_one_number_the_crm_says_which(contacts: Contacts, numbers: Numbers) -> None:
    await contacts.who(LOC, ADAS)
    contacts.told(LOC, BOB, ADAS, fresh=True)
    assert (await contacts.who(LOC, ADAS), numbers.asked) == (ADA, 2)


async def test_who_is_gone_is_forgotten_under_each_number(contacts: Contacts, numbers: Numbers) -> None:
    numbers.of[OTHER] = ADA
    for number in (ADAS, OTHER):
        await contacts.who(LOC, number)
    numbers.of.clear()
    contacts.gone(LOC, ADA)
    assert [await contacts.who(LOC, number) for number in (ADAS, OTHER)] == [None, None]


async def test_the_neighbours_contacts_stay(contacts: Contacts, numbers: Numbers) -> None:
    await contacts.who("Neighbour", ADAS)
    contacts.gone(LOC, ADA)
    contacts.told(LOC, ADA, OTHER, fresh=True)
    await contacts.who("Neighbour", ADAS)
    assert numbers.asked == 1


TOLD = st.tuples(st.sampled_from([ADA, BOB]), st.sampled_from([ADAS, OTHER, None]), st.booleans())


@given(st.lists(TOLD, max_size=12))
async def test_nobody_is_known_by_a_number_that_is_not_theirs_any_more(
    told: list[tuple[str, str | None, bool]],
) -> None:
    contacts, last = Contacts(Numbers()), dict[str, str | None]()
    for contact_id, number, fresh in told:
        contacts.told(LOC, contact_id, number, fresh=fresh)
        last[contact_id] = number
    for number in (ADAS, OTHER):
        known = await contacts.who(LOC, number)
        assert known is None or last[known] == number
