"""The CRM's API.

PURE: `wire` (the request of each verb), `answers` (a success as a value), `verdict` (all else as an error).
I/O: `client` (token, pace, retry), `transport` (aiohttp), `pace` (a sub-account's turns), `contacts` (cache).
"""
