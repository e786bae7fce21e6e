"""Every proof of the contract at reduced counts; `make prove` runs the same code at the full ones."""

import importlib

import pytest

from tests_host.proofs import MODULES


@pytest.mark.slow
@pytest.mark.parametrize("name", MODULES)
def test_proof(name):
    print(importlib.import_module(f"tests_host.proofs.{name}").prove(False))
