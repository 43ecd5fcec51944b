"""One worker process: loads the model, then answers requests on a listening socket that it was given.

Its supervisor talks to it over the control channel (`control.py`); without one signals do.
"""
