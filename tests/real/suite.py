"""Presses real servers into command lines and checks what these do. Started by `run`.

    python3 suite.py ROOT MCPRESS HOME [PART…]
"""

import os
import shlex
import shutil
import sys
from pathlib import Path

import altr
import everything
import network
import reference
import remote
from program import Marked, Program
from report import Report

PARTS = ["api", "altr", "uv", "everything", "reference", "remote", "network", "modern"]


class Suite:
    """The folders, the generator, and the parts that share them."""

    def __init__(self, root, mcpress, home):
        self.report = Report()
        self.servers = home / "servers"
        self.out = home / "out"
        shutil.rmtree(self.out, ignore_errors=True)
        self.out.mkdir(parents=True)
        self.logs = home / "logs"
        self.logs.mkdir(exist_ok=True)
        self.home = home / "home"
        shutil.rmtree(self.home, ignore_errors=True)
        self.home.mkdir()
        self.root = root
        self.mcpress_path = mcpress
        self.marked = Marked(self.servers, self.out)
        self.altr_mcp = [str(self.servers / "py/bin/altr-mcp")]
        self.everything = [str(self.servers / "node_modules/.bin/mcp-server-everything"), "stdio"]

    def mcpress(self, cwd, env=None):
        """The generator, with the caller's own HOME: its caches are part of what is tested."""
        kept = {name: value for name, value in os.environ.items() if name not in altr.CREDENTIALS}
        search = [str(self.servers / "py/bin")]
        return Program(self.mcpress_path, self.home, env={**kept, **(env or {})}, cwd=cwd, search=search)

    def generated(self, what, done, artifact):
        made = done.code == 0 and artifact.is_file()
        return self.report.check(f"{what} ({done.seconds:.1f} s)", made, done)

    def left_running(self, what):
        self.report.check(f"{what}: nothing is left running", self.marked.gone(), self.marked.running())
        self.marked.end()

    def api(self):
        with altr.Api(self.logs / "api.log") as api:
            altr.check_api(self.report, self.altr_mcp, api)

    def altr(self):
        with altr.Api(self.logs / "altr.log") as api:
            answers = altr.bare_answers(self.altr_mcp, api.url)
            mcpress = self.mcpress(self.root, altr.server_environment(api.url))
            for kind in ("--compile", "--bundle"):
                label = kind.strip("-")
                artifact, crate = self.out / f"altr-{label}", self.out / f"altr-{label}-crate"
                server = shlex.join(self.altr_mcp)
                done = altr.generate(mcpress, server, artifact, kind, self.root, crate)
                if not self.generated(f"generate-cli {kind} of altr-mcp", done, artifact):
                    continue
                cli = altr.program(artifact, self.home, api.url)
                altr.check_secrets(self.report, label, artifact, *([crate] if crate.is_dir() else []))
                altr.check_offline(self.report, label, cli, api)
                altr.check_commands(self.report, label, cli, api, answers)
                altr.check_failures(self.report, label, cli, api)
                self.left_running(label)

    def uv(self):
        """The line of the README's own build, from a checkout: the artifact is run there as well."""
        checkout = self.servers / "checkout"
        search = [str(self.servers / "py/bin")]
        with altr.Api(self.logs / "uv.log") as api:
            answers = altr.bare_answers(self.altr_mcp, api.url)
            mcpress = self.mcpress(checkout, altr.server_environment(api.url))
            artifact = self.out / "altr-uv"
            server = "uv run --directory . altr-mcp"
            done = altr.generate(mcpress, server, artifact, "--compile", checkout, self.out / "altr-uv-crate")
            if self.generated(f"generate-cli --command {server!r}", done, artifact):
                cli = altr.program(artifact, self.home, api.url, cwd=checkout, search=search)
                altr.check_commands(self.report, "uv", cli, api, answers)
                self.left_running("uv")

    def run_everything(self):
        artifact = self.out / "everything"
        mcpress = self.mcpress(self.root)
        server = shlex.join(self.everything)
        done = everything.generate(mcpress, server, artifact, self.out / "everything-crate")
        if self.generated("generate-cli --compile of server-everything", done, artifact):
            cli = Program(artifact, self.home)
            everything.check_answers(self.report, cli, self.everything)
            everything.check_environment(self.report, cli)
            everything.check_progress(self.report, cli)
            everything.check_interruptions(self.report, cli, self.marked)
            self.left_running("everything")

    def reference(self):
        data = self.home / "data"
        data.mkdir()
        mcpress = self.mcpress(self.root)
        for name, (server, check) in reference.servers(self.servers, data).items():
            artifact = self.out / name
            done = reference.generate(mcpress, name, server, artifact)
            if self.generated(f"generate-cli --bundle of mcp-server-{name}", done, artifact):
                check(self.report, Program(artifact, self.home), data)
        self.left_running("reference")

    def pressed(self, name, url):
        """The program that is bundled from a listening server, or None when it is not."""
        artifact = self.out / name
        done = remote.generate(self.mcpress(self.root), name, url, artifact)
        made = self.generated(f"generate-cli --url of {name}", done, artifact)
        return Program(artifact, self.home) if made else None

    def remote(self):
        for kind, path in [("streamableHttp", "/mcp"), ("sse", "/sse")]:
            name = f"everything-{kind.lower()}"
            with remote.Listening([self.everything[0], kind], self.logs / f"{name}.log", path) as url:
                if cli := self.pressed(name, url):
                    remote.check_everything(self.report, kind, cli)

    def network(self):
        listening = remote.Listening([self.everything[0], "streamableHttp"], self.logs / "network.log")
        with listening as url:
            if cli := self.pressed("everything-network", url):
                network.check(self.report, cli, listening.port, self.home / "network")

    def modern(self):
        here = Path(__file__).resolve().parent
        server = [self.servers / "mcp/bin/python", "-B", here / "modern_server.py", "PORT"]
        with remote.Listening(server, self.logs / "fastmcp.log") as url:
            if cli := self.pressed("fastmcp", url):
                remote.check_fastmcp(self.report, cli)
        # Where its packages are installed, as an import looks for them.
        script = shutil.copy(here / "modern_server.mjs", self.servers)
        with remote.Listening(["node", script, "PORT"], self.logs / "typescript.log") as url:
            if cli := self.pressed("typescript", url):
                remote.check_typescript(self.report, "typescript", cli)
        artifact = self.out / "typescript-stdio"
        done = reference.generate(self.mcpress(self.root), "typescript-stdio", ["node", script], artifact)
        if self.generated("generate-cli --bundle of typescript over standard streams", done, artifact):
            remote.check_typescript(self.report, "typescript-stdio", Program(artifact, self.home))
        self.left_running("modern")

    def run(self, parts):
        every = [self.api, self.altr, self.uv, self.run_everything, self.reference, self.remote, self.network,
                 self.modern]
        runs = dict(zip(PARTS, every))
        for part in parts or PARTS:
            self.report.part(part, runs[part])
        return self.report.finish()


def main():
    root, mcpress, home, *parts = sys.argv[1:]
    unknown = set(parts) - set(PARTS)
    if unknown:
        sys.exit(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    sys.exit(Suite(Path(root), Path(mcpress).resolve(), Path(home)).run(parts))


if __name__ == "__main__":
    main()
