"""nginx and Apache with the files of deploy/proxy before the production line: TLS, a prefix, and who asked."""

import contextlib
import gzip
import io
import re
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import openpyxl
import pytest
from playwright.sync_api import expect

from tests.browsing import PASSWORD, ROOT, Watch, free_port, person, sign_in
from tests.deploy.conftest import Visitor, up
from tests.deploy.machine import wait_for
from tests.sounds import record

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("proxies")]
PREFIX = "/analytics/"
CLIENT, OTHER, LIAR = "127.0.0.5", "127.0.0.6", "203.0.113.9"
NAMES = ("nginx", "apache", "apache before nginx")
MODULES = (
    "mpm_event",
    "authz_core",
    "alias",
    "deflate",
    "filter",
    "headers",
    "proxy",
    "proxy_http",
    "rewrite",
    "socache_shmcb",
    "ssl",
)
THEN = int(time.time()) - 3600
CALLID = f"{THEN}.7"


@contextlib.contextmanager
def running(words, log: Path, answers, **more):
    """A server in a process of its own until it is no longer needed."""
    with log.open("wb") as output:
        process = subprocess.Popen(words, stdout=output, stderr=subprocess.STDOUT, **more)
    try:
        wait_for(lambda: process.poll() is not None or answers(), lambda: log.read_text(errors="replace"), 90)
        assert process.poll() is None, log.read_text(errors="replace")
        yield process
    finally:
        process.terminate()
        process.wait(timeout=20)


def nginx(folder: Path, app: int, http: int, https: int, inner: int) -> str:
    shipped = (ROOT / "deploy" / "proxy" / "nginx.conf").read_text()
    assert shipped.count("127.0.0.1:8000") == 1
    upstream, plain, secure = re.split(r"(?m)^(?=server \{)", shipped.replace("127.0.0.1:8000", f"127.0.0.1:{app}"))
    plain = re.sub(r"listen 80;\n.*\n", f"listen 127.0.0.1:{http};\n", plain)
    front = re.sub(r"listen 443 ssl;\n.*\n", f"listen 127.0.0.1:{https} ssl;\n", secure)
    front = front.replace("/etc/ssl/certs/call-center-analytics.pem", str(folder / "cert.pem")).replace(
        "/etc/ssl/private/call-center-analytics.key", str(folder / "key.pem")
    )
    # As the file says for a place behind another proxy: no TLS of its own, and the other one's word is passed on.
    behind = re.sub(r"listen 443 ssl;\n.*\n", f"listen 127.0.0.1:{inner};\n", secure)
    behind = (
        re.sub(r"(?m)^ *ssl_.*\n", "", behind)
        .replace("proxy_set_header X-Forwarded-Proto $scheme;", "")
        .replace("# proxy_set_header X-Forwarded-Proto", "proxy_set_header X-Forwarded-Proto")
    )
    places = "".join(
        f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"user root; daemon off; pid {folder}/nginx.pid; error_log stderr;\nevents {{}}\nhttp {{\n"
        f"include /etc/nginx/mime.types;\naccess_log off;\n{places}{upstream}{plain}{front}{behind}}}\n"
    )
    return str(folder / "nginx.conf")


def apache(folder: Path, target: int, http: int, https: int) -> str:
    shipped = (ROOT / "deploy" / "proxy" / "apache.conf").read_text()
    assert shipped.count("127.0.0.1:8000/") == 2
    (folder / f"apache-{https}.conf").write_text(
        "\n".join(
            [
                f"ServerRoot {folder}",
                f"PidFile {folder}/apache-{https}.pid",
                "ServerName localhost",
                "User www-data",
                f"Mutex file:{folder} default",
                "ErrorLog /dev/stderr",
                *(f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so" for name in MODULES),
                f"Listen 127.0.0.1:{http}",
                f"Listen 127.0.0.1:{https}",
                "<Directory />\nRequire all denied\n</Directory>",
                f"<VirtualHost 127.0.0.1:{http}>\n</VirtualHost>",
                f"<VirtualHost 127.0.0.1:{https}>\nSSLEngine on\nSSLCertificateFile {folder}/cert.pem\n"
                f"SSLCertificateKeyFile {folder}/key.pem\n</VirtualHost>",
                shipped.replace("127.0.0.1:8000/", f"127.0.0.1:{target}/"),
            ]
        )
        + "\n"
    )
    return str(folder / f"apache-{https}.conf")


@pytest.fixture(scope="module")
def house(root_here, tmp_path_factory):
    """The program under the prefix, nginx and Apache before it, and Apache before an nginx before it."""
    folder = tmp_path_factory.mktemp("proxies")
    folder.chmod(0o755)
    log = folder / "queue_log"
    log.write_text(
        f"{THEN - 60}|NONE|NONE|NONE|QUEUESTART|\n{THEN}|{CALLID}|600|NONE|ENTERQUEUE||3001112222|1\n"
        f"{THEN + 9}|{CALLID}|600|Ana Gómez|CONNECT|9|1.9|4\n{THEN + 29}|{CALLID}|600|Ana Gómez|COMPLETEAGENT|9|20|1\n"
    )
    moment = time.gmtime(THEN)
    sound = record(
        folder
        / "monitor"
        / time.strftime("%Y/%m/%d", moment)
        / f"q-600-3001112222-{time.strftime('%Y%m%d-%H%M%S', moment)}-{CALLID}.wav",
        20,
    )
    for username, role in (("ana", "admin"), ("sol", "supervisor"), ("eva", "manager")):
        person(folder, username, role)
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost,IP:127.0.0.1",
            "-keyout",
            str(folder / "key.pem"),
            "-out",
            str(folder / "cert.pem"),
        ],
        check=True,
        capture_output=True,
    )
    app, http, https, inner, a_http, a_https, c_http, c_https = (free_port() for _ in range(8))
    settings = {
        "PATH": "/usr/bin:/bin",
        "DATA_DIR": str(folder / "var"),
        "QUEUE_LOG_PATH": str(log),
        "TIMEZONE": "UTC",
        "RECORDINGS_DIR": str(folder / "monitor"),
        "SERVER_PORT": str(app),
        "URL_PREFIX": PREFIX,
        "TRUSTED_PROXIES": "127.0.0.1",
        "REFRESH_SECONDS": "0.5",
    }

    def listens(port):
        def ask():
            try:
                return Visitor(port).ask("GET", "/")
            except OSError:
                return None

        return ask

    with contextlib.ExitStack() as stack:
        stack.enter_context(
            running(
                [sys.executable, "-m", "gunicorn", "-c", str(ROOT / "deploy" / "gunicorn.conf.py"), "app:server"],
                folder / "app.log",
                lambda: (up(f"http://127.0.0.1:{app}{PREFIX}health") or {}).get("version"),
                env=settings,
                cwd=folder,
            )
        )
        stack.enter_context(
            running(
                ["nginx", "-p", str(folder), "-c", nginx(folder, app, http, https, inner)],
                folder / "nginx.log",
                listens(http),
            )
        )
        for target, one, other in ((app, a_http, a_https), (inner, c_http, c_https)):
            stack.enter_context(
                running(
                    ["apache2", "-D", "FOREGROUND", "-f", apache(folder, target, one, other)],
                    folder / f"apache-{other}.log",
                    listens(one),
                )
            )
        yield SimpleNamespace(
            folder=folder,
            log=log,
            sound=sound,
            app=app,
            certificate=folder / "cert.pem",
            ports={"nginx": (http, https), "apache": (a_http, a_https), "apache before nginx": (c_http, c_https)},
        )


@pytest.fixture(params=NAMES)
def front(house, request):
    """One of the fronts; `visitor()` is somebody new who comes to it with TLS from the address of a client."""
    http, https = house.ports[request.param]
    return SimpleNamespace(
        name=request.param,
        http=http,
        https=https,
        house=house,
        folder=house.folder,
        visitor=lambda source=CLIENT: Visitor(https, source, house.certificate, PREFIX),
    )


def audited(house) -> list[dict]:
    """What was audited, the newest first."""
    return Visitor(house.app, prefix=PREFIX).bear("ana").json("api/audit?page_size=20")["data"]["entries"]


def test_signing_in_under_tls_that_ends_at_the_proxy(front):
    visitor = front.visitor()
    first = visitor.ask("GET", "")
    assert first.status == 302
    assert first.headers["Location"] == f"{PREFIX}login"
    entered = visitor.sign_in("sol")
    assert (entered.status, entered.headers["Location"]) == (303, PREFIX), entered.data
    (session,) = (line for line in entered.set if "HttpOnly" in line)
    for word in ("Secure", "HttpOnly", "SameSite=Lax", f"Path={PREFIX}"):
        assert word in session.split("; "), session
    page = visitor.ask("GET", "", Accept_Encoding="gzip")
    assert page.status == 200
    assert page.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert page.headers["Content-Encoding"] == "gzip"
    page = gzip.decompress(page.data).decode()
    assert "Call Center Analytics" in page
    script = re.search(r'src="([^"]*plotly-cartesian[^"]*)"', page) or re.search(r'src="([^"]*[.]js[^"]*)"', page)
    loaded = visitor.ask("GET", script[1].removeprefix(PREFIX), Accept_Encoding="gzip")
    assert (loaded.status, loaded.headers["Content-Encoding"]) == (200, "gzip")
    assert (
        visitor.ask(
            "POST", "_dash-update-component", "{}", Content_Type="application/json", Origin="https://elsewhere.example"
        ).status
        == 403
    )
    out = visitor.ask(
        "POST",
        "logout",
        "",
        Origin=f"https://localhost:{front.https}",
        Host=f"localhost:{front.https}",
        Content_Type="application/x-www-form-urlencoded",
    )
    assert out.status in (302, 303), out.data
    assert out.headers["Location"].startswith(PREFIX)
    assert visitor.ask("GET", "").status == 302


def test_without_tls_there_is_only_the_way_to_it(front):
    visitor = Visitor(front.http, CLIENT)
    for path in (PREFIX, f"{PREFIX}calls?start=2026-03-01&agent=Ana%20G%C3%B3mez", f"{PREFIX}login"):
        answer = visitor.ask("GET", path, Host="telefonia.example")
        assert (answer.status, answer.headers["Location"]) == (301, f"https://telefonia.example{path}")
    assert not visitor.cookies
    bare = Visitor(front.https, CLIENT, front.house.certificate).ask("GET", "analytics")
    assert bare.status == 301
    assert bare.headers["Location"].endswith(PREFIX)


def test_the_audit_has_the_clients_address_and_not_what_he_says_of_himself(front):
    lies = {
        "X_Forwarded_For": LIAR,
        "X_Real_IP": LIAR,
        "Forwarded": f"for={LIAR};proto=http",
        "X_Forwarded_Proto": "http",
        "X_Forwarded_Host": "evil.example",
        "X_Forwarded_Prefix": "/evil",
        "Client_IP": LIAR,
    }
    for more in ({}, lies, {"X_Forwarded_For": f"127.0.0.1, {LIAR}, 127.0.0.1"}):
        answer = front.visitor().sign_in("sol", **more)
        assert answer.headers["Location"] == PREFIX
        assert all("Secure" in line for line in answer.set)
        (newest,) = [line for line in audited(front.house) if line["user"] == "sol"][:1]
        assert newest["address"] == CLIENT, newest


def test_past_the_proxy_nobody_is_believed(house):
    answer = Visitor(house.app, OTHER, prefix=PREFIX).sign_in("eva", X_Forwarded_For=LIAR, X_Forwarded_Proto="https")
    assert answer.status == 303
    assert not any("Secure" in line for line in answer.set)
    assert "Strict-Transport-Security" not in answer.headers
    (newest,) = [line for line in audited(house) if line["user"] == "eva"][:1]
    assert newest["address"] == OTHER


def test_recordings_are_served_in_the_parts_that_a_player_asks_for(front):
    visitor = front.visitor().bear("sol")
    (described,) = visitor.json(f"api/recordings/{CALLID}")["data"]["recordings"]
    path = described["stream"].removeprefix(PREFIX)
    whole = visitor.ask("GET", path, Accept_Encoding="gzip, br")
    assert (whole.status, whole.headers["Accept-Ranges"], whole.headers["Content-Encoding"]) == (200, "bytes", None)
    assert whole.data == front.house.sound.read_bytes()
    size = len(whole.data)
    for asked, part in (
        ("bytes=0-1", slice(0, 2)),
        ("bytes=1000-1999", slice(1000, 2000)),
        ("bytes=-500", slice(-500, None)),
        (f"bytes={size - 10}-", slice(-10, None)),
    ):
        answer = visitor.ask("GET", path, Range=asked)
        assert answer.status == 206
        assert answer.data == whole.data[part]
        assert answer.headers["Content-Range"].endswith(f"/{size}")
    assert visitor.ask("GET", path, Range=f"bytes={size}-").status == 416


def test_reports_are_downloaded_whole(front):
    visitor, days = front.visitor().bear("eva"), "start_date=2020-01-01&end_date=2040-12-31"
    excel = visitor.ask("GET", f"api/reports/export/calls/excel?{days}")
    assert excel.status == 200, excel.data
    assert "attachment" in excel.headers["Content-Disposition"]
    assert any(
        CALLID in map(str, row)
        for sheet in openpyxl.load_workbook(io.BytesIO(excel.data))
        for row in sheet.iter_rows(values_only=True)
    )
    text = visitor.ask("GET", f"api/reports/export/calls/csv?{days}", Accept_Encoding="gzip")
    assert CALLID.encode() in (gzip.decompress(text.data) if text.headers["Content-Encoding"] else text.data)


def test_the_live_page_goes_on_by_itself(front, chromium):
    address = f"https://localhost:{front.https}{PREFIX}"
    context = chromium.new_context(ignore_https_errors=True, locale="es-PE")
    page = context.new_page()
    watch = Watch(page, address)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{address}live")
    sign_in(page, username="sol")
    page.wait_for_selector("#live[data-version]")
    tile = page.locator(".tile-waiting .tile-value")
    waiting = int(tile.inner_text())
    now = int(time.time())
    with front.house.log.open("a") as log:
        log.write(f"{now}|{now}.{front.https}|600|NONE|ENTERQUEUE||3009990000|1\n")
    expect(tile).to_have_text(str(waiting + 1))
    context.close()
    assert watch.noise == [] and watch.foreign == []
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []
    assert PASSWORD not in front.folder.joinpath("app.log").read_text()
