"""The TUF repository in the deploy bucket: what devices believe, and who has to sign it."""
