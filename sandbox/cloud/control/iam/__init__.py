"""Who may do what: IAM, the policies on resources and keys, and what services ask of roles."""
