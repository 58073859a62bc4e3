"""The templates and what they know beside what a page gives them.

- `csrf()`: the token that each `<form method="post">` has to hold
- `user()`, `can("run")`: who looks, and whether they may
- `flash()`: what the page before had to say, once
- `url_with(page=2)`: this page's address with other filters; None or "" takes one out
- `asset("console.css")`: the address of a file of `static/`
- `|when`: unix seconds as a point in time; `|ago`: how long that is ago; `|seconds`: a duration
"""

import hashlib
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup
from starlette.requests import Request

from slipway.console.access import Role, User
from slipway.console.csrf import FIELD
from slipway.console.sessions import Cookies

STATIC = Path(__file__).parent / "static"
_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def environment(cookies: Cookies) -> Environment:
    """The templates; the cookies are what the tokens of forms are made with."""
    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )

    @pass_context
    def csrf(context: Context) -> Markup:
        token = cookies.token(_request(context).state.session)
        return Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, token)

    made.globals.update(
        csrf=csrf, user=_user, can=_can, flash=_flash, url_with=_url_with, asset=_assets()
    )
    made.filters.update(when=when, ago=ago, seconds=seconds)
    return made


def when(unix: float) -> Markup:
    """A point in time, to the second, in the console's time zone."""
    machine = datetime.fromtimestamp(unix, UTC).isoformat(timespec="seconds")
    people = datetime.fromtimestamp(unix).strftime("%Y-%m-%d %H:%M:%S")
    return Markup('<time datetime="{}">{}</time>').format(machine, people)


def ago(unix: float) -> Markup:
    """How long a point in time is ago; the point itself is the tooltip."""
    machine = datetime.fromtimestamp(unix, UTC).isoformat(timespec="seconds")
    people = datetime.fromtimestamp(unix).strftime("%Y-%m-%d %H:%M:%S")
    passed = time.time() - unix
    told = "just now" if passed < 1 else f"{seconds(passed)} ago"
    return Markup('<time datetime="{}" title="{}">{}</time>').format(machine, people, told)


def seconds(duration: float) -> str:
    """A duration in its largest unit and the next: `1 h 5 min`; below a minute with a decimal."""
    if duration < 9.95:
        return f"{duration:.1f} s"
    duration = round(duration)
    if duration < 60:
        return f"{duration} s"
    for (size, unit), (smaller, small_unit) in pairwise(_UNITS):
        if duration >= size:
            whole, rest = divmod(duration, size)
            part = rest // smaller
            return f"{whole} {unit} {part} {small_unit}" if part else f"{whole} {unit}"
    raise AssertionError(duration)


def _request(context: Context) -> Request:
    request: Request = context["request"]
    return request


@pass_context
def _user(context: Context) -> User | None:
    """None on the login page."""
    user: User | None = getattr(_request(context).state, "user", None)
    return user


@pass_context
def _can(context: Context, role: str) -> bool:
    user = _user(context)
    return user is not None and user.role.includes(Role(role))


@pass_context
def _flash(context: Context) -> str:
    state = _request(context).state
    told: str = state.session.message
    if told:
        state.session = replace(state.session, message="")
    return told


@pass_context
def _url_with(context: Context, **changes: object) -> str:
    url = _request(context).url
    query = dict(_request(context).query_params)
    query.update({name: "" if value is None else str(value) for name, value in changes.items()})
    kept = {name: value for name, value in query.items() if value}
    return f"{url.path}?{urlencode(kept)}" if kept else url.path


def _assets() -> Callable[[str], str]:
    """Addresses that change with the files, which browsers may then keep for long."""
    digests = {
        path.relative_to(STATIC).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()[:12]
        for path in STATIC.rglob("*")
        if path.is_file()
    }

    def asset(name: str) -> str:
        return f"/static/{name}?{digests[name]}"

    return asset
