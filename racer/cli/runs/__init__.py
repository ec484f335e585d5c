"""List, show, verify, tag or remove the runs that training made."""
