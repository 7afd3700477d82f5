-- Called by every node once an hour: an Idempotency-Key is honoured for 24 hours.
delete from sluice.idempotency
where created_at < clock_timestamp() - interval '24 hours'
