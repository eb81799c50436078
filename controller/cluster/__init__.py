"""The only speaker to a Kubernetes API: live state by watches, dry-run, apply, delete, logs."""
