"""`sluice check` on the ring of the log: every finding is provoked."""

import uuid

import pytest

DAY = 86_400


def add_chunk(bench, days_ago: int, slot: int | None = None, *, live: bool = False) -> None:
    """A chunk of a turn of that day, in its own leaf unless another is named."""
    now = bench.sql.execute("select extract(epoch from now())::bigint as now").fetchone()["now"]
    time = now - days_ago * DAY
    turn = uuid.UUID(int=(time * 1000) << 80 | 0x7 << 76 | 0x8 << 60 | uuid.uuid4().int & (1 << 60) - 1)
    chunk = "insert into turn_delta (turn_id, epoch, seq, slot, events) values (%s, 1, 1, %s, '{}')"
    bench.sql.execute(chunk, [turn, time // DAY % 8 if slot is None else slot])
    if live:
        bench.insert(
            "turn",
            **{key: uuid.uuid4() for key in ("conversation_id", "identity_id", "surface_id", "owner")},
            **{key: uuid.uuid4() for key in ("user_message_id", "message_id")},
            id=turn,
            model_name="m",
            durability="commit",
            on_interrupt="keep",
        )


def today(bench) -> int:
    return bench.sql.execute("select extract(epoch from now())::bigint / 86400 as day").fetchone()["day"]


def test_a_ring_in_use(bench):
    for days_ago in range(6):
        add_chunk(bench, days_ago)
    # Recyclable: a node will empty it within the hour.
    add_chunk(bench, 6)
    assert "7 in use" in bench.check().of("ring")[0]["text"]
    assert bench.check().bad() == []


def test_the_leaf_two_days_ahead_holds_a_live_turn(bench):
    add_chunk(bench, 6, live=True)
    assert "live turn" in bench.check().only("warn", "ring")["text"]


@pytest.mark.parametrize("days_ago", [7, 8, 14])
def test_a_leaf_that_nobody_emptied(bench, days_ago):
    add_chunk(bench, days_ago)
    add_chunk(bench, days_ago - 8 if days_ago >= 8 else 0)
    assert f"of {days_ago} days ago" in bench.check().only("warn", "ring")["text"]


def test_a_row_in_the_wrong_leaf(bench):
    add_chunk(bench, 0)
    add_chunk(bench, 1, slot=today(bench) % 8)
    assert "another day" in bench.check().only("fail", "ring")["text"]


def test_a_row_whose_turn_is_none_of_ours(bench):
    bench.sql.execute(
        "insert into turn_delta (turn_id, epoch, seq, slot, events) values (gen_random_uuid(), 1, 1, 3, '{}')"
    )
    assert "turn_delta_3" in bench.check().only("fail", "ring")["text"]


def test_a_turn_of_the_future(bench):
    add_chunk(bench, -3)
    assert "ahead" in bench.check().only("fail", "ring")["text"]


def test_a_leaf_that_was_detached(bench):
    bench.sql.execute("alter table turn_delta detach partition turn_delta_5")
    report = bench.check()
    assert report.bad() == [("fail", "ring"), ("fail", "ring")]
    count, leaf = report.of("ring")
    assert "7 leaves" in count["text"]
    bench.sql.execute(leaf["mend"])
    assert bench.check().bad() == []
