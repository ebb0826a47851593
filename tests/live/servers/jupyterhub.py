"""JupyterHub from PyPI in a virtual environment: sqlite, no proxy, no notebooks; its API only."""

import sys

import serving

VERSION = "6.1.1"
USERS = ["ci-bot", "someone-else"]


def install(root):
    place = root / "jupyterhub"

    def steps(place):
        serving.run([sys.executable, "-m", "venv", place / "venv"])
        serving.run([place / "venv/bin/pip", "install", "--quiet", "--disable-pip-version-check", f"jupyterhub=={VERSION}"])

    serving.install(place, VERSION, steps)


CONFIGURATION = '''
import os
from jupyterhub.proxy import Proxy

class NoProxy(Proxy):
    should_start = False
    async def get_all_routes(self): return {}
    async def add_route(self, routespec, target, data): pass
    async def delete_route(self, routespec): pass

c.JupyterHub.proxy_class = NoProxy
c.JupyterHub.hub_connect_url = c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{os.environ['LIVE_PORT']}"
c.JupyterHub.authenticator_class = "dummy"
c.JupyterHub.db_url = "sqlite:///jupyterhub.sqlite"
c.Authenticator.allowed_users = set(os.environ["LIVE_USERS"].split())
c.JupyterHub.services = [{"name": "keywright", "api_token": os.environ["LIVE_CREDENTIAL"]}]
c.JupyterHub.load_roles = [{"name": "keywright", "scopes": ["admin:users", "tokens"], "services": ["keywright"]}]
'''


def start(root, port, data):
    server = serving.Server(data)
    credential = serving.drawn()
    (data / "jupyterhub_config.py").write_text(CONFIGURATION)
    venv = root / "jupyterhub/venv"
    server.spawn(
        [venv / "bin/jupyterhub", "-f", data / "jupyterhub_config.py"],
        env={"LIVE_PORT": str(port), "LIVE_USERS": " ".join(USERS), "LIVE_CREDENTIAL": credential, "PYTHONUNBUFFERED": "1"},
        cwd=data,
    )
    url = f"http://127.0.0.1:{port}"
    server.answers(f"{url}/hub/api/")
    serving.keep(data, credential)
    server.serve(url)


serving.main("jupyterhub", install, start)
