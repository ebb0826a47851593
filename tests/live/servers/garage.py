"""Garage, where its binary is there: building it takes too long for every run.

    cargo install garage --version 2.5.0 --locked --no-default-features --features bundled-libs,sqlite --root DIR/garage
"""

import shutil
import socket
import subprocess

import serving

VERSION = "2.5.0"
BUILD = __doc__.strip().splitlines()[-1].strip()


def binary(root):
    """The one in the directory, or one that is installed on this machine."""
    own = root / "garage/bin/garage"
    return own if own.is_file() else shutil.which("garage")


def install(root):
    program = binary(root)
    if not program:
        raise serving.Unavailable(f"no `garage` on this machine: `{BUILD}` builds it, in 10 minutes and more")
    said = subprocess.run([program, "--version"], capture_output=True, text=True).stdout
    (root / "garage").mkdir(parents=True, exist_ok=True)
    (root / "garage/installed").write_text(VERSION if VERSION in said else " ".join(said.split()))


CONFIGURATION = """
metadata_dir = "meta"
data_dir = "data"
db_engine = "sqlite"
replication_factor = 1
rpc_bind_addr = "127.0.0.1:{rpc}"
rpc_public_addr = "127.0.0.1:{rpc}"
[s3_api]
api_bind_addr = "127.0.0.1:{s3}"
s3_region = "garage"
[admin]
api_bind_addr = "127.0.0.1:{admin}"
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(root, port, data):
    server = serving.Server(data)
    credential, s3 = serving.drawn(), free_port()
    (data / "garage.toml").write_text(CONFIGURATION.format(admin=port, s3=s3, rpc=free_port()))
    server.spawn(
        [binary(root), "-c", data / "garage.toml", "server"],
        env={"GARAGE_ADMIN_TOKEN": credential, "GARAGE_RPC_SECRET": serving.secrets.token_hex(32), "RUST_LOG": "garage=warn"},
        cwd=data,
    )
    url = f"http://127.0.0.1:{port}"

    def ask(method, path, body=None):
        status, _, said = serving.call(method, f"{url}{path}", body, {"Authorization": f"Bearer {credential}"})
        assert status == 200, (path, status, said)
        return said

    server.wait_for(lambda: serving.call("GET", f"{url}/v2/GetClusterStatus", headers={"Authorization": f"Bearer {credential}"})[0] == 200)
    node = ask("GET", "/v2/GetClusterStatus")["nodes"][0]["id"]
    ask("POST", "/v2/UpdateClusterLayout", {"roles": [{"id": node, "zone": "live", "capacity": 1_000_000_000, "tags": []}]})
    ask("POST", "/v2/ApplyClusterLayout", {"version": 1})
    server.wait_for(lambda: ask("GET", "/v2/GetClusterHealth")["status"] == "healthy")
    serving.keep(data, ask("POST", "/v2/CreateBucket", {"globalAlias": "live"})["id"], "bucket")
    serving.keep(data, f"127.0.0.1:{s3}", "s3")
    serving.keep(data, credential)
    server.serve(url)


serving.main("garage", install, start)
