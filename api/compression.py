"""Answers are compressed for browsers that ask for it, so that a page is quick over a VPN with no proxy in front."""

from dash.fingerprint import check_fingerprint
from flask import Flask, Request, Response
from flask_compress import Compress

SCRIPTS = "_dash-component-suites/"


def _script(request: Request) -> str:
    """The file of a component that is asked for, "" for any other request.

    Without the mark of its version, which may be anything: there are as many names as files.
    """
    _, found, path = request.path.partition(SCRIPTS)
    return check_fingerprint(path)[0] if found else ""


class Scripts:
    """The compressed scripts of components, kept as long as the process: their files do not change meanwhile.

    Nothing else is kept: what one person was answered is no answer for another.
    """

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def get(self, key: str) -> bytes | None:
        return self.kept.get(key)

    def set(self, key: str, value: bytes) -> None:
        if not key.endswith(";"):  # "gzip;" is what the library makes of no name
            self.kept[key] = value


def install(server: Flask) -> Compress:
    """Compresses text of half a kilobyte and more; sound, workbooks and PDF are compressed by themselves, CSV leaves as
    it is read. Call it before anything else that changes answers: the first is the last to see them."""
    server.config.update(
        COMPRESS_ALGORITHM=["br", "gzip"], COMPRESS_ALGORITHM_STREAMING=["br", "gzip"], COMPRESS_LEVEL=5,
        COMPRESS_BR_LEVEL=2,  # a third of the work of the library's own choice, for a twentieth more bytes
        COMPRESS_CACHE_BACKEND=Scripts, COMPRESS_CACHE_KEY=_script)
    made = Compress(server)
    server.after_request(_closing)
    return made


def _closing(response: Response) -> Response:
    """A file is closed with its answer also where none of it is read: the stream that compresses would not do it."""
    close = getattr(response.response, "close", None)
    if close:
        response.call_on_close(close)
    return response


def revalidated(server: Flask, made: Compress) -> None:
    """Files sent from a folder are compressed as they leave; a browser that has one already is not sent it again. Call
    it when every route is there."""
    made.streaming_endpoint_with_conditional = {
        rule.endpoint for rule in server.url_map.iter_rules() if rule.arguments & {"filename", "name"}}
