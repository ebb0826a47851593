"""Unleash from npm, on a PostgreSQL of its own that listens on a socket in its data directory only."""

import glob
import http.cookiejar
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import urllib.request

import serving

VERSION = "7.5.1"
PACKAGE = {"dependencies": {"unleash-server": VERSION}}


def postgres():
    """The directory of PostgreSQL's programs, the newest one."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"), key=lambda path: int(path.split("/")[4]))
    if found:
        return pathlib.Path(found[-1]).parent
    there = shutil.which("initdb")
    return pathlib.Path(there).resolve().parent if there else None


def install(root):
    if postgres() is None:
        if os.geteuid() != 0 or not shutil.which("apt-get"):
            raise serving.Unavailable("no PostgreSQL on this machine, and only root can install it by `apt-get install postgresql`")
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        serving.run(["apt-get", "update", "-qq"], env=environment)
        serving.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", "postgresql"], env=environment)
    serving.install(root / "unleash", VERSION, lambda place: serving.npm(place, PACKAGE))


def database(server, data):
    """Starts a database whose socket lies in DATA, as a user other than root, whom it refuses."""
    programs, place = postgres(), data / "pg"
    place.mkdir(exist_ok=True)
    other = {}
    name = pwd.getpwuid(os.geteuid()).pw_name
    if os.geteuid() == 0:
        name = "postgres"
        entry = pwd.getpwnam(name)
        os.chown(place, entry.pw_uid, entry.pw_gid)
        other = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
        # It must be able to come down to its directory.
        for above in [data, *data.parents]:
            if above.stat().st_uid == 0 and not above.stat().st_mode & 0o001:
                above.chmod(above.stat().st_mode | 0o011)
    initdb = [programs / "initdb", "-D", place / "db", "-U", name, "--auth=peer", "-E", "UTF8", "--no-sync", "-N"]
    serving.run(initdb, cwd=place, **other)
    settings = ["listen_addresses=", f"unix_socket_directories={place}", "fsync=off", "max_connections=20", "unix_socket_permissions=0777"]
    (place / "db/pg_ident.conf").write_text(f"live {pwd.getpwuid(os.geteuid()).pw_name} {name}\n")
    (place / "db/pg_hba.conf").write_text(f"local all {name} peer map=live\n")
    words = [word for setting in settings for word in ("-c", setting)]
    server.spawn([programs / "postgres", "-D", place / "db", *words], stop=signal.SIGINT, cwd=place, **other)
    server.wait_for(lambda: subprocess.run([programs / "psql", "-h", place, "-U", name, "-d", "postgres", "-c", "CREATE DATABASE unleash"], capture_output=True).returncode == 0)
    return place, name


def personal_token(url):
    """Logs in as the first administrator, and makes a token of theirs."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    status, _, said = serving.call("POST", f"{url}/auth/simple/login", {"username": "admin", "password": "unleash4all"}, opener=opener)
    assert status == 200, (status, said)
    end = {"description": "keywright", "expiresAt": "2099-12-31T23:59:59.000Z"}
    status, _, said = serving.call("POST", f"{url}/api/admin/user/tokens", end, opener=opener)
    assert status == 201, (status, said)
    return said["secret"]


def start(root, port, data):
    server = serving.Server(data)
    place, name = database(server, data)
    settings = {
        "DATABASE_HOST": str(place),
        "DATABASE_NAME": "unleash",
        "DATABASE_USERNAME": name,
        "DATABASE_PASSWORD": "",
        "DATABASE_SSL": "false",
        "HTTP_HOST": "127.0.0.1",
        "HTTP_PORT": str(port),
        "CHECK_VERSION": "false",
        "SEND_TELEMETRY": "false",
        "LOG_LEVEL": "warn",
    }
    server.spawn([serving.tool("node"), root / "unleash/node_modules/unleash-server/dist/server.js"], env=settings, cwd=data)
    url = f"http://127.0.0.1:{port}"
    server.answers(f"{url}/health")
    serving.keep(data, personal_token(url))
    server.serve(url)


serving.main("unleash", install, start)
