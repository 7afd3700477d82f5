-- Called by a command that was refused for want of rights: as whom it asked.
select current_user
