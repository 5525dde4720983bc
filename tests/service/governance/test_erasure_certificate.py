"""A certificate says what it was signed for, to whoever reads it and by whatever reader."""

from __future__ import annotations

import pytest

from graph.model.errors import DeliveryError
from graph.signatures import SignatureState
from service.governance.erasure.certificate import checked, signed

KEYS = [("k1", b"of the tests' certificates, 32 b")]
CERTIFICATE = signed({"certificate": "E-1", "people": {"erased": 3}}, KEYS)


@pytest.mark.parametrize(
    ("old", "new"), [(b'"erased": 3', b'"erased": 900, "erased": 3'), (b"{", b'{"certificate": "E-2",')]
)
def test_a_certificate_that_says_two_things_of_one_is_refused(old: bytes, new: bytes) -> None:
    assert checked(CERTIFICATE, KEYS).state is SignatureState.VALID
    with pytest.raises(DeliveryError, match="one thing twice"):
        checked(CERTIFICATE.replace(old, new, 1), KEYS)


@pytest.mark.parametrize("signature", ["\u00e9", "", "x" * 100_000])
def test_a_signature_of_any_shape_is_answered(signature: str) -> None:
    at = CERTIFICATE.index(b'"k1:') + 4
    forged = CERTIFICATE[:at] + signature.encode() + CERTIFICATE[CERTIFICATE.index(b'"', at) :]
    assert checked(forged, KEYS).state is SignatureState.TAMPERED
