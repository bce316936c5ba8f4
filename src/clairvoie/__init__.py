"""Open street sensing that a town can account for.

The rooms below sort in the order in which data flows through them: ``boundary`` (what may cross), ``capture``,
``detect``, ``egress`` (the only door), ``hub``, ``oversight``, ``views``; ``lab`` stands apart. The import law that
keeps them apart is a test: ``tests/test_import_law.py``.
"""

__version__ = "0.1.0"
