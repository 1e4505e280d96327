"""Running a scenario, judging it, and telling people: virtual time, the wire, verdict, reports."""
