"""Fixtures that all tests may ask for; each lives in a file of its own."""

import signal

# A shell that starts the tests in the background has them ignore SIGINT, and every program that
# they start would inherit it.
signal.signal(signal.SIGINT, signal.default_int_handler)

pytest_plugins = [
    "tests.fixtures.buckets",
    "tests.fixtures.registry",
    "tests.fixtures.docker_engine",
    "tests.fixtures.serving",
    "tests.fixtures.golden",
    "tests.fixtures.installation",
    "tests.fixtures.mosquitto",
    "tests.fixtures.streaming",
    "tests.fixtures.console",
    "tests.fixtures.tiny_pipelines",
    "tests.fixtures.browser",
]
