"""What trunk adapters share: the request as received, reading bodies and values, checking signatures."""
