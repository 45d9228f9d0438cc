"""What libraries import just in case and this server never uses: leaving it out saves 17 MB.

Most of the modules stand in a ``try: import … except ImportError`` of a library that does without: where
``sys.modules`` says None, an import raises that error. The others have a stand-in.
"""

import importlib
import os
import sys
from importlib.util import LazyLoader, find_spec, module_from_spec
from types import ModuleType

import django

NEVER_USED = (
    "httpx._main",  # httpx's command line, which brings rich and pygments where those are installed
)
USED_WITH_POSTGRESQL = ("django.contrib.postgres.fields",)  # unfold's widgets for them; it loads psycopg


def leave_out(*, uses_postgresql: bool) -> None:
    """Keep those modules out of this process, unless they are there already."""
    # autobahn's native look at the few words that a page sends over its WebSocket: it parses C at each start.
    os.environ.setdefault("AUTOBAHN_USE_NVX", "0")
    for name in NEVER_USED if uses_postgresql else (*NEVER_USED, *USED_WITH_POSTGRESQL):
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]
    _leave_out_the_download_of_prices()
    _load_test_signals_alone()


def load_without(missing: str, module: str) -> None:
    """Load ``module`` as where ``missing`` is not installed; whoever asks for that later gets it."""
    if not {missing, module} & sys.modules.keys():
        sys.modules[missing] = None  # type: ignore[assignment]
        try:
            importlib.import_module(module)
        finally:
            del sys.modules[missing]


def _load_test_signals_alone() -> None:
    """Load ``django.test.signals``, which Ninja asks for, without the 65 modules of Django's tools for tests.

    A package's modules are loaded behind the package; here an empty one stands for it meanwhile. The real one
    is loaded when somebody looks at it.
    """
    package, module = "django.test", "django.test.signals"
    if package in sys.modules or module in sys.modules:
        return
    spec = find_spec(package)
    assert spec is not None
    empty = ModuleType(package)
    empty.__path__ = list(spec.submodule_search_locations or ())
    sys.modules[package] = empty
    try:
        importlib.import_module(module)
    finally:
        del sys.modules[package]
    real = _loaded_when_looked_at(package)
    vars(django)["test"] = real
    object.__setattr__(real, "signals", sys.modules[module])


def _loaded_when_looked_at(name: str) -> ModuleType:
    spec = find_spec(name)
    assert spec is not None
    assert spec.loader is not None
    spec.loader = loader = LazyLoader(spec.loader)
    sys.modules[name] = module = module_from_spec(spec)
    loader.exec_module(module)
    return module


def _leave_out_the_download_of_prices() -> None:
    """The table of prices is the one that was installed: no other is fetched, so no HTTP client is needed."""
    name = "genai_prices.update_prices"
    if name not in sys.modules:
        stand_in = ModuleType(name)
        for never_called in ("UpdatePrices", "wait_prices_updated_async", "wait_prices_updated_sync"):
            setattr(stand_in, never_called, None)
        sys.modules[name] = stand_in
