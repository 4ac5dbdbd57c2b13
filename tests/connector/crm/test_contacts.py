"""The memory of who has which number."""

from __future__ import annotations

from connector.crm.contacts import Contacts
from connector.crm.model import Contact
from tests.connector.crm.clock import Clock

NUMBER = "+14155550123"


class Directory:
    """Contacts by sub-account and number; counts how often it is asked."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, str], str] = {("a", NUMBER): "c-a", ("b", NUMBER): "c-b"}
        self.asked = 0

    async def find_contact(self, location: str, number: str) -> Contact | None:
        self.asked += 1
        found = self.known.get((location, number))
        return None if found is None else Contact(found)

    async def create_contact(self, location: str, phone: str) -> Contact:
        self.known[location, phone] = "made"
        return Contact("made")


async def test_asks_once() -> None:
    directory = Directory()
    contacts = Contacts(directory)
    assert [await contacts.who("a", NUMBER), await contacts.who("a", NUMBER)] == ["c-a", "c-a"]
    assert directory.asked == 1


async def test_the_same_number_is_another_contact_elsewhere() -> None:
    contacts = Contacts(Directory())
    assert [await contacts.who("a", NUMBER), await contacts.who("b", NUMBER)] == ["c-a", "c-b"]


async def test_asks_again_after_its_time() -> None:
    directory, clock = Directory(), Clock()
    contacts = Contacts(directory, ttl_s=60, timer=clock)
    await contacts.who("a", NUMBER)
    directory.known["a", NUMBER] = "c-new"
    clock.now += 61
    assert await contacts.who("a", NUMBER) == "c-new"


async def test_asks_again_after_it_was_told_to_forget() -> None:
    directory = Directory()
    contacts = Contacts(directory)
    await contacts.who("a", NUMBER)
    contacts.forget("a", NUMBER)
    contacts.forget("a", "+15550000000")
    await contacts.who("a", NUMBER)
    assert directory.asked == 2


async def test_nobody_is_not_remembered() -> None:
    directory = Directory()
    contacts = Contacts(directory)
    assert await contacts.who("a", "+15550000000") is None
    directory.known["a", "+15550000000"] = "c-late"
    assert await contacts.who("a", "+15550000000") == "c-late"


async def test_a_contact_just_made_is_remembered() -> None:
    directory = Directory()
    contacts = Contacts(directory)
    assert await contacts.add("a", "+15550000000") == "made"
    assert await contacts.who("a", "+15550000000") == "made"
    assert directory.asked == 0


async def test_remembers_no_more_than_its_size() -> None:
    directory = Directory()
    contacts = Contacts(directory, size=1)
    for location in ("a", "b", "a"):
        await contacts.who(location, NUMBER)
    assert directory.asked == 3
