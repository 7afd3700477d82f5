-- Called by every node once an hour: empties the leaf of turn_delta that is next in use in two days.
select sluice.turn_delta_recycle()
