"""How every door says that it did not do what was asked: one JSON object, with a code that programs may rely on."""

from __future__ import annotations

from msgspec import Struct


class Problem(Struct, frozen=True, kw_only=True):
    """Why something was not done.

    ``code`` is from a closed list, ``what`` a sentence, ``index`` the offending record of an upload counted from 0,
    ``remedy`` what to do next. When somebody else was first, ``first`` names them.
    """

    code: str
    what: str
    index: int | None = None
    remedy: str = ""
    first: str = ""
