"""`sluice check --nginx`, on what a real nginx prints: of the configuration that we ship, and of what sites make of it.

A variant is an edit of one file. nginx itself must take it: then it is a fault that a site can have.
"""

import json
import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from conftest import ROOT

LOCATIONS, UPSTREAM, OPERATOR, MAIN = "sluice.conf", "sluice-upstream.conf", "sluice-operator.conf", "nginx.conf"


@pytest.fixture
def copy(site, tmp_path):
    """A copy of the site's configuration to edit; nginx is asked to print it, not to run it."""
    home = tmp_path / "nginx"
    shutil.copytree(site.nginx.home, home)
    for file in home.glob("*.conf"):
        file.write_text(file.read_text().replace(str(site.nginx.home), str(home)))
    return home


def edit(home: Path, file: str, pattern: str, replacement: str) -> None:
    text, count = re.subn(pattern, lambda _: replacement, (home / file).read_text(), flags=re.M)
    assert count, f"{file} has no {pattern}"
    (home / file).write_text(text)


def nginx(home: Path) -> list:
    return ["nginx", "-T", "-q", "-p", home, "-c", home / MAIN, "-e", home / "error.log"]


PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin"


def dump(home: Path) -> str:
    done = subprocess.run(nginx(home), capture_output=True, text=True, timeout=60, env={**os.environ, "PATH": PATH})
    assert done.returncode == 0, done.stderr
    return done.stdout


def check(site, text: str | None, *arguments, settings: dict[str, str] | None = None, **options):
    extra = [word for key, value in (settings or {}).items() for word in ("--set", f"{key}={value}")]
    done = subprocess.run(
        [site.programs / "sluice", "check", "--config", site.nodes[0].config, "--json", *extra, "--nginx", *arguments],
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
        **options,
    )
    found = [finding for finding in json.loads(done.stdout)["findings"] if finding["subject"] == "nginx"]
    return done.returncode, [finding for finding in found if finding["level"] != "ok"], found


def test_what_we_ship_is_well(site, copy):
    code, bad, found = check(site, dump(copy), "-", "--strict")
    assert (code, bad) == (0, [])
    texts = " ".join(finding["text"] for finding in found)
    assert all(kind in texts for kind in ("start", "session", "poll", "cancel", "operator routes"))


def test_a_file_is_read_with_its_includes(site, copy):
    code, bad, found = check(site, None, copy / MAIN)
    assert (code, bad, len(found)) == (0, [], 4)
    (copy / "saved.txt").write_text(dump(copy))
    assert check(site, None, copy / "saved.txt")[1:] == ([], found)


def test_without_a_file_nginx_is_asked(site, copy, tmp_path):
    programs = tmp_path / "programs"
    programs.mkdir()
    real = shutil.which("nginx", path=PATH)
    script = programs / "nginx"
    script.write_text(f'#!/bin/sh\nexec {real} "$@" -p {copy} -c {copy}/nginx.conf -e {copy}/error.log\n')
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    environment = {**os.environ, "PATH": f"{programs}:{PATH}"}
    assert check(site, None, env=environment)[:2] == (0, [])
    edit(copy, LOCATIONS, "fastcgi_keep_conn on;", "fastcgi_keep_conn maybe;")
    code, bad, _ = check(site, None, env=environment)
    assert code == 1 and "nginx -T refuses" in bad[0]["text"]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("http { server {", "standard input:1: a block is not closed"),
        ("events {}\nhttp {\n}}", "standard input:3: unexpected }"),
        ("http {\n listen 80 }", "standard input:2: `listen` ends without a ;"),
        ("http { ; }", "standard input:1: unexpected ;"),
        ('http {\n\n log_format x "a b;\n}', "standard input:3: a quote is not closed"),
        ("http { include /nonexistent/x.conf; }", "standard input:1: the included file /nonexistent/x.conf"),
        ("http { content_by_lua_block { if x then {", "standard input:1: a block of Lua is not closed"),
        ("a {" * 40 + "}" * 40, "standard input:1: blocks nest too deeply"),
        ("user nobody;", "no http block"),
        ("", "no http block"),
    ],
)
def test_what_is_no_configuration_is_told_by_its_line(site, text, where):
    code, bad, _ = check(site, text, "-")
    assert code == 1 and len(bad) == 1
    assert where in bad[0]["text"]


def test_a_file_that_includes_itself(site, tmp_path):
    (tmp_path / "loop.conf").write_text("include loop.conf;\n")
    assert "includes nest too deeply" in check(site, None, tmp_path / "loop.conf")[1][0]["text"]


def test_a_file_that_is_not_there(site):
    assert "cannot be read" in check(site, None, "/nonexistent/nginx.conf")[1][0]["text"]


SERVER = r"    location / \{"
# Name: (file, pattern, replacement, level, text): one fault each.
FAULTS = {
    "poll_too_short": (LOCATIONS, "read_timeout 25s", "read_timeout 15s", "fail", "read_timeout is 15 s"),
    "poll_too_narrow": (LOCATIONS, "read_timeout 25s", "read_timeout 21s", "warn", "read_timeout is 21 s"),
    "start_too_short": (LOCATIONS, "read_timeout 60s", "read_timeout 50s", "fail", "holds a start for up to 50 s"),
    "start_too_narrow": (LOCATIONS, "read_timeout 60s", "read_timeout 0m51s", "warn", "read_timeout is 51 s"),
    "slow_connect": (LOCATIONS, "  fastcgi_connect_timeout 1s;", "", "warn", "fastcgi_connect_timeout is 60 s"),
    "no_keep_conn": (LOCATIONS, "fastcgi_keep_conn on", "fastcgi_keep_conn off", "warn", "fastcgi_keep_conn"),
    "no_keepalive": (UPSTREAM, "  keepalive 256;\n  keepalive_timeout 60s;", "", "warn", "keeps no connection"),
    "few_kept": (UPSTREAM, "keepalive 256", "keepalive 8", "warn", "keepalive is 8"),
    "kept_too_long": (UPSTREAM, "keepalive_timeout 60s", "keepalive_timeout 2m", "warn", "keepalive_timeout is 2m"),
    "all_headers": (LOCATIONS, "  fastcgi_pass_request_headers off;", "", "warn", "cookies too"),
    "ignores_abort": (LOCATIONS, "client_abort off", "client_abort on", "warn", "readers have gone"),
    "small_buffers": (LOCATIONS, "  fastcgi_buffers 32 4k;", "", "warn", "fastcgi_buffers hold 32 KB"),
    "small_buffers_told": (LOCATIONS, "fastcgi_buffers 32 4k", "fastcgi_buffers 4 16k", "warn", "buffers hold 64 KB"),
    "temporary_file": (LOCATIONS, "  fastcgi_max_temp_file_size 0;", "", "warn", "temporary file"),
    "start_repeated": (
        *(LOCATIONS, "  fastcgi_intercept_errors off;"),
        *("  fastcgi_next_upstream error timeout non_idempotent;", "fail", "two turns"),
    ),
    "cancel_not_repeated": (LOCATIONS, " non_idempotent;", ";", "warn", "cancel is not repeated"),
    "poll_not_repeated": (
        *(LOCATIONS, "  fastcgi_intercept_errors off;", "  fastcgi_next_upstream off;", "warn"),
        "poll is not asked of the next",
    ),
    "intercepts_errors": (LOCATIONS, "intercept_errors off", "intercept_errors on", "fail", "clients read them as JSON"),
    "cached": (LOCATIONS, "fastcgi_cache off", "fastcgi_cache all", "fail", "kept in a cache"),
    "no_stream": (
        *(LOCATIONS, "  fastcgi_intercept_errors off;", "  fastcgi_ignore_headers X-Accel-Buffering;", "warn"),
        "would be buffered",
    ),
    "password": (LOCATIONS, "  fastcgi_intercept_errors off;", '  auth_basic "Staff";', "fail", "a password in the header"),
    "small_bodies": (LOCATIONS, "client_max_body_size 1m", "client_max_body_size 64k", "warn", "client_max_body_size"),
    "returns": (
        *(LOCATIONS, r"location ~ \^/chat/\[\^/\]\+/poll\$ \{", "location ~ ^/chat/[^/]+/poll$ { return 204;"),
        *("fail", "`return` answers"),
    ),
    "branches": (
        *(LOCATIONS, r"location ~ \^/chat/\[\^/\]\+/poll\$ \{", 'location ~ ^/chat/[^/]+/poll$ { if ($args) { set $x ""; }'),
        *("warn", "an `if` in"),
    ),
    "query_in_log": (LOCATIONS, r"$\s+access_log off;", "\n    access_log /tmp/polls.log;", "warn", "a poll's query"),
    "token_in_format": (UPSTREAM, r"\$request_method", "$http_authorization $request_method", "warn", "shows tokens"),
    "loud_error_log": (LOCATIONS, "error.log alert", "error.log crit", "warn", "error_log shows the query"),
    "default_error_log": (LOCATIONS, r"\n    error_log [^\n]*alert;", "", "warn", "error_log shows the query"),
    "no_method": (LOCATIONS, r"  fastcgi_param REQUEST_METHOD .*;", "", "fail", "REQUEST_METHOD is not"),
    "no_query": (LOCATIONS, r"  fastcgi_param QUERY_STRING .*;", "", "fail", "QUERY_STRING is not"),
    "no_token": (LOCATIONS, r"  fastcgi_param HTTP_AUTHORIZATION .*;", "", "fail", "HTTP_AUTHORIZATION is not"),
    "no_path": (LOCATIONS, r"  fastcgi_param PATH_INFO .*;", "", "fail", "neither PATH_INFO nor"),
    "no_key": (LOCATIONS, r"  fastcgi_param HTTP_IDEMPOTENCY_KEY .*;", "", "warn", "HTTP_IDEMPOTENCY_KEY"),
    "own_parameter_hides_all": (
        *(LOCATIONS, "    fastcgi_read_timeout 25s;", "    fastcgi_read_timeout 25s; fastcgi_param SITE example;"),
        *("fail", "REQUEST_METHOD is not"),
    ),
    "no_location_for_start": (
        *(LOCATIONS, r"location \^~ /chat/", "location = /chat/session { return 403; }\nlocation ^~ /chat/"),
        *("fail", "`location = /chat/session` takes /chat/… session"),
    ),
    "rewritten": (
        *(MAIN, SERVER, "rewrite ^/chat/(.*)$ /talk/$1 last;\n    location / {"),
        *("fail", "`rewrite` takes /chat/… away"),
    ),
    "turned_away": (
        *(MAIN, SERVER, "if ($uri ~* ^/Chat/) { return 403; }\n    location / {"),
        *("fail", "`if` takes /chat/… away"),
    ),
    "another_module": (
        *(LOCATIONS, r"    fastcgi_pass sluice;\n    fastcgi_read_timeout 10s;", "    proxy_pass http://sluice;"),
        *("fail", "proxy_pass leads to"),
    ),
    "operator_open": (OPERATOR, r"listen 127\.0\.0\.1:(?=\d)", "listen 0.0.0.0:", "fail", "open to the outside"),
    "operator_open_by_port": (OPERATOR, r"listen 127\.0\.0\.1:(?=\d)", "listen ", "fail", "open to the outside"),
}


# File, pattern, replacement: edits that look like faults and are none.
HARMLESS = {
    "a_query_in_a_format_that_polls_do_not_use": (UPSTREAM, r"\$request_method \$uri", "$request_method ${request_uri}"),
    "no_expression_that_shadows": (LOCATIONS, r"location \^~ /chat/", "location /chat/"),
    "an_expression_kept_away": (MAIN, SERVER, "location ~* ^/CHAT/.+/poll$ { return 404; }\n    location / {"),
    "an_expression_for_others": (MAIN, SERVER, r"location ~ \.php$ { return 404; }" + "\n    location / {"),
    "a_rewrite_of_others": (MAIN, SERVER, "rewrite ^/talk/(.*)$ /chat/$1 last;\n    location / {"),
    "a_condition_on_others": (MAIN, SERVER, "if ($uri ~ ^/old/) { return 410; }\n    location / {"),
    "no_buffering_at_all": (LOCATIONS, "fastcgi_buffers 32 4k;", "fastcgi_buffering off;"),
    "bodies_without_bound": (LOCATIONS, "client_max_body_size 1m", "client_max_body_size 0"),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_what_is_no_fault_is_not_told(site, copy, name):
    edit(copy, *HARMLESS[name])
    assert check(site, dump(copy), "-")[:2] == (0, [])


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found_and_told_by_its_place(site, copy, name):
    file, pattern, replacement, level, text = FAULTS[name]
    edit(copy, file, pattern, replacement)
    if "cached" in name:
        edit(copy, MAIN, "^http {", "http {\n  fastcgi_cache_path /tmp/sluice-cache keys_zone=all:1m;\n  fastcgi_cache_key $uri;")
    code, bad, _ = check(site, dump(copy), "-")
    assert level in [finding["level"] for finding in bad if text in finding["text"]], bad
    assert all(re.search(rf"^{re.escape(str(copy))}/[\w.-]+\.conf:\d+: ", finding["text"]) for finding in bad)
    assert code == (1 if level == "fail" else 0)


def test_bodies_are_measured_by_the_configured_limit(site, copy):
    code, bad, _ = check(site, dump(copy), "-", settings={"max_body": "8200000"})
    assert code == 0 and len(bad) == 1
    assert "8008 KB" in bad[0]["text"] and bad[0]["mend"] == "client_max_body_size 8008k;"
    edit(copy, LOCATIONS, "client_max_body_size 1m;", bad[0]["mend"])
    assert check(site, dump(copy), "-", settings={"max_body": "8200000"})[1] == []
    edit(copy, LOCATIONS, "client_max_body_size 8008k;", "client_max_body_size 64k;")
    assert check(site, dump(copy), "-", settings={"max_body": "64k"})[1] == []


def test_a_plain_prefix_is_shadowed_by_an_expression(site, copy):
    edit(copy, MAIN, SERVER, "location ~* /POLL$ { return 404; }\n    location / {")
    assert check(site, dump(copy), "-")[1] == []
    edit(copy, LOCATIONS, r"location \^~ /chat/", "location /chat/")
    # What stands inside /chat/ is found before: nginx looks there first.
    assert check(site, dump(copy), "-")[1] == []
    edit(copy, MAIN, r"location ~\* /POLL\$", "location ~ ^/chat/start")
    code, bad, _ = check(site, dump(copy), "-")
    assert code == 1 and len(bad) == 1
    assert "`location ~ ^/chat/start` takes /chat/… start" in bad[0]["text"]
    assert "^~ /chat/" in bad[0]["mend"]


def test_a_poll_in_the_log_of_the_location_around_it(site, copy):
    """The nearest level that has an access_log wins, as a whole."""
    edit(copy, LOCATIONS, r"$\s+access_log off;", "")
    assert check(site, dump(copy), "-")[1] == []
    edit(copy, UPSTREAM, r"\$request_method \$uri", '"$request"')
    code, bad, _ = check(site, dump(copy), "-")
    assert code == 0 and ["a poll's query" in finding["text"] for finding in bad] == [True]


def test_settings_may_come_from_the_levels_around(site, copy):
    for directive in ("fastcgi_keep_conn on", "fastcgi_buffers 32 4k", "fastcgi_connect_timeout 1s"):
        edit(copy, LOCATIONS, f"  {directive};", "")
    assert len(check(site, dump(copy), "-")[1]) >= 3
    edit(copy, MAIN, "^http {", "http {\n  fastcgi_keep_conn on; fastcgi_buffers 32 4k;")
    edit(copy, MAIN, "root ", "fastcgi_connect_timeout 1s; root ")
    assert check(site, dump(copy), "-")[1] == []


def test_operator_routes_for_those_who_are_named(site, copy):
    edit(copy, OPERATOR, r"listen 127\.0\.0\.1:(?=\d)", "allow 10.0.0.0/8; deny all; listen 0.0.0.0:")
    assert check(site, dump(copy), "-")[:2] == (0, [])


def test_nothing_leads_to_the_node(site, copy):
    edit(copy, UPSTREAM, r'server ".*"', "server unix:/run/elsewhere.sock")
    code, bad, _ = check(site, dump(copy), "-")
    assert code == 1 and "nothing leads to unix:" in bad[0]["text"]


def test_a_pass_without_an_upstream_keeps_no_connection(site, copy):
    address = site.nodes[0].addresses[0]
    edit(copy, LOCATIONS, r"fastcgi_pass sluice;\n    fastcgi_read_timeout 25s", f"fastcgi_pass {address};\n    fastcgi_read_timeout 25s")
    bad = check(site, dump(copy), "-")[1]
    assert [finding["level"] for finding in bad] == ["warn"]
    assert "passes to an address" in bad[0]["text"]


def test_upstreams_chosen_by_a_map(site, copy):
    edit(copy, LOCATIONS, "fastcgi_pass sluice;", "fastcgi_pass $sluice_node;")
    edit(copy, UPSTREAM, "^upstream sluice", 'map $uri $sluice_node {\n  default sluice;\n  "~^/chat/.{14}7001" sluice;\n}\nupstream sluice')
    assert check(site, dump(copy), "-")[:2] == (0, [])
    edit(copy, UPSTREAM, "keepalive 256", "keepalive 4")
    assert "keepalive is 4" in check(site, dump(copy), "-")[1][0]["text"]


def test_a_location_of_its_own_below_a_mount(site, copy):
    below = (
        "location ^~ /shop/chat/ {\n  fastcgi_pass sluice;\n  fastcgi_keep_conn on;\n"
        "  fastcgi_param REQUEST_METHOD $request_method;\n  fastcgi_param QUERY_STRING $query_string;\n"
        "  fastcgi_param DOCUMENT_URI $document_uri;\n}\n"
    )
    (copy / LOCATIONS).write_text((copy / LOCATIONS).read_text() + below)
    bad = check(site, dump(copy), "-")[1]
    told = " ".join(finding["text"] for finding in bad)
    assert "links in replies lack /shop" in told
    assert "a cancel is not repeated" in told
    # The headers are passed, so the tokens come.
    assert "HTTP_AUTHORIZATION" not in told


@pytest.mark.parametrize(
    ("listen", "peer", "leads"),
    [
        ("127.0.0.1:9001", "localhost:9001", True),
        ("[::1]:9001", "[::1]:9001", True),
        ("127.0.0.1:9001", "127.0.0.1:9002", False),
        ("0.0.0.0:9001", "10.1.2.3:9001", True),
        ("10.1.2.3:9001", "10.1.2.4:9001", False),
        ("127.0.0.1:9001", "10.1.2.3:9001", False),
    ],
)
def test_ports_as_nginx_writes_them(site, copy, listen, peer, leads):
    edit(copy, UPSTREAM, r'server ".*"', f"server {peer}")
    bad = check(site, dump(copy), "-", settings={"listen": listen})[1]
    assert (bad == []) == leads, bad


def test_a_socket_that_is_passed_on_goes_by_the_name_of_its_upstream(site, copy):
    listen = {"listen": "systemd:fastcgi"}
    assert check(site, dump(copy), "-", settings=listen)[:2] == (0, [])
    edit(copy, UPSTREAM, "^upstream sluice", "upstream chat")
    edit(copy, LOCATIONS, "fastcgi_pass sluice;", "fastcgi_pass chat;")
    assert "nothing leads to systemd:fastcgi" in check(site, dump(copy), "-", settings=listen)[1][0]["text"]


def test_a_server_with_some_of_the_requests(site):
    address = site.nodes[0].addresses[0]
    text = f"http {{ server {{ location ~ ^/chat/[^/]+/poll$ {{ fastcgi_pass {address}; }} }} }}"
    bad = check(site, text, "-")[1]
    lacking = [finding["text"] for finding in bad if "no location takes" in finding["text"]]
    assert [text.split(",")[0].split()[-1] for text in lacking] == ["start", "session", "cancel"]


@pytest.fixture
def scgi(site, copy):
    """The same site by SCGI; `check(…)` is of a node that listens for it."""
    text = (ROOT / "nginx/sluice-scgi.conf").read_text()
    (copy / LOCATIONS).write_text(text.replace("/var/log/nginx", str(copy / "logs")))
    listen = {"listen": f"scgi:{site.nodes[0].addresses[0]}"}
    return copy, lambda: check(site, dump(copy), "-", "--strict", settings=listen)[:2]


def test_scgi_as_we_ship_it_is_well(scgi):
    assert scgi[1]() == (0, [])


@pytest.mark.parametrize(
    ("pattern", "replacement", "text"),
    [
        (r"scgi_param SCGI 1;", "", "SCGI is not handed over"),
        (r"  scgi_param QUERY_STRING .*;", "", "QUERY_STRING is not"),
        ("scgi_read_timeout 25s", "scgi_read_timeout 10s", "scgi_read_timeout is 10 s"),
        ("scgi_buffers 32 4k", "scgi_buffers 4 4k", "scgi_buffers hold 16 KB"),
        ("  scgi_pass_request_headers off;", "", "cookies too"),
        (" non_idempotent;", ";", "cancel is not repeated"),
    ],
)
def test_faults_of_scgi(scgi, pattern, replacement, text):
    home, run = scgi
    edit(home, LOCATIONS, pattern, replacement)
    code, bad = run()
    assert code == 1 and all(text in finding["text"] for finding in bad), bad


def test_one_protocol_on_the_others_listener(site, copy):
    listen = {"listen": f"scgi:{site.nodes[0].addresses[0]}"}
    bad = check(site, dump(copy), "-", settings=listen)[1]
    assert all("fastcgi_pass leads to scgi:unix:" in finding["text"] for finding in bad) and bad
    assert all("sluice-scgi.conf" in finding["mend"] for finding in bad)


def test_blocks_of_lua_and_odd_quotes_do_not_disturb(site, copy):
    """Not every nginx has Lua: what it would print is given as it would print it."""
    text = dump(copy).replace(
        "http {",
        "http {\n  init_by_lua_block {\n    -- a } in a comment\n    local s = \"}\" .. '}' .. [[ } ]]\n"
        "    if s then s = { s } end\n  }\n  log_format odd 'a\\'b' \"c\\\"d;{\" e\\ f${uri}g;\n",
        1,
    )
    assert check(site, text, "-")[:2] == (0, [])
