"""Image builds: CodeBuild, and the programs that a build calls."""
