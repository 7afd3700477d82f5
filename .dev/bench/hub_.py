"""An nginx with nchan: a hub for long polls, as Debian has it."""

import os
import shutil
import subprocess
from pathlib import Path

from stack import Failure, Process, free_port, wait_until
from stack.folder import WORKERS

ROOT = Path(__file__).resolve().parents[2]
PACKAGE, MODULE = "libnginx-mod-nchan", "ngx_nchan_module.so"


class Hub:
    """POST /publish/N hands a message to those who wait in GET /subscribe/N."""

    def __init__(self, site):
        self.site, self.log = site, site.logs / "nchan.log"
        self.port = free_port()
        home = site.folder.path / "nchan"
        home.mkdir()
        # The workers, which may be another user, are let in.
        home.chmod(0o755)
        kinds = ("client_body", "fastcgi", "proxy", "scgi", "uwsgi")
        paths = "\n".join(f'  {kind}_temp_path "{home}/{kind}";' for kind in kinds)
        (home / "nginx.conf").write_text(f"""
load_module "{module()}";
{f"user {WORKERS};" if os.geteuid() == 0 else ""}
worker_processes 2;
daemon off;
pid "{home}/nginx.pid";
events {{ worker_connections 16000; }}
http {{
{paths}
  access_log off;
  nchan_shared_memory_size 256M;
  server {{
    listen 127.0.0.1:{self.port} reuseport;
    location ~ "^/publish/([0-9]+)$" {{
      nchan_publisher;
      nchan_channel_id $1;
      nchan_message_buffer_length 64;
      nchan_message_timeout 60s;
    }}
    location ~ "^/subscribe/([0-9]+)$" {{
      nchan_subscriber longpoll;
      nchan_channel_id $1;
      nchan_subscriber_first_message newest;
    }}
  }}
}}
""")
        self.process: Process = site.processes.start(
            "nchan", ["nginx", "-p", home, "-c", home / "nginx.conf", "-e", self.log], self.log, death=15,
            env={"PATH": f"{os.environ.get('PATH', os.defpath)}:/usr/sbin"},
        )
        wait_until(lambda: self.process.must_run() or (home / "nginx.pid").exists(), "nchan to listen", 15, self.log)

    def close(self) -> None:
        self.process.stop()
        self.site.processes.forget(self.process)


def module() -> Path:
    """The module, taken out of its package: to install it would change the nginx of this machine."""
    installed = Path("/usr/lib/nginx/modules") / MODULE
    if installed.exists():
        return installed
    folder = ROOT / ".build/nchan"
    unpacked = folder / "usr/lib/nginx/modules" / MODULE
    if not unpacked.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for command in (["apt-get", "-q=2", "-o", "APT::Sandbox::User=root", "download", PACKAGE], ["sh", "-c", f"dpkg-deb -x {PACKAGE}_*.deb ."]):
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise Failure(f"{PACKAGE} cannot be had: {done.stderr.strip()}")
    return unpacked
