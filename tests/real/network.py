"""What stands between a program and its server: a certificate of one's own, and a proxy."""

import socket
import ssl
import subprocess
import threading


def certificate(folder):
    """An authority that nobody knows, and its certificate for `localhost` and `mcp.test`: the paths of the
    authority's certificate, the server's, and the server's key."""
    folder.mkdir(exist_ok=True)
    authority, key, server = (folder / name for name in ("authority.pem", "key.pem", "server.pem"))

    def openssl(*words):
        curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc", "-x509", "-days", "2"]
        subprocess.run(["openssl", "req", *curve, *map(str, words)], check=True, capture_output=True)

    openssl("-subj", "/CN=nobody", "-keyout", folder / "authority.key", "-out", authority)
    openssl(
        "-subj", "/CN=localhost", "-CA", authority, "-CAkey", folder / "authority.key", "-keyout", key, "-out", server,
        "-addext", "basicConstraints=critical,CA:FALSE", "-addext", "subjectAltName=DNS:localhost,DNS:mcp.test",
    )
    return authority, server, key


def pump(source, sink):
    try:
        while data := source.recv(1 << 16):
            sink.sendall(data)
    except OSError:
        pass
    for end in (source, sink):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def join(one, other):
    threading.Thread(target=pump, args=(one, other), daemon=True).start()
    pump(other, one)


class Listener:
    """A port of 127.0.0.1; each connection to it is attended to on a thread of its own."""

    def __init__(self, attend):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.attend = attend
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.guarded, args=(connection,), daemon=True).start()

    def guarded(self, connection):
        try:
            self.attend(connection)
        except OSError:
            connection.close()


def with_tls(port, paths):
    """TLS before a plain server."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*paths)
    return Listener(lambda connection: join(
        context.wrap_socket(connection, server_side=True), socket.create_connection(("127.0.0.1", port))
    ))


def proxy(heard):
    """A proxy that knows every host as this machine, and notes what it is asked for."""

    def attend(connection):
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(1)
        method, target, _ = head.split(b"\r\n")[0].decode().split(" ")
        heard.append(f"{method} {target}")
        port = int(target.rsplit(":", 1)[1])
        behind = socket.create_connection(("127.0.0.1", port))
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        join(connection, behind)

    return Listener(attend)


def check(report, cli, port, folder):
    """`cli` is a program that was pressed from the plain server on that port."""
    authority, *server = certificate(folder)
    guarded = with_tls(port, server)
    echo = ["echo", "--message", "hi", "--mcp-url"]
    near, far = f"https://localhost:{guarded.port}/mcp", f"https://mcp.test:{guarded.port}/mcp"
    trusted = {"SSL_CERT_FILE": str(authority)}
    done = cli(*echo, near)
    report.check("a certificate that nobody knows is not trusted", done.code == 5 and "certificate" in done.err, done)
    done = cli(*echo, near, env=trusted)
    report.equal("SSL_CERT_FILE is trusted", (done.code, done.out.strip()), (0, "Echo: hi"))
    hashed = folder / "hashed"
    hashed.mkdir(exist_ok=True)
    (hashed / "authority.pem").write_bytes(authority.read_bytes())
    subprocess.run(["openssl", "rehash", str(hashed)], check=True)
    done = cli(*echo, near, env={"SSL_CERT_DIR": str(hashed)})
    report.equal("SSL_CERT_DIR is trusted", (done.code, done.out.strip()), (0, "Echo: hi"))
    heard = []
    between = {"HTTPS_PROXY": f"http://127.0.0.1:{proxy(heard).port}", **trusted}
    done = cli(*echo, far, env=between)
    report.equal("HTTPS_PROXY is gone through", (done.code, done.out.strip()), (0, "Echo: hi"))
    report.equal("and asked for the host", set(heard), {f"CONNECT mcp.test:{guarded.port}"})
    heard.clear()
    done = cli(*echo, far, env={**between, "NO_PROXY": "mcp.test"})
    report.equal("NO_PROXY keeps a host from it", (done.code, heard), (5, []))
