"""Notebook runner: executes a notebook in the user's environment and snapshots `predict`.

Two sides. The runner (`runner`, `client`, `launch`, …) runs in an environment of its own with the packages of
`requirements.RUNNER`. The kernel side (`kernel`, `operations`, `snapshot`, …) runs in the user's Python,
3.7 or newer, with `requirements.SUPPORT` behind the user's packages. Requests and events are described in
`request` and `events`.
"""
