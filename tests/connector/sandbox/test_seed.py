"""The invented people and the furnished sub-account."""

from __future__ import annotations

import re

import pytest

from connector.sandbox.seed import MOST_CONTACTS, furnish, seed_contacts
from connector.sandbox.state import Sandbox


def test_every_invented_contact_has_a_number_of_its_own_that_is_kept_for_fiction() -> None:
    sandbox = Sandbox()
    people = seed_contacts(sandbox, sandbox.register("A"), MOST_CONTACTS)
    numbers = {person.fields["phone"] for person in people}
    assert len(numbers) == MOST_CONTACTS
    assert all(re.fullmatch(r"\+1[2-9][0-9]{2}55501[0-9]{2}", number) for number in numbers)


def test_more_contacts_than_numbers_are_refused() -> None:
    sandbox = Sandbox()
    with pytest.raises(ValueError, match="at most 2000"):
        seed_contacts(sandbox, sandbox.register("A"), MOST_CONTACTS + 1)


def test_seeding_twice_invents_nobody_twice() -> None:
    sandbox = Sandbox()
    location = sandbox.register("A")
    assert (len(seed_contacts(sandbox, location, 3)), len(seed_contacts(sandbox, location, 5))) == (3, 2)


def test_a_furnished_sub_account_has_the_same_workflow_ids_each_time() -> None:
    first, second = (furnish(Sandbox(), "A", token="t") for _ in range(2))
    assert list(first.workflows) == list(second.workflows)
    assert [one["status"] for one in first.workflows.values()] == ["published"] * 3 + ["draft"]
