"""Code that runs in endpoints. What training shares with serving (the plan, the statistics) is written here, once."""
