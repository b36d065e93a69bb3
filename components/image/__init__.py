"""The image that runs jobs and endpoints: the bundle of its sources, its build, its repository."""

from components.image.image import Image, ImageArgs

__all__ = ["Image", "ImageArgs"]
