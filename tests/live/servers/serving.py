"""What the servers of the live tests share: installing with a reason, starting, waiting until ready, and stopping with the parent.

    python3 SERVER.py install DIR              into DIR/SERVER; does nothing when that version is there
    python3 SERVER.py start DIR PORT DATA      on 127.0.0.1:PORT, with its data in DATA, a directory that it makes

`start` makes the admin credential, writes it to DATA/credential (0600) and prints `ready URL`. It stops when its standard input
ends, so also when whoever started it is killed. `install` exits with 3 where something is not to be had on this machine, and
leaves the reason in DIR/SERVER.missing, where the tests read it; it exits with 1 where the installation itself is broken.
"""

import ctypes
import json
import os
import pathlib
import re
import secrets
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

UNAVAILABLE = 3
PATIENCE = 180.0  # seconds until a server must be ready


class Unavailable(Exception):
    """This server cannot be had on this machine."""


def tool(name):
    """The program of this name."""
    found = shutil.which(name)
    if not found:
        raise Unavailable(f"no `{name}` on this machine")
    return found


# What clients say when the registry cannot be reached or does not give the package. All else is a broken installation.
REFUSALS = re.compile(
    r"E40[1347]|E5\d\d|ENOTFOUND|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EAI_AGAIN|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT"
    r"|No matching distribution|Could not find a version|NewConnectionError|ConnectTimeout|ReadTimeout|Max retries exceeded"
    r"|Unable to locate package|has no installation candidate|Failed to fetch|Temporary failure resolving|Could not resolve"
)


def run(command, **options):
    """Runs a step of an installation; what it says last is the reason when it fails."""
    ended = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, capture_output=True, text=True, **options)
    if ended.returncode == 0:
        return
    said = [line.strip() for line in (ended.stdout + ended.stderr).splitlines() if line.strip()]
    reason = f"`{pathlib.Path(command[0]).name} {command[1]}` failed: " + " / ".join(said[-3:])
    refused = REFUSALS.search(ended.stdout + ended.stderr)
    raise Unavailable(f"{reason} ({refused.group()})") if refused else RuntimeError("\n".join([reason, *said[-30:]]))


def install(place, what, steps):
    """Runs the steps in an empty directory, once for each version."""
    mark = place / "installed"
    if mark.is_file() and mark.read_text() == what:
        return
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    steps(place)
    mark.write_text(what)


def npm(place, package):
    """Installs what this `package.json` asks for, without running scripts of packages."""
    (place / "package.json").write_text(json.dumps({"private": True, **package}))
    run([tool("npm"), "install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], cwd=place)


def drawn():
    """A fresh secret."""
    return secrets.token_hex(24)


def keep(data, text, name="credential"):
    """Writes the credential where only we read it."""
    with open(os.open(data / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)


def call(method, url, body=None, headers=None, opener=None):
    """One request to our server: status, headers, JSON or text."""
    sent = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=sent, method=method, headers={"Content-Type": "application/json", **(headers or {})})
    try:
        answer = (opener or DIRECT).open(request, timeout=30)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        text = answer.read().decode()
    try:
        return answer.status, answer.headers, json.loads(text)
    except ValueError:
        return answer.status, answer.headers, text


DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def die_with_us():
    """Where the system can, a child is killed when we are."""
    if sys.platform == "linux":
        PR_SET_PDEATHSIG = 1
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Server:
    """Processes of one server, the last started first to end."""

    def __init__(self, data):
        self.data = data
        self.children = []
        data.mkdir(parents=True)

    def spawn(self, command, env=None, stop=signal.SIGTERM, **options):
        """Starts a process of its own group; it writes to DATA/log."""
        log = open(self.data / "log", "ab")
        child = subprocess.Popen(
            [str(word) for word in command],
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=die_with_us,
            **options,
        )
        self.children.append((child, stop))
        return child

    def wait_for(self, ready):
        """Waits until this tells true, or ends with the last lines of the log."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and all(child.poll() is None for child, _ in self.children):
            try:
                if ready():
                    return
            except OSError:
                pass
            time.sleep(0.1)
        log = (self.data / "log").read_text(errors="replace").splitlines() if (self.data / "log").exists() else []
        self.stop()
        print("not ready: " + " / ".join(log[-12:]), file=sys.stderr)
        sys.exit(1)

    def answers(self, url):
        """Waits until a GET of this is answered with 200."""
        self.wait_for(lambda: call("GET", url)[0] == 200)

    def stop(self):
        for child, how in reversed(self.children):
            try:
                os.killpg(child.pid, how)
                child.wait(10)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                pass
            try:
                os.killpg(child.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def serve(self, url):
        """Says that it is ready, and stays until standard input ends."""
        for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(name, lambda *_: sys.exit(0))
        try:
            print(f"ready {url}", flush=True)
            sys.stdin.buffer.read()
        finally:
            self.stop()


def main(name, install_into, start):
    """Reads the command line of a server's script."""
    os.umask(0o022)
    words = sys.argv[1:]
    if len(words) == 2 and words[0] == "install":
        root = pathlib.Path(words[1]).absolute()
        missing = root / f"{name}.missing"
        missing.unlink(missing_ok=True)
        try:
            install_into(root)
        except Unavailable as reason:
            root.mkdir(parents=True, exist_ok=True)
            missing.write_text(" ".join(str(reason).split()))
            print(f"{name}: {missing.read_text()}", file=sys.stderr)
            sys.exit(UNAVAILABLE)
    elif len(words) == 4 and words[0] == "start":
        start(pathlib.Path(words[1]).absolute(), int(words[2]), pathlib.Path(words[3]).absolute())
    else:
        print(__doc__, file=sys.stderr)
        sys.exit(2)
