"""A person with a browser, who signs in at a server behind Alter's own provider.

    python3 alter_browser.py BACKEND URL

What the page's script does is done here: the identity provider says yes, the page asks until it hears
that, and goes where the client waits. A page that is not where the server says is looked for at the
root, as no browser does: a proxy in front of the server would.
"""

import json
import sys
import time
from urllib.error import HTTPError
from urllib.parse import parse_qs, quote, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener, urlopen


class Stay(HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def get(url):
    """The page, or where it leads."""
    try:
        return build_opener(Stay).open(url, timeout=20).read().decode()
    except HTTPError as error:
        if error.code == 404 and urlsplit(url).path.count("/") > 1:
            parts = urlsplit(url)
            last = parts.path.removeprefix("/mcp")
            return get(parts._replace(path=last).geturl())
        if error.code in (302, 303, 307):
            return error.headers["Location"]
        raise


def main():
    backend, url = sys.argv[1:]
    asked = parse_qs(urlsplit(url).query)
    bridge = get(url)
    pending = parse_qs(urlsplit(bridge).query)["pending"][0]
    assert "Authenticating" in get(bridge), bridge
    yes = Request(
        f"{backend}/_control/auth", json.dumps({"outcome": "complete"}).encode(),
        {"Content-Type": "application/json"},
    )
    urlopen(yes, timeout=20).read()
    poll = bridge.replace("/auth-bridge?", "/auth-bridge/poll?")
    for _ in range(50):
        said = json.loads(get(poll))
        if said["status"] == "completed":
            break
        time.sleep(0.2)
    back = f"{asked['redirect_uri'][0]}?code={quote(said['code'])}&state={quote(asked['state'][0])}"
    assert pending == said["code"]
    urlopen(back, timeout=20).read()


if __name__ == "__main__":
    main()
