"""What several rooms ask of the machine that they run on, beside AWS: its `pulumi`, its files. Imports nobody."""
