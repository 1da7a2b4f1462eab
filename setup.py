"""What is written in C; a machine without a compiler installs all the same, and runs what is there in Python."""

from setuptools import Extension, setup

setup(
    ext_modules=[
        Extension(
            "bizra_lab.harness._recorder",
            sources=["bizra_lab/harness/_recorder.c"],
            extra_compile_args=["-O2"],
            optional=True,
        ),
        Extension(
            "bizra_lab.analysis._histogram",
            sources=["bizra_lab/analysis/_histogram.c"],
            extra_compile_args=["-O3"],  # which counts several values at a time with every compiler
            optional=True,
        ),
        Extension(
            "bizra_lab.analysis._levels",
            sources=["bizra_lab/analysis/_levels.c"],
            extra_compile_args=["-O3", "-ffp-contract=off"],  # sums round as they do in numpy
            optional=True,
        ),
        Extension(
            "bizra_lab.components._cache_front",
            sources=["bizra_lab/components/_cache_front.c"],
            extra_compile_args=["-O2"],
            optional=True,
        ),
        Extension(
            "bizra_lab.components._validation_scan",
            sources=["bizra_lab/components/_validation_scan.c"],
            extra_compile_args=["-O2"],
            optional=True,
        ),
    ]
)
