"""The web console: pages over the same services as the command line. `app.create_app` makes it."""
