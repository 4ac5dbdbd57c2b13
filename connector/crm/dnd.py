"""Do-not-disturb by channel. PURE.

`active` means that the contact is left alone. Whether a PUT keeps the channels it does not name is not documented,
so a change always names all that are known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from connector.crm.errors import RefusedError
from connector.crm.model import ChannelDnd

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connector.crm.model import Contact

CHANNELS: Final = ("Call", "Email", "SMS", "WhatsApp", "GMB", "FB")
"""Those a request may name. Others (RCS) are seen in answers, but the CRM refuses properties its schema lacks."""
ALL: Final = "all"
_SPELT: Final = {name.lower(): name for name in CHANNELS}


def spelt(channel: str) -> str:
    """A channel as we spell it: the CRM's generations differ (`Call`, `call`)."""
    return _SPELT.get(channel.strip().lower(), channel)


def changed(
    contact: Contact, channels: Iterable[str], *, on: bool
) -> tuple[dict[str, ChannelDnd] | None, bool | None] | None:
    """What to write so that these channels are on or off: the settings of all channels, and the switch for all.

    None in a place leaves it as it is; None for both: it is so already. A `permanent` do-not-disturb (the person opted
    out, or the carrier did) is never lifted.

    Raises:
        RefusedError: the CRM has no such channel.
    """
    wanted = {spelt(channel) for channel in channels}
    everything = on if ALL in wanted and contact.dnd is not on else None
    settings = {name: one for name, one in contact.dnd_settings.items() if name in CHANNELS}
    new = {name: _switched(settings.get(name), on=on) for name in sorted(wanted - {ALL})}
    if unknown := new.keys() - set(CHANNELS):
        raise RefusedError(f"the CRM has no do-not-disturb for {', '.join(sorted(unknown))}; it has {_NAMES}")
    after = settings | new
    if after == settings:
        return None if everything is None else (None, everything)
    return after, everything


_NAMES: Final = ", ".join((*CHANNELS, ALL))


def _switched(now: ChannelDnd | None, *, on: bool) -> ChannelDnd:
    if now is not None and (now.on is on or now.status == "permanent"):
        return now
    return ChannelDnd("active" if on else "inactive")
