"""Archives and e-mails: several files in one."""
