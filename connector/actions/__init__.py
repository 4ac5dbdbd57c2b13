"""How each kind of action is done, and how the CRM is asked whether it was; `WAYS` (ways.py) has them all."""
