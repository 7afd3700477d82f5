-- Called by every node once an hour: forgets nodes that were voided long ago and owe no verdict.
delete from sluice.node
where voided_at < clock_timestamp() - interval '7 days'
  and not exists (
    select from sluice.turn
    where turn.owner = node.incarnation
      and turn.state = 'streaming'
  )
