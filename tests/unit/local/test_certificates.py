import stat
from pathlib import Path

from cryptography import x509

from controller.local import certificates


def names(path: Path) -> set[str]:
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return {str(name.value) for name in found}


def test_certificates_stay_over_restarts(tmp_path: Path) -> None:
    first = certificates.prepare(tmp_path, ["127.0.0.1"])
    before = first.server.read_bytes()

    again = certificates.prepare(tmp_path, ["127.0.0.1"])

    assert again.server.read_bytes() == before


def test_a_new_address_gets_into_the_certificate(tmp_path: Path) -> None:
    certificates.prepare(tmp_path, ["127.0.0.1"])

    made = certificates.prepare(tmp_path, ["127.0.0.2"])

    assert {"127.0.0.2", "localhost"} <= names(made.server)


def test_keys_are_for_the_owner_only(tmp_path: Path) -> None:
    made = certificates.prepare(tmp_path, ["127.0.0.1"])

    modes = [stat.S_IMODE(path.stat().st_mode) for path in (made.key, tmp_path / "ca.key")]
    assert modes == [0o600, 0o600]
