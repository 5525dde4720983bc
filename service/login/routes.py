"""/login: the pages on which people log in by name, change their password, and go to a provider of logins."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import parse_qs, parse_qsl, urlencode

import orjson
from flask import Blueprint, Response, current_app, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from ingestion.identifiers.recognise import scrubbed
from investigations.casebook.user_files import Change
from investigations.users import AuditAction, AuditEntry, AuditWay, DeskUser
from service.http import web_assets
from service.http.callers import sessions
from service.http.calls import app_context
from service.http.limits.rate_limits import RateLimit
from service.login import oidc, passwords
from service.login.words import LANGUAGES, words

log = logging.getLogger("ringfence.login")
bp = Blueprint("login", __name__, url_prefix="/login", template_folder="templates")

# attempts from one address, and for one name: so many at once, then one in so many seconds
BY_ADDRESS_S, BY_ADDRESS = 0.2, 10
BY_NAME_S, BY_NAME = 1 / 30, 10
ATTEMPT_S = 600  # how long somebody may be with the provider
_FORM, _AWAY = "form", "provider"  # endings of the names of the other two cookies
NOBODY = "nobody known"  # in the trail: what was typed as a name may have been a password


@dataclass(frozen=True)
class LoginDesk:
    """What the pages need of the process: how often somebody may try, and the provider of the settings."""

    by_address: RateLimit
    by_name: RateLimit
    provider: oidc.LoginProvider | None


def desk_for(
    folder: Path | None, provider: oidc.LoginProvider | None, machines: Callable[[], int]
) -> LoginDesk:
    """The same for all workers that share `folder`; each of so many `machines` takes its part of attempts."""
    return LoginDesk(
        RateLimit(BY_ADDRESS_S, BY_ADDRESS, folder and folder / "logins.buckets", machines=machines),
        RateLimit(BY_NAME_S, BY_NAME, folder and folder / "names.buckets", machines=machines),
        provider,
    )


@bp.get("")
def page() -> AnyResponse:
    """The page on which one logs in; whoever has is sent on. `to` is the query of the desk's address that was
    asked for.
    """
    if sessions.user_of(request, app_context()) is not None:
        return redirect(_desk(request.args.get("to", "")), 303)
    return _login_page(request.args.get("to", ""))


@bp.post("")
def enter() -> AnyResponse:
    """Log in with name and password."""
    form = request.form
    to, name = form.get("to", ""), form.get("name", "")
    if not _own_form(form.get("token", "")):
        return _login_page(to, "stale", 403)
    login = _login()
    wait = max(
        login.by_address.wait(request.remote_addr or ""), login.by_name.wait(name.strip().lower()[:64])
    )
    if wait > 0:
        answer = _login_page(to, "too_many", 429)
        answer.headers["Retry-After"] = str(math.ceil(wait))
        return answer
    users = app_context().casebook.users
    user = passwords.verified(users, name, form.get("password", ""))
    if user is not None and (entered := _entered(user, to)) is not None:
        return entered
    _refused(_known(name))
    return _login_page(to, "refused", 401)


@bp.get("/provider")
def to_provider() -> AnyResponse:
    """Go to the provider of logins."""
    provider, to = _login().provider, request.args.get("to", "")
    if provider is None:
        return redirect(url_for("login.page"), 303)
    attempt = oidc.LoginAttempt()
    try:
        answer = redirect(provider.address(attempt), 303)
    except oidc.ProviderError as error:
        log.warning("nobody can log in through the provider: %s", error)
        return _login_page(to, error.word, 502)
    # Lax: the way back comes from the provider's page
    _set(answer, _AWAY, f"{attempt.secret}.{urlencode({'to': to})}", "Lax", ATTEMPT_S)
    return answer


@bp.get("/callback")
def callback() -> AnyResponse:
    """The way back from the provider, whose claims say who it is and what they may do."""
    provider = _login().provider
    secret, _, kept = _cookie(_AWAY).partition(".")
    if provider is None or not secret:
        return _login_page("", "stale", 400)
    to = _unquoted(kept)
    if _login().by_address.wait(request.remote_addr or "") > 0:
        return _login_page(to, "too_many", 429)
    change = _change("the provider", AuditWay.PROVIDER)
    try:
        claims = provider.claims(oidc.LoginAttempt(secret), request.args)
        user = oidc.user_of(app_context().casebook.users, provider, claims, change)
        answer = _entered(user, to, AuditWay.PROVIDER)
        if answer is None:
            raise oidc.ProviderError("provider_refused", f"the user {user.name} was changed meanwhile")
    except oidc.ProviderError as error:
        log.warning("a login through the provider was refused: %s", error)
        _refused(NOBODY, AuditWay.PROVIDER, str(error))
        answer = _login_page(to, error.word, 502 if error.word == "provider_away" else 403)
    _set(answer, _AWAY, "", "Lax")
    return answer


@bp.get("/password")
def password() -> AnyResponse:
    """The page on which one changes the password; whoever has not logged in does that first."""
    user = sessions.user_of(request, app_context())
    return redirect(url_for("login.page"), 303) if user is None else _password_page(user)


@bp.post("/password")
def change_password() -> AnyResponse:
    """Change the password: every other session of the user ends."""
    context, form = app_context(), request.form
    user = context.casebook.users.named(g.caller.name)
    if user is None or user.password is None:
        return _password_page(user, "no_password", 409)
    wait = max(_login().by_name.wait(user.name), _login().by_address.wait(request.remote_addr or ""))
    if wait > 0:
        return _password_page(user, "too_many", 429)
    if not passwords.is_right(user.password, form.get("old", "")):
        return _password_page(user, "old_wrong", 403)
    new = form.get("new", "")
    if new != form.get("again", ""):
        return _password_page(user, "not_same", 422)
    try:
        passwords.refuse_unfit(new, user.name, context.settings.password_characters)
    except passwords.PasswordError as error:
        return _password_page(user, error.word, 422)
    kept = passwords.hashed(new)
    context.casebook.users.set_password(user.name, kept, _change(user.name))
    answer = _page("change_title", done="changed")
    _begin(answer, replace(user, password=kept), AuditWay.SESSION)
    return answer


@bp.post("/out")
def leave() -> Response:
    """Log out."""
    caller = g.caller
    app_context().casebook.users.end_session(caller.session, caller.name, _change(caller.name))
    answer = Response(orjson.dumps({"login": url_for("login.page")}), mimetype="application/json")
    sessions.set_cookie(answer, request, app_context().settings, "")
    return answer


def _entered(user: DeskUser, to: str, way: AuditWay = AuditWay.SESSION) -> AnyResponse | None:
    """The way to the desk with a new session; None where the user was changed meanwhile."""
    answer = redirect(_desk(to), 303)
    return answer if _begin(answer, user, way) else None


def _begin(answer: AnyResponse, user: DeskUser, way: AuditWay) -> bool:
    context, session = app_context(), sessions.new_id()
    begun = context.casebook.users.begin_session(
        sessions.digest_of_id(session), user, sessions.terms(context.settings), _change(user.name, way)
    )
    if begun:
        sessions.set_cookie(answer, request, context.settings, session)
    return begun


def _refused(by: str, way: AuditWay = AuditWay.SESSION, detail: str | None = None) -> None:
    entry = AuditEntry(
        at=g.arrived, by=by, way=way, action=AuditAction.LOGIN_REFUSED,
        detail=detail and scrubbed(detail)[:200], request_id=g.request_id,
    )  # fmt: skip
    app_context().casebook.audit.add([entry])


def _known(name: str) -> str:
    """The name for the trail, where it is a user's."""
    typed = name.strip().lower()
    user = app_context().casebook.users.named(typed)
    return user.name if user is not None else NOBODY


def _change(by: str, way: AuditWay = AuditWay.SESSION) -> Change:
    return Change(by=by, at=g.arrived, way=way, request_id=g.request_id)


def _login() -> LoginDesk:
    return current_app.extensions["ringfence.login"]  # type: ignore[no-any-return]


def _desk(to: str) -> str:
    """The desk's address with that query: nobody is ever sent elsewhere."""
    query = urlencode(parse_qsl(to, keep_blank_values=True))
    return url_for("desk.page") + (f"?{query}" if query else "")


def _unquoted(kept: str) -> str:
    return parse_qs(kept).get("to", [""])[0]


def _login_page(to: str, problem: str = "", status: int = 200) -> AnyResponse:
    kept = _cookie(_FORM) or sessions.new_id()
    more = {"token": sessions.token_of(kept), "provider": _login().provider, "with_key": _desk(f"key=&{to}")}
    answer = _page("title", problem, status, to=to, **more)
    _set(answer, _FORM, kept, "Strict")
    return answer


def _password_page(user: DeskUser | None, problem: str = "", status: int = 200) -> AnyResponse:
    token = sessions.token_of(sessions.session_id(request, app_context().settings))
    return _page("change_title", problem, status, token=token, name=user.name if user else "")


def _page(heading: str, problem: str = "", status: int = 200, **more: object) -> AnyResponse:
    least = app_context().settings.password_characters
    language = _language()
    other = LANGUAGES[1 - LANGUAGES.index(language)]
    here = url_for(
        "login.page" if heading == "title" else "login.password", lang=other, to=more.get("to") or None
    )
    text = render_template(
        "login.html", heading=heading, problem=problem, language=language, say=words(language, least=least),
        version=web_assets.version("login"), here=here, **more,
    )  # fmt: skip
    return Response(text, status=status, mimetype="text/html")


def _language() -> str:
    asked = request.values.get("lang", "")
    if asked in LANGUAGES:
        return asked
    return request.accept_languages.best_match(LANGUAGES, "en") or "en"


def _own_form(token: str) -> bool:
    """Whether a form was ours, for this browser: nobody logs somebody in as another without their knowing."""
    kept = _cookie(_FORM)
    return bool(kept) and sessions.same(token, sessions.token_of(kept))


def _cookie(ending: str) -> str:
    return request.cookies.get(f"{sessions.cookie_name(request, app_context().settings)}-{ending}", "")


def _set(answer: AnyResponse, ending: str, value: str, same_site: str, seconds: int | None = None) -> None:
    settings = app_context().settings
    name = f"{sessions.cookie_name(request, settings)}-{ending}"
    answer.set_cookie(
        name, value, max_age=seconds if value else 0, path="/", httponly=True, samesite=same_site,
        secure=sessions.over_tls(request, settings),
    )  # fmt: skip
