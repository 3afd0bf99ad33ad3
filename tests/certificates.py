"""A certificate authority for one test: made by openssl, in the test's own directory."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import NamedTuple

CURVE = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


class Certificate(NamedTuple):
    """A certificate and its private key, both PEM files."""

    certificate: Path
    key: Path


class Authority:
    """Signs certificates for 127.0.0.1 and localhost; `certificate` is what clients trust."""

    def __init__(self, directory: Path, name: str = "ca") -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self.certificate = directory / f"{name}.crt"
        self._key = directory / f"{name}.key"
        openssl(
            *("req", "-x509", *CURVE, "-days", "2", "-subj", f"/CN={name}"),
            *("-keyout", str(self._key), "-out", str(self.certificate)),
        )

    def sign(
        self, name: str, *, hosts: tuple[str, ...] = ("IP:127.0.0.1", "DNS:localhost"), days: int = 2
    ) -> Certificate:
        """A new certificate with this common name, good for `hosts` and so many days; below 0 it is over."""
        key, request, signed = (self.directory / f"{name}.{end}" for end in ("key", "csr", "crt"))
        openssl("req", *CURVE, "-subj", f"/CN={name}", "-keyout", str(key), "-out", str(request))
        extensions = self.directory / f"{name}.ext"
        extensions.write_text(f"subjectAltName={','.join(hosts)}\n")
        openssl(
            *("x509", "-req", "-in", str(request), "-CA", str(self.certificate), "-CAkey", str(self._key)),
            *("-CAcreateserial", "-days", str(days), "-extfile", str(extensions), "-out", str(signed)),
        )
        return Certificate(signed, key)


def openssl(*arguments: str) -> None:
    """Run openssl; its complaint is the test's failure."""
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"openssl {arguments[0]}: {done.stderr}")
