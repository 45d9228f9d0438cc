"""The project's settings in a world of their own: a fresh data directory, nobody's environment.

pytest imports this before any conftest (``DJANGO_SETTINGS_MODULE``), so no test can ever see the data
directory, the ``.env`` file or the database of the person who runs it. ``TEST_STORES=postgres`` puts
PostgreSQL and Redis under the whole suite (see ``tests/stores.py``).
"""

import atexit
import os
import shutil
import tempfile

from tests import stores

for _name in list(os.environ):
    if _name.startswith(("PROXY_", "RELAY_", "POOL_", "MONITOR_")) or _name in {"DATABASE_URL", "REDIS_URL"}:
        del os.environ[_name]

_data_dir = tempfile.mkdtemp(prefix="evenkeel-tests-")
atexit.register(shutil.rmtree, _data_dir, ignore_errors=True)
os.environ["PROXY_DATA_DIR"] = _data_dir
os.environ["PROXY_ENV_FILE"] = ""

if stores.wanted():
    if "PYTEST_XDIST_WORKER" in os.environ:
        stores.leave_shared_redis()
    os.environ["DATABASE_URL"] = stores.database_url()
    os.environ["REDIS_URL"] = stores.redis_url()

from proxyproject.settings import *  # noqa: E402, F403

if not stores.wanted():
    # In a file, as in life: in memory a second thread that writes is refused at once and does not wait.
    DATABASES["default"]["TEST"] = {"NAME": f"{_data_dir}/test.sqlite3"}  # noqa: F405

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # log-ins need no key stretching here

MIDDLEWARE = [
    "tests.own_process.static_files.ListedOnce"
    if name == "servestatic.middleware.ServeStaticMiddleware"
    else name
    for name in MIDDLEWARE  # noqa: F405
]
