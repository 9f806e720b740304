"""Stands in for login.salesforce.com, a name that some clients have written into their code.

It's a proxy on this machine, which a client finds by HTTPS_PROXY. What the client sends to the login host goes to the
org instead, over a certificate that the client is told to trust; any other host is refused. So no client is changed,
nothing leaves this machine, and neither a name server nor a port below 1024 is needed.
"""

import http.client
import http.server
import ssl
import subprocess
import threading
import urllib.parse

HOSTS = ("login.salesforce.com", "test.salesforce.com")
OF_THE_CONNECTION = ("connection", "content-length", "date", "host", "keep-alive", "server", "transfer-encoding")


class Login:
    """The stand-in. environment() is what a client runs with."""

    def __init__(self, org_url, folder):
        self.certificate = folder / "login.pem"
        key = folder / "login.key"
        names = ",".join(f"DNS:{host}" for host in HOSTS)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                        "-subj", f"/CN={HOSTS[0]}", "-addext", f"subjectAltName={names}",
                        "-keyout", key, "-out", self.certificate], check=True, capture_output=True)
        self.refused = set()
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(self.certificate, key)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler(org_url, tls, self.refused))
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def environment(self):
        proxy = f"http://127.0.0.1:{self.server.server_port}"
        here, trusted = "127.0.0.1,localhost", str(self.certificate)
        return {"HTTPS_PROXY": proxy, "https_proxy": proxy, "NO_PROXY": here, "no_proxy": here,
                "REQUESTS_CA_BUNDLE": trusted, "SSL_CERT_FILE": trusted}

    def stop(self):
        self.server.shutdown()


def handler(org_url, tls, refused):
    org = urllib.parse.urlparse(org_url)

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_CONNECT(self):
            host = self.path.partition(":")[0]
            if host not in HOSTS:
                refused.add(host)
                self.send_error(403, "only the login host is here")
                return
            self.send_response(200)
            self.end_headers()
            self.connection = tls.wrap_socket(self.connection, server_side=True)
            self.rfile = self.connection.makefile("rb")
            self.wfile = self.connection.makefile("wb", buffering=0)
            self.close_connection = False  # the client's own request follows

        def forward(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name: value for name, value in self.headers.items() if name.lower() not in OF_THE_CONNECTION}
            to_org = http.client.HTTPConnection(org.hostname, org.port)
            to_org.request(self.command, self.path, body, headers)
            answer = to_org.getresponse()
            content = answer.read()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in OF_THE_CONNECTION:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = forward

        def log_message(self, *_):
            pass

    return Handler
