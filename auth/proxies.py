"""What a proxy of ours says of a client is believed; what anybody else says of himself is not."""

import ipaddress
from collections.abc import Callable, Iterable, Sequence
from typing import Any

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def networks(words: str) -> tuple[Network, ...]:
    """`127.0.0.1, 10.0.0.0/8` as networks; ValueError naming what is none."""
    return tuple(ipaddress.ip_network(word.strip()) for word in words.split(",") if word.strip())


class Proxies:
    """A WSGI application behind proxies at known addresses: the client's address and scheme are what they say."""

    def __init__(self, application: Callable[..., Iterable[bytes]], known: Sequence[Network]) -> None:
        self.application, self.known = application, known

    def ours(self, address: str) -> bool:
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(found in network for network in self.known)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if self.ours(environ.get("REMOTE_ADDR", "")):
            # Each proxy adds whom it spoke to at the end; the first that is none of ours is the client.
            for address in reversed(environ.get("HTTP_X_FORWARDED_FOR", "").split(",")):
                if not (named := _address(address)):
                    break
                environ["REMOTE_ADDR"] = named
                if not self.ours(named):
                    break
            scheme = environ.get("HTTP_X_FORWARDED_PROTO", "").split(",")[-1].strip()
            if scheme in ("http", "https"):
                environ["wsgi.url_scheme"] = scheme
        return self.application(environ, start_response)


def _address(word: str) -> str | None:
    try:
        return str(ipaddress.ip_address(word.strip()))
    except ValueError:
        return None
