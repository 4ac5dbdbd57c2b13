"""Invented people, workflows and users to begin with.

Phone numbers are from the range that is kept free for fiction (NANPA: 555-0100 to 555-0199 of each area
code).
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Final

from connector.sandbox.bodies import ContactUpdate
from connector.sandbox.contacts import add

if TYPE_CHECKING:
    from connector.sandbox.state import Contact, Location, Record, Sandbox

_FIRST: Final = (
    "Ada",
    "Bruno",
    "Chiara",
    "Dev",
    "Esther",
    "Farid",
    "Grace",
    "Hiro",
    "Ines",
    "Jonas",
    "Keiko",
)
_LAST: Final = ("Abbot", "Baptiste", "Castillo", "Dubois", "Eriksen", "Fraser", "Gupta", "Haddad", "Ito")
_AREAS: Final = (
    212,
    305,
    312,
    404,
    415,
    503,
    512,
    602,
    617,
    702,
    713,
    720,
    801,
    808,
    813,
    907,
    916,
    919,
    954,
    972,
)
MOST_CONTACTS: Final = len(_AREAS) * 100
"""So many invented contacts a sub-account, each with a number of its own."""

_WORKFLOWS: Final = (
    ("No Answer Follow-up", "published"),
    ("Voicemail Follow-up", "published"),
    ("Appointment Reminder", "published"),
    ("Half-finished Idea", "draft"),
)


def workflow(
    location_id: str, workflow_id: str, name: str, status: str, now: str, *, allow_reentry: bool = False
) -> Record:
    """A workflow as GET /workflows/ shows it, and whether it takes the same contact in twice."""
    return {
        "id": workflow_id,
        "name": name or workflow_id,
        "status": status,
        "version": 1,
        "createdAt": now,
        "updatedAt": now,
        "locationId": location_id,
        "allowReentry": allow_reentry,
    }


def user(location_id: str, user_id: str, name: str, *, email: str = "", phone: str = "", extension: str = "") -> Record:
    """A user as GET /users/search shows it; without an email, one is made of the name."""
    first, _, last = name.partition(" ")
    return {
        "id": user_id,
        "name": name,
        "firstName": first,
        "lastName": last,
        "email": email or f"{'.'.join(name.lower().split())}@example.com",
        "phone": phone,
        "extension": extension,
        "roles": {"type": "account", "role": "user", "locationIds": [location_id]},
        "deleted": False,
    }


def furnish(sandbox: Sandbox, location_id: str, *, token: str, name: str = "Sunrise Realty") -> Location:
    """A sub-account ready to be used: workflows (one of them a draft), two users, a token with all scopes."""
    now = sandbox.now()
    location = sandbox.register(
        location_id,
        name=name,
        timezone="America/New_York",
        workflows=[
            workflow(location_id, str(uuid.uuid5(uuid.NAMESPACE_URL, f"{location_id}/{title}")), title, status, now)
            for title, status in _WORKFLOWS
        ],
        users=[user(location_id, sandbox.new_id(), agent) for agent in ("Maya Lind", "Tomas Vega")],
    )
    sandbox.grant(token, location_id)
    return location


def seed_contacts(sandbox: Sandbox, location: Location, count: int) -> list[Contact]:
    """Invented contacts, the same ones each time; those whose number is taken already are left out.

    Raises:
        ValueError: more than there are numbers for.
    """
    if count > MOST_CONTACTS:
        raise ValueError(f"at most {MOST_CONTACTS} contacts can be invented")
    return [
        add(sandbox, location, person)
        for person in (_person(number) for number in range(count))
        if location.find(person.phone) is None
    ]


def _person(number: int) -> ContactUpdate:
    first, last = _FIRST[number % len(_FIRST)], _LAST[number % len(_LAST)]
    return ContactUpdate.model_validate(
        {
            "firstName": first,
            "lastName": last,
            "phone": f"+1{_AREAS[number // 100]}55501{number % 100:02d}",
            "email": f"{first}.{last}.{number}@example.com".lower(),
        }
    )
