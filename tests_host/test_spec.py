# SPDX-License-Identifier: MIT
"""No page of docs/ names a file that does not exist."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_every_path_in_the_docs_exists():
    for page in sorted((ROOT / "docs").rglob("*.md")):
        for path in re.findall(r"`((?:firmware|host_tools|boards|tests_host|docs)/[\w./*-]+)`", page.read_text()):
            assert list(ROOT.glob(path.rstrip("/") + "*")), f"{page.name}: {path}"
