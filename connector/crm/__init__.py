"""The CRM's API.

PURE: `wire*` and `triggers` (the request of each verb), `answers*` over `reading` (a success as a value), `verdict`
(all else as an error), `dnd` (do-not-disturb), `readback` (is what the CRM shows what we wrote).
I/O: `client` (all verbs, from `verbs_*`), `asking` (token, pace, retry), `transport` (aiohttp), `pace` (a sub-account's
turns), `contacts` (cache).
"""
