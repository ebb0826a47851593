"""Verdaccio from npm: a registry with one user, who makes tokens; nothing is fetched from another registry."""

import json

import serving

VERSION = "6.8.0"
PACKAGE = {"dependencies": {"verdaccio": VERSION}, "overrides": {"node-fetch": "2.7.0"}}
USER = "keywright"


def install(root):
    serving.install(root / "verdaccio", VERSION, lambda place: serving.npm(place, PACKAGE))


CONFIGURATION = """
storage: ./storage
auth: { htpasswd: { file: ./htpasswd, max_users: 10 } }
packages: { '**': { access: $authenticated, publish: $authenticated } }
log: { type: stdout, format: pretty, level: warn }
listen: 127.0.0.1:%d
web: { enable: false }
userRateLimit: { windowMs: 1000, max: 10000 }
"""


def start(root, port, data):
    server = serving.Server(data)
    (data / "config.yaml").write_text(CONFIGURATION % port)
    server.spawn([serving.tool("node"), root / "verdaccio/node_modules/.bin/verdaccio", "-c", data / "config.yaml"], cwd=data)
    url = f"http://127.0.0.1:{port}"
    server.answers(f"{url}/-/ping")
    password = serving.drawn()
    status, _, said = serving.call("PUT", f"{url}/-/user/org.couchdb.user:{USER}", {"name": USER, "password": password})
    assert status == 201, (status, said)
    serving.keep(data, json.dumps({"user": USER, "password": password}))
    server.serve(url)


serving.main("verdaccio", install, start)
