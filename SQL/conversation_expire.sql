-- Called by every node once an hour, until none come back: conversations that are older than their surface keeps them.
-- $1 most conversations at once
select sluice.conversation_expire($1::int)
