"""`/api/v1`: deliveries, sub-accounts' configurations and keys, as JSON. Without a key there is no entry.

One table of routes (route.py) makes aiohttp's routes, the checks before them and the OpenAPI document. A new subject is
a file here with `routes(...)`, and its line in table.py.
"""
