"""The package that an image calls `board`: whichever folder of boards/ was built in."""

from hardware import Hardware

def build(variant: str = ..., chip: str = ...) -> Hardware: ...
