"""`/login` and `/logout`."""

import math
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from slipway.console.access import user_of
from slipway.console.csrf import form_of
from slipway.console.replies import see_other
from slipway.console.sessions import Session
from slipway.console.site import site_of


def login(request: Request) -> Response:
    """The form."""
    site = site_of(request)
    if not site.door.login or site.door.user(request, request.state.session):
        return RedirectResponse(_inside(request.query_params.get("next", "")), 303)
    return site.render(
        request, "login.html", next=request.query_params.get("next", ""), name="", problem=""
    )


def log_in(request: Request) -> Response:
    """Let somebody in, or say that it was not right."""
    site = site_of(request)
    form = form_of(request)
    name, password, after = (str(form.get(key, "")) for key in ("name", "password", "next"))
    address = request.client.host if request.client else ""
    keys = (f"name {name[:100]}", f"address {address}")
    if wait := site.throttle.attempt(*keys):
        told = f"Too many failed logins. Try again in {math.ceil(wait)} s."
        return _again(request, 429, told)
    account = site.users.log_in(name, password)
    if account is None:
        site.trail_of(name or "nobody").note("login.refused", name, address=address)
        return _again(request, 403, "Name or password is not right.")
    site.throttle.succeeded(*keys)
    request.state.session = Session.new(account.name, account.mark)
    site.trail_of(account.name).note("login.ok", account.name, address=address)
    return see_other(request, _inside(after))


def log_out(request: Request) -> Response:
    """Forget who this browser is."""
    site = site_of(request)
    site.trail(request).note("logout", user_of(request).name)
    request.state.session = replace(Session.new(), message="You are logged out.")
    return see_other(request, "/login")


def _again(request: Request, status: int, problem: str) -> Response:
    """The form with what was typed, but for the password."""
    form = form_of(request)
    typed = {key: str(form.get(key, "")) for key in ("name", "next")}
    return site_of(request).render(request, "login.html", status=status, problem=problem, **typed)


def _inside(path: str) -> str:
    """A path of this console, and never another site's."""
    safe = path.startswith("/") and not path.startswith("//") and "\\" not in path
    return path if safe and path.isprintable() else "/"


ROUTES = [
    Route("/login", login),
    Route("/login", log_in, methods=["POST"]),
    Route("/logout", log_out, methods=["POST"]),
]
