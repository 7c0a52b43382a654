"""Money that passes through us: sends today, withdrawals and deposits beside them. One table, whatever the SEP."""
