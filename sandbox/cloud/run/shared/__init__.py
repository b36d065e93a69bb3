"""What everything that runs needs: processes, roles, files, logs, sockets."""
