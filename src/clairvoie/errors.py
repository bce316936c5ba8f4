"""Every error that Clairvoie raises on purpose, in one tree.

Each message says what happened, which value offended, and what to do next, so that the command line can print it as it
is, on one line, and exit with status 1.

::

    ClairvoieError
    ├── ConfigurationError      a settings file is wrong
    ├── BoundaryError           something would cross a boundary that may not
    │   ├── InvalidValue        a value outside its closed type
    │   ├── MalformedMessage    bytes that are not a message of ours
    │   ├── OversizedMessage    more bytes than a message may have
    │   ├── UnsupportedVersion  a wire version that this program does not read
    │   └── SignatureMismatch   bytes that their alleged signer did not sign
    ├── CaptureError            raw sound cannot be had
    │   └── UnreadableRecording
    ├── ModelError              a model is missing, altered or of another shape
    ├── EgressError             the gate or the outbox cannot do its work
    ├── HubError
    │   ├── StoreError          the store is damaged, of another deployment or of a newer version
    │   ├── StoreUnavailable    the store cannot be written just now: nothing was acknowledged, try again
    │   ├── JobDied             something that the hub does again and again died of a defect; the hub ended with it
    │   ├── Refusal             an upload the hub does not take; carries its HTTP status and a closed code
    │   └── IncidentConflict    the incident is no longer in the state that the request supposes
    ├── NotPermitted            whoever asks may not have it; carries a closed code
    ├── SignInRefused           a sign-in that failed, for whatever reason; it may say how long to wait
    ├── OversightError          a check cannot be made, or found what should not be
    └── LabError
"""

from __future__ import annotations


class ClairvoieError(Exception):
    """What happened, the offending value, and what to do next.

    >>> str(ClairvoieError("the calibration is not a sound pressure level", 9000.0, "Give dB SPL, for instance 120."))
    'the calibration is not a sound pressure level: 9000.0. Give dB SPL, for instance 120.'
    """

    def __init__(self, what: str, value: object = None, remedy: str = "") -> None:
        self.what = what
        self.value = value
        self.remedy = remedy
        shown = f": {value!r}." if value is not None else "."
        super().__init__(f"{what}{shown}{' ' + remedy if remedy else ''}")


class ConfigurationError(ClairvoieError):
    """A settings file is missing, unreadable or says something impossible."""


class BoundaryError(ClairvoieError):
    """Something would cross a boundary that may not."""


class InvalidValue(BoundaryError, ValueError):
    """A value outside its closed type."""


class MalformedMessage(BoundaryError):
    """Bytes that are not a message of ours."""


class OversizedMessage(BoundaryError):
    """More bytes than a message may have."""


class UnsupportedVersion(BoundaryError):
    """A wire version that is newer than the present one, or no version at all."""


class SignatureMismatch(BoundaryError):
    """Bytes that their alleged signer did not sign."""


class CaptureError(ClairvoieError):
    """Raw sound cannot be had."""


class UnreadableRecording(CaptureError):
    """A file that is missing, empty, or has no sound that FFmpeg can read."""


class ModelError(ClairvoieError):
    """A model is missing, altered or of another shape than its card says."""


class EgressError(ClairvoieError):
    """The gate or the outbox cannot do its work."""


class HubError(ClairvoieError):
    """The hub cannot do what it was asked."""


class StoreError(HubError):
    """The store is damaged, of another deployment, or was written by a newer version."""


class StoreUnavailable(HubError):
    """The store cannot be written just now, for instance because the disk is full. Nothing was acknowledged."""


class JobDied(HubError):
    """What the hub does again and again died of a defect, so the hub ended: it no longer did all that it must."""


class Refusal(HubError):
    """An upload that the hub does not take. ``code`` is from a closed list, ``status`` an HTTP 4xx.

    ``index`` says which record of an upload offended, counted from 0; ``None`` when it is the upload as a whole.
    """

    def __init__(self, status: int, code: str, what: str, value: object = None, remedy: str = "") -> None:
        super().__init__(what, value, remedy)
        self.status = status
        self.code = code
        self.index: int | None = None


class NotPermitted(ClairvoieError):
    """Whoever asks may not have this, or not do it. ``code`` is ``not-permitted``, ``not-disclosed`` or ``not-you``."""

    def __init__(self, code: str, what: str, value: object = None, remedy: str = "") -> None:
        super().__init__(what, value, remedy)
        self.code = code


class SignInRefused(ClairvoieError):
    """A sign-in that failed. The message is the same for every cause but too many attempts, which set ``wait``."""

    def __init__(self, wait: float = 0.0) -> None:
        remedy = "Wait, then try again." if wait else "Check both, and ask an administrator if it goes on."
        super().__init__("too many attempts" if wait else "account and password do not belong together", None, remedy)
        self.wait = wait


class IncidentConflict(HubError):
    """The incident is no longer in the state that the request supposes: somebody was first."""


class OversightError(ClairvoieError):
    """A check cannot be made, or found what should not be."""


class LabError(ClairvoieError):
    """A laboratory command cannot do what it was asked."""
