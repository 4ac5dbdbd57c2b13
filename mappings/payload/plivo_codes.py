"""HangupCauseCode of Plivo's Voice API and of those who clone it.

https://www.plivo.com/docs/voice/troubleshooting/hangup-causes; 6010 and 9000 from Vobiz's pages. Plivo's SIP
trunks (Zentrunk) use the same numbers for other things.
"""

from __future__ import annotations

from mappings.call import Disposition

_CODES = {
    Disposition.FAILED: (1010, 2030, 2040, 2060, 7011, 7012, 7013, 7014, 8011, 8012, 8013, 8014),
    Disposition.CANCELED: (1000, 9000),
    Disposition.CONGESTION: (1020,),
    Disposition.INVALID_NUMBER: (2000, 2010),
    Disposition.NO_ANSWER: (3000, 2020, 6010),
    Disposition.BUSY: (3010,),
    Disposition.REJECTED: (3020,),
    Disposition.CONNECTED: (4000, 4010, 4020, 4030),
}
VOICE: dict[int, Disposition] = {code: outcome for outcome, codes in _CODES.items() for code in codes}
"""What each code means; 0 (unknown) is left out: it tells nothing that SIP or Q.850 would not tell better."""
FIRST: dict[Disposition, int] = {
    outcome: codes[0] for outcome, codes in _CODES.items() if outcome is not Disposition.FAILED
}
"""The most usual code for a disposition; none for Failed, whose codes all name a particular fault."""
