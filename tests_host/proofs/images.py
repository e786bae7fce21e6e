"""`make image` of every board, offline: sizes, and both forms boot on the unix port up to a built board."""

import tempfile
from pathlib import Path

from host_tools import board_files, image
from tests_host.test_image import boot


def prove(full):
    """Every board in both forms; quick: every board as files, one as ROMFS."""
    sizes = []
    for name in board_files.names():
        with tempfile.TemporaryDirectory() as name_of_folder:
            folder = Path(name_of_folder)
            report = image.build(name, out=folder / name)
            tree = folder / name / "tree"
            rom = folder / "image.romfs"
            rom.write_bytes(image.romfs_of(tree))
            forms = [("tree", tree), ("romfs", rom)]
            for form, where in forms if full or report["form"] == "romfs" else forms[:1]:
                done, modules = boot(folder, form, where, tree)
                assert done.returncode == 0, f"{name} as {form}: {done.stderr[-300:]}"
                assert done.stdout.split()[0] == name, f"{name} as {form} built {done.stdout!r}"
                linked = (folder / name / "source" / "app" / "__init__.py").read_text()
                assert "\nclass Meter:" in linked and "drivers.ade9153a" in modules, f"{name}: image is not whole"
            sizes.append(f"{name} {report['total']} B as files, {rom.stat().st_size} B as ROMFS")
    return "; ".join(sizes)
