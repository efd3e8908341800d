"""What browsers are told and asked: response headers, where a form came from, where it may lead."""

from collections.abc import Iterable
from urllib.parse import unquote, urlsplit

from flask import Request, Response

POLICY = ("default-src 'self'; script-src {scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
          "font-src 'self'; connect-src 'self'; media-src 'self' blob:; object-src 'none'; base-uri 'self'; "
          "form-action 'self'; frame-ancestors 'none'")
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
YEAR = 31_536_000


def policy(hashes: Iterable[str] = ()) -> str:
    """The Content-Security-Policy that allows our own files and these inline scripts ('sha256-…')."""
    quoted = (f"'{one.strip(chr(39))}'" for one in hashes)
    return POLICY.format(scripts=" ".join(["'self'", *quoted]))


def dress(request: Request, response: Response, hashes: Iterable[str], *, asset: bool) -> Response:
    """Puts the headers on; a view that has set one of its own (such as a policy for its page) keeps it."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Content-Security-Policy", policy(hashes))
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", f"max-age={YEAR}")
    if asset and request.endpoint == "auth.static" and "v" in request.args:
        response.headers["Cache-Control"] = f"public, max-age={YEAR}, immutable"
    if not asset or response.status_code >= 400:
        response.headers["Cache-Control"] = "no-store"
    return response


def foreign(request: Request, allowed: Iterable[str] = ()) -> bool:
    """Whether a browser says that the request was made by a page of somebody else.

    `Sec-Fetch-Site` where there is one (only over https and on the machine itself), else `Origin`. A
    program that is no browser sends neither, and has no cookies that anybody could borrow.
    """
    origin = request.headers.get("Origin")
    if origin and origin in set(allowed):
        return False
    site = request.headers.get("Sec-Fetch-Site")
    if site:
        return site not in ("same-origin", "none")
    if origin is None:
        return False
    try:
        return urlsplit(origin).netloc.lower() != request.host.lower()
    except ValueError:
        return True


def local(target: str | None, prefix: str = "/") -> str:
    """`target` if it is a path of this program, else the first page."""
    if not target or not target.startswith(prefix) or len(target) > 2000 or any(map(_blank, target)):
        return prefix
    # What a browser or a proxy may make of it: it drops tabs and line ends, and reads a backslash as a slash.
    for form in (target, unquote(target), unquote(unquote(target))):
        path = form.split("?", 1)[0]
        if path.startswith("//") or "\\" in path or any(map(_control, path)):
            return prefix
    return target


def _control(character: str) -> bool:
    return ord(character) < 32 or ord(character) == 127


def _blank(character: str) -> bool:
    return character == " " or _control(character)
