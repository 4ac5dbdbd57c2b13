"""What the trigger tells a workflow of a call: every field, always, flat, under stable names. PURE."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mappings.call import iso
from mappings.facts import FACTS, ContactState, Situation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mappings.call import Call
    from mappings.words import Words

TRIGGER: Final = "call_outcome"
"""The trigger's key in the CRM, which can never be changed there."""

SAMPLE: Final[Mapping[str, str | int | float]] = {
    "disposition": "Connected",
    "machine_disposition": "Connected",
    "direction": "outbound",
    "from": "+14155550100",
    "to": "+14155550111",
    "number": "+14155550111",
    "caller_id": "+14155550100",
    "agent": "maya",
    "talk_s": 65.0,
    "ring_s": 10.0,
    "answer_latency_s": 10.0,
    "q850": 16,
    "sip": 200,
    "cause": "NORMAL_CLEARING",
    "amd": "human",
    "hangup_by": "caller",
    "recording_url": "https://recordings.example.com/call-1.mp3",
    "call_id": "call-1",
    "attempt": 1,
    "started": "2026-11-23T10:00:00.000Z",
    "answered": "2026-11-23T10:00:10.000Z",
    "ended": "2026-11-23T10:01:15.000Z",
    "contactId": "contact-1",
    "locationId": "location-1",
    "trunk": "generic",
    "notes": "Wants a quote for two seats.",
    "next_step": "Send the quote",
}
"""A call as a workflow's author sees it while choosing filters and variables: what `payload` has, and nothing else."""

_FACTS: Final = {name: FACTS[name] for name in SAMPLE if name in FACTS} | {"notes": FACTS["remarks"]}


def payload(
    location: str,
    call: Call,
    *,
    contact_id: str | None,
    attempts: int = 0,
    words: Words,
    country: str | None,
) -> dict[str, object]:
    """The fields of this call, in the order of SAMPLE; None stands for what is not known.

    Args:
        location: the sub-account's id.
        call: with all that is known of it, settled.
        contact_id: the CRM's id of the contact.
        attempts: the contact's unanswered attempts before this call.
        words: what dispositions are called in this sub-account.
        country: ISO 3166 code in which national numbers are read.
    """
    machine, meant, shown = words.outcome(call)
    situation = Situation(call, meant, ContactState(attempts=attempts), machine, shown, country=country)
    known: dict[str, object] = {name: fact(situation) for name, fact in _FACTS.items()}
    known |= {
        "started": iso(call.start_ms),
        "answered": iso(call.answer_ms),
        "ended": iso(call.end_ms),
        "contactId": contact_id,
        "locationId": location,
    }
    return {name: known[name] for name in SAMPLE}
