"""A manager interface for tests: signs in, answers QueueStatus, sends the events it is told to; real sockets."""

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager

SECRET = "a secret of the tests"


def messages(raw: bytes) -> list[dict[str, str]]:
    """The messages in captured bytes."""
    found = []
    for block in raw.replace(b"\r\n", b"\n").split(b"\n\n"):
        fields = [line.partition(": ") for line in block.decode("utf-8", "replace").split("\n")]
        message = {name: value.strip() for name, colon, value in fields if colon}
        if message:
            found.append(message)
    return found


def wire(message: dict[str, str], **more: str) -> bytes:
    return "".join(f"{name}: {value}\r\n" for name, value in {**message, **more}.items()).encode() + b"\r\n"


class Asterisk(socketserver.ThreadingTCPServer):
    """`answer` are the messages of QueueStatus; `mute` answers nothing, `denied` refuses the question."""

    allow_reuse_address = daemon_threads = True

    def __init__(self, port: int = 0):
        super().__init__(("127.0.0.1", port), Session)
        self.answer: list[dict[str, str]] = []
        self.mute = self.denied = False
        self.logins: list[bool] = []
        self.actions: list[str] = []
        self.sessions: list[socket.socket] = []
        self.asked = threading.Condition()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def send(self, *events: dict[str, str], pieces: int = 0) -> None:
        """Sends events to everybody who is signed in, in pieces of so many bytes if given."""
        raw = b"".join(wire(event) for event in events)
        for session in self.sessions:
            for start in range(0, len(raw), pieces or len(raw) or 1):
                session.sendall(raw[start:start + (pieces or len(raw))])

    def hang_up(self) -> None:
        for session in self.sessions:
            session.shutdown(socket.SHUT_RDWR)
        self.sessions.clear()

    def wait(self, count: int, action: str = "QueueStatus") -> None:
        """Until that many of these actions have come."""
        with self.asked:
            assert self.asked.wait_for(lambda: self.actions.count(action) >= count, 20), self.actions


class Session(socketserver.StreamRequestHandler):
    server: Asterisk

    def handle(self) -> None:
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.wfile.write(b"Asterisk Call Manager/5.0.5\r\n")
        message: dict[str, str] = {}
        for raw in self.rfile:
            line = raw.decode().strip()
            if line:
                name, _, value = line.partition(": ")
                message[name] = value
            elif message:
                if not self.act(message):
                    return
                message = {}

    def act(self, message: dict[str, str]) -> bool:
        action, number, going = message.get("Action", ""), message.get("ActionID", ""), True
        if action == "Login":
            good = message.get("Secret") == SECRET
            self.server.logins.append(good)
            if not self.server.mute:
                self.wfile.write(wire({"Response": "Success" if good else "Error", "ActionID": number,
                                       "Message": "Authentication accepted" if good else "Authentication failed"}))
                going = good
            if good:
                self.server.sessions.append(self.request)
        elif action == "QueueStatus" and self.server.denied:
            self.wfile.write(wire({"Response": "Error", "ActionID": number, "Message": "Permission denied"}))
        elif action == "QueueStatus" and not self.server.mute:
            self.wfile.write(b"".join([
                wire({"Response": "Success", "ActionID": number, "EventList": "start",
                      "Message": "Queue status will follow"}),
                *(wire(event, ActionID=number) for event in self.server.answer),
                wire({"Event": "QueueStatusComplete", "ActionID": number, "EventList": "Complete"})]))
        with self.server.asked:
            self.server.actions.append(action)
            self.server.asked.notify_all()
        return going


@contextmanager
def asterisk(port: int = 0) -> Iterator[Asterisk]:
    with Asterisk(port) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            for session in server.sessions:
                session.close()
