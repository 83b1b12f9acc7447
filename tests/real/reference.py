"""Reference servers of the protocol over standard streams, behind command lines that were bundled."""

import json
import shlex
import subprocess


def servers(folder, data):
    """What starts each server, and what its command line must do. `data` is a folder they may change."""
    repository = data / "repository"
    subprocess.run(["git", "init", "--quiet", str(repository)], check=True)
    author = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
    commit = ["commit", "--quiet", "--allow-empty", "--message", "begin"]
    subprocess.run(["git", "-C", str(repository), *author, *commit], check=True)
    files = data / "files"
    files.mkdir()
    return {
        "filesystem": ([folder / "node_modules/.bin/mcp-server-filesystem", files], check_files),
        "memory": ([folder / "node_modules/.bin/mcp-server-memory"], check_memory),
        "time": ([folder / "mcp/bin/mcp-server-time", "--local-timezone", "Europe/Paris"], check_time),
        "git": ([folder / "mcp/bin/mcp-server-git", "--repository", repository], check_git),
        "sqlite": ([folder / "sqlite/bin/mcp-server-sqlite", "--db-path", data / "pets.db"], check_sqlite),
    }


def generate(mcpress, name, server, artifact):
    return mcpress(
        "generate-cli", "--command", shlex.join(map(str, server)), "--name", name, "--bundle", str(artifact),
        *(["--env", "MEMORY_FILE_PATH?"] if name == "memory" else []),
    )


def check_files(report, cli, data):
    note = data / "files/note.txt"
    path = ["--path", str(note)]
    text = "snö ☃\n--two\n"
    done = cli("write-file", "--yes", *path, f"--content={text}")
    written = note.is_file() and note.read_text("utf-8") == text
    report.check("filesystem: a file is written as it was given", done.code == 0 and written, done)
    done = cli("edit-file", "--yes", *path, "--edits", "oldText=--two,newText=2")
    edited = note.read_text("utf-8") == "snö ☃\n2\n"
    report.check("filesystem: an edit in the shorthand is made", done.code == 0 and edited, done)
    done = cli("read-text-file", *path, "--head", "1")
    report.equal("filesystem: the first line is read", (done.code, done.out.strip()), (0, "snö ☃"))
    done = cli("read-multiple-files", "--paths", str(note), "--paths", f"{note}.none", "--output", "raw")
    told = "snö" in done.out and "ENOENT" in done.out
    report.check("filesystem: many are read, and a failure among them is told", told, done)
    done = cli("read-text-file", "--path", "/etc/passwd", "--output", "json")
    failed = (done.code, (done.error() or {}).get("code"))
    report.equal("filesystem: a file outside is refused by the server", failed, (1, "tool_error"))


def check_memory(report, cli, data):
    env = {"MEMORY_FILE_PATH": str(data / "memory.jsonl")}
    ada = {"name": "Ada", "entityType": "person", "observations": ["wrote a program", "a, b"]}
    done = cli("create-entities", "--entities", json.dumps(ada), env=env)
    report.check("memory: an object goes as JSON", done.code == 0, done)
    line = ["--entities", "name=Bob,entityType=person,observations:=[]"]
    done = cli("create-entities", *line, "--entities", "name=Cy,entityType=cat,observations:=[]", env=env)
    report.check("memory: two go in the shorthand", done.code == 0, done)
    done = cli("open-nodes", "--names", "Ada", "--names", "Cy", "--output", "json", env=env)
    found = [entity["name"] for entity in (done.json() or {}).get("entities", [])]
    report.equal("memory: two names are two items", found, ["Ada", "Cy"])
    done = cli("search-nodes", "--query", "program", "--output", "json", env=env)
    report.equal("memory: what was said is found", (done.json() or {}).get("entities"), [ada])


def check_time(report, cli, _):
    line = ["convert-time", "--source-timezone", "UTC", "--time", "12:00", "--target-timezone", "Asia/Tokyo"]
    done = cli(*line, "--output", "json")
    report.equal("time: structured content is the data", (done.json() or {}).get("time_difference"), "+9.0h")
    done = cli("get-current-time", "--timezone", "Mars/Olympus")
    told = done.code == 1 and "Mars/Olympus" in done.err
    report.check("time: an error of the tool is the server's word", told, done)


def check_git(report, cli, data):
    repository = str(data / "repository")
    (data / "repository/new").write_text("new")
    done = cli("git-add", "--repo-path", repository, "--files", "new")
    staged = cli("git-diff-staged", "--repo-path", repository)
    report.check("git: a file is staged", done.code == 0 and "+new" in staged.out, done)
    done = cli("git-log", "--repo-path", repository, "--max-count", "1")
    report.check("git: the log has the first commit", done.code == 0 and "begin" in done.out, done)
    done = cli("git-log", "--repo-path", str(data))
    report.equal("git: a repository outside is refused by the server", (done.code, done.out), (1, ""))


def check_sqlite(report, cli, _):
    done = cli("create-table", "--query", "CREATE TABLE pets (name TEXT, legs INTEGER)")
    report.check("sqlite: a table is made", done.code == 0, done)
    done = cli("write-query", "--query", "INSERT INTO pets VALUES ('Ada', 4)")
    report.check("sqlite: a row is written", done.code == 0, done)
    done = cli("read-query", "--query", "SELECT * FROM pets")
    report.equal("sqlite: and read", done.out.strip(), "[{'name': 'Ada', 'legs': 4}]")
