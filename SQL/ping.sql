-- Is the database there and answering? Called by `sluice check` and by the readiness route.
select 1
