"""Prices, limits and usage by command line: what is set, and what it does."""

from decimal import Decimal

import pytest
from desk import caller, furnish


def moment(desk, text: str) -> str:
    """As PostgreSQL writes it in JSON."""
    return desk.sql.execute("select to_json(%s::timestamptz) #>> '{}' as at", [text]).fetchone()["at"]


def test_a_price_is_added_corrected_and_removed(desk):
    furnish(desk)
    amounts = ["--input", "3", "--output", "015.50", "--cached", "0.3", "--reasoning", "20.12345678"]
    added = desk.json("price", "add", "anthropic", "large", *amounts, "--from", "2026-01-01T00:00:00Z")
    assert (added["driver"], added["provider_model"], added["state"]) == ("anthropic", "large", "holds")
    assert added["valid_from"] == moment(desk, "2026-01-01T00:00:00Z")
    row = desk.sql.execute("select * from price where id = %s", [added["id"]]).fetchone()
    assert [row[name] for name in ("input", "output", "cached", "reasoning")] == [
        Decimal(3), Decimal("15.5"), Decimal("0.3"), Decimal("20.12345678"),
    ]  # fmt: skip
    newer = desk.json("price", "add", "anthropic", "large", "--input", "2", "--output", "10")
    later = desk.json("price", "add", "anthropic", "large", "--input", "1", "--output", "5", "--from", "2999-01-01")
    states = {price["id"]: price["state"] for price in desk.json("price", "list")}
    assert [states[price["id"]] for price in (added, newer, later)] == ["over", "holds", "later"]

    changed = desk.json("price", "set", added["id"], "--output", "14", "--unset", "reasoning")
    assert (changed["output"], changed["reasoning"], changed["cached"]) == (14, None, 0.3)
    assert later["id"] in desk.do("price", "remove", later["id"])
    assert len(desk.json("price", "list")) == 3


@pytest.mark.parametrize("subject", ["identity", "surface", "role", "model"])
def test_limits_of_each_subject_are_set_shown_and_removed(desk, subject):
    furnish(desk)
    identity = desk.sql.execute("select id from identity").fetchone()["id"]
    desk.insert("role", name="guest")
    name = {"identity": str(identity), "surface": "web", "role": "guest", "model": "fast"}[subject]
    words = ["limit", "set", f"--{subject}", name]
    options = {
        "requests_per_minute": 3, "concurrent_turns": 2, "tokens_per_day": 10**10, "tokens_per_month": 10**12,
        "cost_per_day": 1.25, "cost_per_month": 0,
    }  # fmt: skip
    for column, value in options.items():
        assert desk.json(*words, f"--{column.replace('_', '-')}", value)[column] == value
    shown = desk.json("limit", "show", f"{subject}:{name}")
    assert {column: shown[column] for column in options} == options
    emptied = desk.json(*words, "--unset", "cost-per-month", "--tokens-per-day", 5)
    assert (emptied["cost_per_month"], emptied["tokens_per_day"], emptied["concurrent_turns"]) == (None, 5, 2)
    assert emptied["id"] == shown["id"]
    desk.do("limit", "remove", f"{subject}:{name}")
    assert f"{subject}:{name}" not in [limit["name"] for limit in desk.json("limit", "list")]


def test_mistyped_names_are_answered_with_those_near_them(desk):
    furnish(desk)
    desk.insert("role", name="guest")
    assert "near it: guest" in desk.refused("limit", "set", "--role", "gest", "--tokens-per-day", 1)
    assert "near it: fast" in desk.refused("limit", "set", "--model", "fats", "--tokens-per-day", 1)
    assert "near it: surface:web" in desk.refused("limit", "show", "surface:wed")
    assert "no identity" in desk.refused("limit", "set", "--identity", "0123456789", "--tokens-per-day", 1)
    assert "time" in desk.refused("usage", "list", "--since", "yesterweek")


def test_usage_is_summed_up_and_what_is_left_is_shown(desk):
    client = caller(desk, "rate=0;tokens=7;cached=1")
    provider_model = desk.json("route", "list")[0]["provider_model"]
    desk.do("price", "add", "openai", provider_model, "--input", "1000000", "--output", "2000000")
    desk.sql.execute("update surface set team = 'sales'")
    desk.do("limit", "set", "--surface", "shop", "--tokens-per-day", 1_000, "--cost-per-month", "500.5")
    used = [client.ask(f"{n} words")["usage"] for n in range(3)]
    tokens = [sum(usage[name] for usage in used) for name in ("input_tokens", "output_tokens", "cached_tokens")]
    cost = tokens[0] + 2 * tokens[1]
    identity = desk.sql.execute("select distinct identity_id as id from usage_ledger").fetchone()["id"]
    today = desk.sql.execute("select to_char(now() at time zone 'UTC', 'YYYY-MM-DD') as day").fetchone()["day"]
    names = {"day": today, "model": "assistant", "surface": "shop", "identity": str(identity), "team": "sales",
             "project": None}  # fmt: skip
    for by, name in names.items():
        [row] = desk.json("usage", "list", "--by", by)
        assert row == {
            "name": name, "turns": 3, "estimated_turns": 0, "errors": 0, "input_tokens": tokens[0],
            "output_tokens": tokens[1], "cached_tokens": tokens[2], "reasoning_tokens": 0, "cost": cost,
            "turns_without_price": 0,
        }  # fmt: skip
    assert desk.json("usage", "list", "--since", "2999-01-01") == []
    header, line = desk.do("usage", "list").splitlines()
    assert header.split()[:2] == ["DAY", "TURNS"] and line.split()[0] == today

    left = {row["rule"]: row for row in desk.json("usage", "left", identity, "--surface", "shop")}
    assert left["tokens_per_day"]["remains"] == 1_000 - sum(tokens[:2])
    assert left["cost_per_month"]["used"] == cost and left["cost_per_month"]["most"] == 500.5
    assert all(row["subject"] == "surface" and row["reserved"] == 0 for row in left.values())
    assert "tokens_per_day" in desk.do("usage", "left", identity, "--surface", "shop", "--model", "assistant")
