"""`sluice check --nginx`, on what a real nginx prints: what it reads, and which way requests take to the node."""

import os
import shutil
import stat

import pytest
from conftest import ROOT
from nginx_copy import LOCATIONS, MAIN, OPERATOR, PATH, UPSTREAM, check, dump, edit
from stack import Nginx


def test_what_we_ship_is_well(site, copy):
    code, bad, found = check(site, dump(copy), "-", "--strict")
    assert (code, bad) == (0, [])
    texts = " ".join(finding["text"] for finding in found)
    assert all(kind in texts for kind in ("start", "session", "poll", "events", "cancel", "operator routes"))


def test_a_file_is_read_with_its_includes(site, copy):
    code, bad, found = check(site, None, copy / MAIN)
    assert (code, bad, len(found)) == (0, [], 5)
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


def test_operator_routes_for_those_who_are_named(site, copy):
    edit(copy, OPERATOR, r"listen 127\.0\.0\.1:(?=\d)", "allow 10.0.0.0/8; deny all; listen 0.0.0.0:")
    assert check(site, dump(copy), "-")[:2] == (0, [])


def test_nothing_leads_to_the_node(site, copy):
    edit(copy, UPSTREAM, r'server ".*"', "server unix:/run/elsewhere.sock")
    code, bad, _ = check(site, dump(copy), "-")
    assert code == 1 and "nothing leads to unix:" in bad[0]["text"]


def test_a_pass_without_an_upstream_keeps_no_connection(site, copy):
    address = site.nodes[0].addresses[0]
    edit(copy, LOCATIONS, r"fastcgi_pass \$sluice_node;\n    fastcgi_read_timeout 25s", f"fastcgi_pass {address};\n    fastcgi_read_timeout 25s")
    bad = check(site, dump(copy), "-")[1]
    assert [finding["level"] for finding in bad] == ["warn"]
    assert "passes to an address" in bad[0]["text"]


def test_upstreams_chosen_by_a_map(site, copy):
    several = {1: site.nodes[0].addresses[0], 2: "unix:/nonexistent", 26: "10.1.2.3:9001"}
    nginx = Nginx(None, copy.parent, copy / "error.log", several, site.nodes[0].operator)
    (copy / UPSTREAM).write_text(nginx.files()[UPSTREAM])
    assert check(site, dump(copy), "-")[:2] == (0, [])
    # Each of them is looked at.
    edit(copy, UPSTREAM, r"(?<=backup;\n  )keepalive 256", "keepalive 4")
    told = [finding["text"] for finding in check(site, dump(copy), "-")[1]]
    assert len(told) == 3 and all("keepalive is 4" in text for text in told)


def test_a_map_that_leads_nowhere(site, copy):
    edit(copy, UPSTREAM, '  default "sluice";', '  default "sluice";\n  "~^/chat/.{14}7002-" "sluice_002";')
    code, bad, _ = check(site, dump(copy), "-")
    told = [finding["text"] for finding in bad if finding["level"] == "fail"]
    assert code == 1 and told and all("sluice_002, which is no upstream" in text for text in told)


def test_a_node_without_a_line_for_its_tag(site, copy):
    several = {2: "unix:/nonexistent", 3: site.nodes[0].addresses[0]}
    nginx = Nginx(None, copy.parent, copy / "error.log", several, site.nodes[0].operator)
    (copy / UPSTREAM).write_text(nginx.files()[UPSTREAM])
    code, bad, _ = check(site, dump(copy), "-")
    assert code == 0 and len(bad) == 3
    assert all("has no line for tag 001" in finding["text"] for finding in bad)
    assert '"~^/chat/.{14}7001-" "sluice_001";' in bad[0]["mend"]
    # By its right tag all is well, by another's it would be asked last.
    assert check(site, dump(copy), "-", settings={"node_tag": "3"})[:2] == (0, [])
    code, bad, _ = check(site, dump(copy), "-", settings={"node_tag": "2"})
    assert code == 0 and ["asks another node first" in finding["text"] for finding in bad] == [True]


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
    edit(copy, UPSTREAM, '"sluice"', "chat")
    assert "nothing leads to systemd:fastcgi" in check(site, dump(copy), "-", settings=listen)[1][0]["text"]


def test_the_locations_of_openais_paths_are_no_mount_of_the_chat(site):
    text = dump(site.nginx.home)
    assert "location ^~ /v1/" in text
    bad, found = check(site, text, "-")[1:]
    assert bad == [] and not any("/v1" in finding["text"] for finding in found)


def test_a_server_with_some_of_the_requests(site):
    address = site.nodes[0].addresses[0]
    text = f"http {{ server {{ location ~ ^/chat/[^/]+/poll$ {{ fastcgi_pass {address}; }} }} }}"
    bad = check(site, text, "-")[1]
    lacking = [finding["text"] for finding in bad if "no location takes" in finding["text"]]
    assert [text.split(",")[0].split()[-1] for text in lacking] == ["start", "session", "events", "cancel"]


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
