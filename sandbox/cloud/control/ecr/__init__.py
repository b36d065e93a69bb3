"""ECR: images and their layers."""
