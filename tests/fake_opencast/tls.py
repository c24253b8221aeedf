"""Self-made certificates, by the openssl program."""

import ssl
import subprocess
from pathlib import Path


def context(folder: Path, days: int) -> tuple[ssl.SSLContext, Path]:
    """Make a certificate for 127.0.0.1; ``days`` below zero makes an expired one.

    Returns the server's context and the certificate to trust.
    """
    folder.mkdir(parents=True, exist_ok=True)
    key, request, certificate = (folder / name for name in ("key.pem", "request.pem", "certificate.pem"))
    extensions = folder / "extensions"
    extensions.write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n", "ascii")
    _openssl(
        "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout", key, "-out", request
    )
    signing = ("x509", "-req", "-in", request, "-signkey", key, "-days", days, "-out", certificate)
    _openssl(*signing, "-extfile", extensions)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)
    return server, certificate


def _openssl(*arguments: object) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)
