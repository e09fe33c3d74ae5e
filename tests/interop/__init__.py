"""The tests against a real SOGo: its installation, a private server for each run, and the mail to seed it with."""
