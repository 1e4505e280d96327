"""What the page server answers beside the pages: sign-in, sign-out, readiness; and who is sent to the sign-in first."""

import time
from collections import defaultdict, deque
from html import escape
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboards.acts import note_login
from dashboards.language import LANGUAGES, Tongue, tongue_of
from dashboards.page_roles import urls_for
from dashboards.settings import BACKGROUND, LINE, PANEL, QUIET, TEXT
from dashboards.visit import COOKIE
from plantsafe.clock import Clock
from plantsafe.errors import PlantsafeError
from plantsafe.store.access import SESSION_NS, role_of, session_of, set_language, sign_in, sign_out
from plantsafe.store.record import RecordReader

MAX_BODY = 4096  # bytes of a sign-in form (site default)
TRIES, TRIES_S = 5, 60.0  # wrong passwords for one name within a minute; then it waits (site default)


class Doors:
    """Sign-in and sign-out for one data folder. Remembers wrong tries, nothing else."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder, self._clock = folder, clock
        self._wrong: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=TRIES))

    def routes(self) -> list[Route]:
        """The routes beside the pages."""
        return [
            Route("/login", self.form, methods=["GET"]),
            Route("/login", self.login, methods=["POST"]),
            Route("/logout", self.logout, methods=["GET"]),
            Route("/readyz", self.ready, methods=["GET"]),
        ]

    async def form(self, request: Request) -> Response:
        """The sign-in page, plain HTML: works before anything else does."""
        return _page(_tongue(request), _onward(request.query_params.get("next", "/")), "")

    async def login(self, request: Request) -> Response:
        """Check name and password; a cookie for this browser only, or the form again."""
        tongue = _tongue(request)
        if not _from_here(request):
            return _page(tongue, "/", tongue("The form came from another site."), status=403)
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY:
                return _page(tongue, "/", tongue("The form is too large."), status=413)
        fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
        name, password, onward = (fields.get(key, [""])[0] for key in ("name", "password", "next"))
        onward = _onward(onward)
        if self._locked(name):
            return _page(tongue, onward, tongue("Too many wrong tries; wait a minute."), status=429)
        try:
            token = await run_in_threadpool(sign_in, self._folder, name, password, now_ns=time.time_ns())
            await run_in_threadpool(self._note, name, "sign-in" if token else "wrong password")
        except PlantsafeError as error:
            return _page(tongue, onward, str(error), status=503)
        if token is None:
            self._wrong[name].append(time.monotonic())
            return _page(tongue, onward, tongue("Wrong name or password."), status=401)
        self._wrong.pop(name, None)
        if tongue.code != tongue_of(request.headers.get("accept-language", "")).code:  # chosen on this page
            await run_in_threadpool(set_language, self._folder, name, tongue.code)
        answer = RedirectResponse(onward, status_code=303)
        answer.set_cookie(
            COOKIE,
            token,
            max_age=SESSION_NS // 1_000_000_000,
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )
        return answer

    async def logout(self, request: Request) -> Response:
        """End the session of this browser; not on the word of another site."""
        answer = RedirectResponse("/login", status_code=303)
        token = request.cookies.get(COOKIE, "")
        if request.headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none") and token:
            session = session_of(self._folder, token, now_ns=time.time_ns())
            await run_in_threadpool(sign_out, self._folder, token)
            if session is not None:
                await run_in_threadpool(self._note, session.name, "sign-out")
            answer.delete_cookie(COOKIE, httponly=True, samesite="lax")
        return answer

    async def ready(self, _: Request) -> Response:
        """200 once the record can be read; 503 with the reason before."""
        try:
            last = await run_in_threadpool(self._last_scan)
        except PlantsafeError as error:
            return JSONResponse({"ready": False, "reason": error.message}, status_code=503)
        return JSONResponse({"ready": True, "scan": last})

    def _last_scan(self) -> int:
        with RecordReader(self._folder) as reader:
            return reader.last_number()

    def _note(self, name: str, act: str) -> None:
        role = role_of(self._folder, name)
        if role is not None:
            note_login(self._folder, self._clock, name, role, act)

    def _locked(self, name: str) -> bool:
        tries = self._wrong.get(name)
        return tries is not None and len(tries) == TRIES and time.monotonic() - tries[0] < TRIES_S


class SignInFirst:
    """Sends whoever opens a page without a session to the sign-in page."""

    def __init__(self, app: ASGIApp, folder: Path) -> None:
        self._app, self._folder = app, folder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pages are what a browser asks for as text/html; scripts, sockets and probes go on."""
        if scope["type"] == "http" and scope["method"] == "GET":
            request = Request(scope)
            path = request.url.path
            wants_page = "text/html" in request.headers.get("accept", "")
            if wants_page and path not in ("/login", "/logout", "/readyz") and not path.startswith("/_stcore"):
                token = request.cookies.get(COOKIE, "")
                session = session_of(self._folder, token, now_ns=time.time_ns())
                elsewhere = ""
                if session is None:
                    here = f"{path}?{request.url.query}" if request.url.query else path
                    elsewhere = f"/login?next={quote(here)}"
                elif path.rstrip("/") == f"/{urls_for(session.role)[0]}":
                    elsewhere = "/"
                if elsewhere:
                    await RedirectResponse(elsewhere, status_code=303)(scope, receive, send)
                    return
        await self._app(scope, receive, send)


def _onward(path: str) -> str:
    """A path on this server, `/` for anything else."""
    parts = urlsplit(path)
    fine = path.startswith("/") and not parts.scheme and not parts.netloc and "\\" not in path and path.isprintable()
    return path if fine and not path.startswith("//") else "/"


def _from_here(request: Request) -> bool:
    """The form was sent from a page of this server (browsers say so in Origin)."""
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


def _tongue(request: Request) -> Tongue:
    """The language asked for in the address, else the browser's first."""
    asked = request.query_params.get("lang", "")
    return tongue_of(asked if asked in LANGUAGES else request.headers.get("accept-language", ""))


def _page(tongue: Tongue, onward: str, wrong: str, *, status: int = 200) -> HTMLResponse:
    links = " · ".join(
        f'<a href="/login?lang={code}&amp;next={quote(onward)}">{name}</a>' for code, name in LANGUAGES.items()
    )
    html = f"""<!doctype html><html lang="{tongue.code}"><head><meta charset="utf-8"><title>plantsafe</title>
<meta name="viewport" content="width=device-width"><style>
body {{background: {BACKGROUND}; color: {TEXT}; font: 15px "Noto Sans", "Noto Sans CJK SC", sans-serif}}
form {{width: 20rem; margin: 16vh auto 0; background: {PANEL}; border: 1px solid {LINE}; padding: 1.4rem}}
h1 {{font-size: 1.1rem; margin: 0 0 1rem}} label {{display: block; margin: .6rem 0 .2rem; color: {QUIET}}}
input {{width: 100%; box-sizing: border-box; padding: .45rem; border: 1px solid {LINE}; font: inherit}}
button {{margin-top: 1rem; padding: .5rem 1.2rem; border: 0; background: {TEXT}; color: #fff; font: inherit}}
p {{margin: .8rem 0 0}} a {{color: {QUIET}}} .wrong {{border: 2px solid {TEXT}; background: #fff; padding: .4rem}}
</style></head><body><form method="post" action="/login?lang={tongue.code}">
<h1>plantsafe · {escape(tongue("Sign in"))}</h1>
<label for="name">{escape(tongue("Name"))}</label><input id="name" name="name" autocomplete="username" autofocus>
<label for="password">{escape(tongue("Password"))}</label>
<input id="password" name="password" type="password" autocomplete="current-password">
<input type="hidden" name="next" value="{escape(onward)}">
<button type="submit">{escape(tongue("Sign in"))}</button>
{f'<p class="wrong">{escape(wrong)}</p>' if wrong else ""}
<p>{links}</p></form></body></html>"""
    return HTMLResponse(html, status_code=status, headers={"cache-control": "no-store", "x-frame-options": "DENY"})
