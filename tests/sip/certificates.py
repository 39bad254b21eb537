"""A certificate authority for one test: openssl makes the folders that a TLS endpoint wants."""

import subprocess
from pathlib import Path


def _openssl(*words: str | Path) -> None:
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)


class Authority:
    """Writes its key and certificate into `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self.certificate = folder / "ca.pem"
        self._key = folder / "ca.key"
        _openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-keyout", self._key, "-out", self.certificate, "-subj", "/CN=Kinline test authority",
        )  # fmt: skip

    def endpoint(self, name: str, host: str) -> Path:
        """A folder with agent.pem, signed by us for that host name or address, and our certificate as cafile.pem."""
        place = self.folder / name
        place.mkdir()
        request, extensions, certificate = place / "request.pem", place / "extensions", place / "certificate.pem"
        key = place / "key.pem"
        extensions.write_text(f"subjectAltName=DNS:{host}\n")
        _openssl(
            "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key,
            "-out", request, "-subj", f"/CN={host}",
        )  # fmt: skip
        _openssl(
            "x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self._key, "-CAcreateserial",
            "-days", "2", "-extfile", extensions, "-out", certificate,
        )  # fmt: skip
        (place / "agent.pem").write_text(certificate.read_text() + key.read_text())
        (place / "cafile.pem").write_text(self.certificate.read_text())
        return place
