"""The one thing that pyproject.toml cannot say: the C engine is a cffi module."""

from pathlib import Path

from setuptools import setup

setup(
    cffi_modules=["cffi_ext/build.py:ffibuilder"] if Path("cffi_ext/build.py").exists() else [],
    # Rebuilds are decided by setup/, from the content of the sources; file times only confuse.
    options={"build": {"build_base": "build/setuptools"}, "build_ext": {"force": True}},
)
