"""PURE: what a person reads when an installation does not come through: what happened, what it means, what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from oauth.refusal import InactiveError, LaterError, MalformedGrantError, MisconfiguredError

if TYPE_CHECKING:
    from oauth.refusal import GrantError


@dataclass(frozen=True, slots=True)
class Trouble:
    """One page in plain words; `again`: whether a new try from the start makes sense."""

    status: int
    title: str
    happened: str
    means: str
    do: str
    again: bool = True


_NOTHING: Final = "Nothing was connected, and nothing that was connected before has changed."

NOT_SET_UP: Final = Trouble(
    503,
    "Installing is not set up here",
    "This Ringback does not know its marketplace app yet.",
    _NOTHING,
    "Whoever runs this Ringback sets RINGBACK_CLIENT_ID, RINGBACK_CLIENT_SECRET and RINGBACK_PUBLIC_URL.",
    again=False,
)
DENIED: Final = Trouble(
    403,
    "Not installed",
    "The permission was not given: the question was cancelled in the CRM, or your role there does not allow it.",
    _NOTHING,
    "If that was not meant, try again. Only admins of the sub-account or of its agency can install.",
)
BAD_SCOPE: Final = Trouble(
    400,
    "The CRM does not know what was asked for",
    "The CRM refused the list of permissions that this Ringback asks for.",
    _NOTHING,
    "Whoever runs this Ringback compares the app's scopes in the marketplace portal with those in manifest.json.",
    again=False,
)
ASKED_WRONG: Final = Trouble(
    400,
    "The CRM did not go on",
    "The CRM sent you back without a permission and without a reason that is known here.",
    _NOTHING,
    "Try again. If it stays so, tell whoever runs this Ringback.",
)
EXPIRED: Final = Trouble(
    400,
    "That took too long",
    "The installation was begun more than half an hour ago; its link is not good any more.",
    _NOTHING,
    "Begin again: it takes a minute.",
)
OTHER_BROWSER: Final = Trouble(
    400,
    "Begun in another browser",
    "This installation was begun in another browser or a private window, or this browser keeps no cookies.",
    _NOTHING + " This guards you against a link with which somebody else would connect you with their account.",
    "Begin again here, in this browser, with cookies allowed for this address.",
)
FORGED: Final = Trouble(
    400,
    "This link is not ours",
    "The answer that came back does not belong to an installation that was begun here.",
    _NOTHING,
    "Begin again from the start, and not with a link from somewhere else.",
)
USED: Final = Trouble(
    400,
    "This was done already",
    "This answer of the CRM was used before: the page was loaded again, or its link was opened twice.",
    "If you have seen the page that says \u201cconnected\u201d, everything is well. Nothing was done a second time.",
    "You may close this page. If you never saw that page, begin again.",
)
CODE_REFUSED: Final = Trouble(
    400,
    "The CRM did not accept the permission any more",
    "The code that the CRM gave was used already, or it was too old.",
    "If you have seen the page that says \u201cconnected\u201d, everything is well. Nothing was done a second time.",
    "You may close this page. If you never saw that page, begin again.",
)
WRONG_REDIRECT: Final = Trouble(
    400,
    "The address of this Ringback is not known to the CRM",
    "The CRM did not accept the address to which it should send the permission.",
    _NOTHING,
    "Whoever runs this Ringback enters its address, RINGBACK_PUBLIC_URL followed by /oauth/callback, in the "
    "marketplace portal as a redirect URL of the app, exactly so.",
)
WRONG_CLIENT: Final = Trouble(
    500,
    "The CRM does not accept this Ringback",
    "The CRM did not accept the app's id or its secret.",
    _NOTHING,
    "Whoever runs this Ringback compares RINGBACK_CLIENT_ID and RINGBACK_CLIENT_SECRET with the marketplace portal.",
)
SUSPENDED: Final = Trouble(
    409,
    "The sub-account is not active",
    "The CRM says that this sub-account is suspended or not paid for.",
    _NOTHING,
    "Install again when it is active.",
)
CRM_AWAY: Final = Trouble(
    503,
    "The CRM does not answer",
    "The CRM could not be asked for the permission now.",
    "It is not certain whether the permission was used up. Nothing was connected.",
    "Try again in a few minutes.",
)
BUSY: Final = Trouble(
    503,
    "Too many at once",
    "Many installations are being finished at this moment.",
    "Nothing was connected. The permission was not used up.",
    "Load this page again in a minute.",
    again=False,
)
STORE_AWAY: Final = Trouble(
    503,
    "It cannot be kept now",
    "The permission arrived, but this Ringback could not write it down.",
    "Nothing was connected. Calls that were taken before are safe.",
    "Tell whoever runs this Ringback (its database is in trouble), and try again later.",
)
UNREADABLE: Final = Trouble(
    502,
    "The CRM's answer could not be read",
    "The CRM said yes, but in a form that is not understood here.",
    "Nothing was connected.",
    "Try again. If it stays so, tell whoever runs this Ringback: its log says more.",
)

STATES: Final = {"forged": FORGED, "expired": EXPIRED, "other browser": OTHER_BROWSER}
"""By what is wrong with a state (`oauth.install.StateError.why`)."""


def sent_back(error: str) -> Trouble:
    """What the CRM means by `error` in the callback's address (RFC 6749, section 4.1.2.1)."""
    if error == "access_denied":
        return DENIED
    return BAD_SCOPE if error == "invalid_scope" else ASKED_WRONG


def of_exchange(error: GrantError) -> Trouble:
    """Why the CRM gave no token for the code."""
    if isinstance(error, MisconfiguredError):
        return WRONG_REDIRECT if "redirect" in str(error).lower() else WRONG_CLIENT
    if isinstance(error, InactiveError):
        return SUSPENDED
    if isinstance(error, MalformedGrantError):
        return UNREADABLE
    return CRM_AWAY if isinstance(error, LaterError) else CODE_REFUSED
