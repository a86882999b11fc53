"""Put into the wheel what lies beside the package, and compile its catalogues.

All else about the project is in pyproject.toml.
"""

import runpy
from pathlib import Path
from shutil import rmtree

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

# Folders of the repository that are data of the package once it is installed.
BESIDE = {"gateway.templates": "templates", "gateway.content": "content"}

compiled = runpy.run_path("gateway/rendering/catalogues.py")["compiled"]


class BuildPy(build_py):
    """Builds the package, its catalogues compiled."""

    def run(self) -> None:
        """Build anew: an earlier build in this folder may hold what is gone from the sources."""
        rmtree(self.build_lib, ignore_errors=True)
        super().run()

    def build_package_data(self) -> None:
        """Copy the data, with each .po made into a .mo."""
        super().build_package_data()
        for source in Path(self.build_lib).rglob("*.po"):
            source.with_suffix(".mo").write_bytes(compiled(source.read_text("utf-8")))
            source.unlink()


setup(
    packages=[*find_packages(include=["gateway*"]), *BESIDE],
    package_dir=BESIDE,
    package_data={
        "gateway": ["core/*.json", "rendering/assets/*", "locale/*/LC_MESSAGES/*.po"],
        "gateway.templates": ["**/*.html", "*.xml"],
        "gateway.content": ["demo/*", "demo/pictures/*"],
    },
    include_package_data=False,
    cmdclass={"build_py": BuildPy},
)
