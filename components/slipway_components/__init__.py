"""Pipeline components: NAME/component.py is the thin kfp spec, NAME/task.py the plain Python."""
