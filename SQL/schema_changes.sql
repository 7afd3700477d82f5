-- Called at start and by `sluice check`: what is deployed, and the oldest program each change allows.
select name, min_binary
from sluice.schema_change
