"""Which packages the two sides need. Data for the installer; nothing here is imported at run time.

RUNNER goes into an environment of its own (Python 3.10 or newer for nbclient 0.11) and never meets the
user's packages.

SUPPORT goes into a plain directory per user environment (`--target`), solved with the user's lock as
constraints and appended behind the user's packages. ipykernel is not pinned on purpose: Python 3.7 gets
6.16, 3.8 gets 6.29, 3.9 gets 6.31, newer ones 7.x, and the user's pins of traitlets, pyzmq, tornado or
jupyter_client decide further. cloudpickle must be the same where the snapshot is made and where it is
served: both use this one directory. uvicorn, httptools and uvloop serve; training does not need them, and
uvloop does not exist on Windows.
"""

RUNNER = ("nbclient==0.11.*", "jupyter_client==8.*", "nbformat==5.*", "pyzmq>=26")
SUPPORT_TRAIN = ("ipykernel>=6.16", "cloudpickle>=2.2", "importlib_metadata; python_version < '3.8'")
SUPPORT_SERVE = ("uvicorn", "httptools", "uvloop; sys_platform != 'win32'")
SUPPORT = SUPPORT_TRAIN + SUPPORT_SERVE
