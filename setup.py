"""The C recorder; a machine without a compiler installs all the same and records in Python."""

from setuptools import Extension, setup

setup(
    ext_modules=[
        Extension(
            "bizra_lab.harness._recorder",
            sources=["bizra_lab/harness/_recorder.c"],
            extra_compile_args=["-O2"],
            optional=True,
        )
    ]
)
