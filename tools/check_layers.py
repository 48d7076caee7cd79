#!/usr/bin/env python3
"""Fails if a folder under src/ includes a folder it may not. The table is the architecture."""
import pathlib
import re
import sys

ALLOWED = {
    "core": "",
    "io": "core",
    "event": "core",
    "market": "event core",
    "feed": "event market io core",
    "journal": "event io core",
    "state": "event market core",
    "replay": "journal state market event io core",
    "store": "event market io core",
    "history": "state store market event io core",
    "archive": "store market event io core",
    "channel": "core",
    "access": "store core",
    "cluster": "event io core",
    "admin": "access store core",
    "api": "channel history state access store market event io core",
    "server": "core io event market feed journal state replay store history archive channel access cluster admin api",
}
# A venue of feed/ never sees another one.
VENUES_MAY_SHARE = {"feed"}


def includes(path):
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        match = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
        if match:
            yield number, match.group(1)


def faults(root):
    source = root / "src"
    for path in sorted(source.rglob("*")):
        if path.suffix not in (".cpp", ".hpp"):
            continue
        parts = path.relative_to(source).parts
        folder = parts[0]
        if folder not in ALLOWED:
            yield f"{path}: folder '{folder}' is not in the table of {pathlib.Path(__file__).name}"
            continue
        for number, target in includes(path):
            place = f"{path.relative_to(root)}:{number}"
            to = target.split("/")[0]
            if "/" not in target:
                yield f"{place}: '{target}' must be spelt from src/, as \"folder/file.hpp\""
            elif to != folder and to not in ALLOWED[folder].split():
                yield f"{place}: {folder} may not include {to} (allowed: {ALLOWED[folder] or 'nothing'})"
            elif folder in VENUES_MAY_SHARE and to == folder and len(parts) > 2 and target.count("/") > 1:
                if target.split("/")[1] != parts[1]:
                    yield f"{place}: feed/{parts[1]} may not include feed/{target.split('/')[1]}"


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    found = list(faults(root))
    print("\n".join(found) if found else "layers: every include points down")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
