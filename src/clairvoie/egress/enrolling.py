"""A node asks to be enrolled: one file that holds its public keys and proves that it has the private ones.

The file goes to a technician by any way, for it holds no secret; what comes back is a folder with the node's
certificate, the authority's, and the charter (:func:`check_answer`). The signing key signs the request as a document;
the connection's key signs the certificate request inside it.
"""

from __future__ import annotations

from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from clairvoie.boundary.document import ENROLMENT_TYPE, SignedDocument, add_signature, unsigned
from clairvoie.boundary.life import EnrolmentRequest, encode_enrolment
from clairvoie.egress.key import public_digits
from clairvoie.errors import EgressError


def request_enrolment(
    deployment: str, node: str, epoch: int, key: Ed25519PrivateKey, connection: EllipticCurvePrivateKey
) -> SignedDocument:
    """The node's request, signed by ``key``, for a certificate of ``connection``."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{deployment} {node}"[:64])])
    asked = x509.CertificateSigningRequestBuilder().subject_name(name).sign(connection, SHA256())
    request = EnrolmentRequest(
        deployment=deployment,
        node=node,
        epoch=epoch,
        public_key=public_digits(key),
        certificate_request=asked.public_bytes(Encoding.PEM).decode(),
    )
    return add_signature(unsigned(ENROLMENT_TYPE, encode_enrolment(request)), key)


def check_answer(certificate: Path, authority: Path, connection: EllipticCurvePrivateKey) -> x509.Certificate:
    """The certificate that came back. Raises :class:`EgressError` unless it is for this node's connection key and
    issued by the authority that came with it."""
    try:
        mine = x509.load_pem_x509_certificate(certificate.read_bytes())
        issuer = x509.load_pem_x509_certificate(authority.read_bytes())
        mine.verify_directly_issued_by(issuer)
    except OSError as error:
        raise EgressError(f"the certificate cannot be read ({error.strerror})", str(certificate)) from error
    except (ValueError, TypeError) as error:
        raise EgressError(f"no certificate ({error})", str(certificate), "Ask the technician again.") from error
    except InvalidSignature as error:
        raise EgressError("the certificate is not from the authority beside it", str(certificate)) from error
    if mine.public_key() != connection.public_key():
        raise EgressError("the certificate is for another key than this node's", str(certificate), "Ask for it anew.")
    return mine
