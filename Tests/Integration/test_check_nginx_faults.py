"""`sluice check --nginx`, on what sites make of the configuration that we ship.

A variant is an edit of one file. nginx itself must take it: then it is a fault that a site can have.
"""

import re

import pytest
from nginx_copy import LOCATIONS, MAIN, OPERATOR, UPSTREAM, check, dump, edit

SERVER = r"    location / \{"
# Name: (file, pattern, replacement, level, text): one fault each.
FAULTS = {
    "poll_too_short": (LOCATIONS, "read_timeout 25s", "read_timeout 15s", "fail", "read_timeout is 15 s"),
    "poll_too_narrow": (LOCATIONS, "read_timeout 25s", "read_timeout 21s", "warn", "read_timeout is 21 s"),
    "start_too_short": (LOCATIONS, "^  fastcgi_read_timeout 60s", "  fastcgi_read_timeout 50s", "fail", "holds a start for up to 50 s"),
    "start_too_narrow": (LOCATIONS, "^  fastcgi_read_timeout 60s", "  fastcgi_read_timeout 0m51s", "warn", "read_timeout is 51 s"),
    "events_too_short": (
        *(LOCATIONS, r"(?<=fastcgi_buffering off;\n    )fastcgi_read_timeout 60s", "fastcgi_read_timeout 15s"),
        *("fail", "may say nothing in an event stream for 15 s"),
    ),
    "events_too_narrow": (
        *(LOCATIONS, r"(?<=fastcgi_buffering off;\n    )fastcgi_read_timeout 60s", "fastcgi_read_timeout 20s"),
        *("warn", "read_timeout is 20 s"),
    ),
    "events_buffered": (
        *(LOCATIONS, r"    fastcgi_buffering off;", "    fastcgi_ignore_headers X-Accel-Buffering;", "warn"),
        "would be buffered",
    ),
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
    "loud_error_log": (LOCATIONS, "error.log alert", "error.log crit", "warn", "error_log shows a poll's query"),
    "default_error_log": (LOCATIONS, r"\n    error_log [^\n]*alert;", "", "warn", "error_log shows an event stream's query"),
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
        *(LOCATIONS, r"    fastcgi_pass \$sluice_node;\n    fastcgi_read_timeout 10s;", "    proxy_pass http://sluice;"),
        *("fail", "proxy_pass leads to"),
    ),
    "operator_open": (OPERATOR, r"listen 127\.0\.0\.1:(?=\d)", "listen 0.0.0.0:", "fail", "open to the outside"),
    "operator_open_by_port": (OPERATOR, r"listen 127\.0\.0\.1:(?=\d)", "listen ", "fail", "open to the outside"),
}


# File, pattern, replacement: edits that look like faults and are none.
HARMLESS = {
    "a_query_in_a_format_that_polls_do_not_use": (UPSTREAM, r"\$request_method \$uri", "$request_method ${request_uri}"),
    "no_expression_that_shadows": (LOCATIONS, r"location \^~ /chat/", "location /chat/"),
    "an_event_stream_without_its_header": (
        *(LOCATIONS, r"    fastcgi_buffering off;"),
        "    fastcgi_buffering off; fastcgi_ignore_headers X-Accel-Buffering;",
    ),
    "no_word_of_buffering": (LOCATIONS, r"    fastcgi_buffering off;\n", ""),
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
    assert code == 0 and [finding["text"].split(" shows ")[1].split(" query")[0] for finding in bad] == [
        "a poll's",
        "an event stream's",
    ]


def test_settings_may_come_from_the_levels_around(site, copy):
    for directive in ("fastcgi_keep_conn on", "fastcgi_buffers 32 4k", "fastcgi_connect_timeout 1s"):
        edit(copy, LOCATIONS, f"  {directive};", "")
    assert len(check(site, dump(copy), "-")[1]) >= 3
    edit(copy, MAIN, "^http {", "http {\n  fastcgi_keep_conn on; fastcgi_buffers 32 4k;")
    edit(copy, MAIN, "root ", "fastcgi_connect_timeout 1s; root ")
    assert check(site, dump(copy), "-")[1] == []
