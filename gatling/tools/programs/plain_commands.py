"""Commands that run no others, by name and options. Only what stands in a table is understood."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gatling.tools.programs.action import Action, Does, Thing, shortened, unclear
from gatling.tools.programs.secrets import is_secret_name, is_secret_path

# What these read are paths.
_READS_FILES = frozenset(
    "ls ll dir cat bat head tail less more wc stat file du tree uniq cut nl tac rev fold column paste join comm diff cmp "
    "colordiff strings xxd hexdump od md5sum sha1sum sha256sum sha512sum cksum b2sum readlink realpath zcat zless zgrep "
    "bzcat xzcat jq yq xmllint csvcut csvlook cd pushd source_highlight pdftotext exiftool identify ffprobe sort shuf tsort "
    "look getfacl lsattr".split()
)
_READS = frozenset(
    "echo printf pwd whoami id groups date cal uname hostname uptime free df ps pgrep top htop which whereis type command_v "
    "man help info true false : test [ [[ sleep seq basename dirname expr bc lsof netstat ss ifconfig ping ping6 dig "
    "nslookup host traceroute tracepath whois lsblk lscpu lsusb lspci nproc getconf locale tty users who w last popd dirs "
    "jobs wait exit return break continue shift tr cowsay figlet sum factor numfmt clear reset_screen ulimit getent "
    "nvidia-smi vmstat iostat dmesg arch lsmod blkid findmnt mountpoint read mapfile readarray let local declare typeset "
    "readonly umask hash times caller compgen yes column fmt expand unexpand iconv journalctl sw_vers ldd nm objdump size".split()
)
_DUMPS = frozenset("pg_dump pg_dumpall mysqldump".split())
_DUMP_OPTIONS = frozenset(
    "-a -c -C -O -s -x -v -n -t --data-only --schema-only --clean --create --no-owner --no-privileges --verbose "
    "--single-transaction --no-data".split()
)
_SEARCHES = frozenset("grep egrep fgrep rg ag ack".split())
_WRITES = frozenset(
    "mkdir touch cp mv ln tee install patch zip gzip gunzip bzip2 xz unxz unzip 7z ar split csplit mktemp truncate mkfifo "
    "rename convert ffmpeg pandoc dos2unix unix2dos chmod sponge magick".split()
)
_DELETES = frozenset("rm rmdir unlink shred srm".split())
_ADMINISTERS = frozenset(
    "su useradd adduser usermod userdel deluser groupadd groupmod groupdel gpasswd passwd chpasswd visudo chown chgrp "
    "setfacl iptables ip6tables nft ufw firewall-cmd mount umount swapon swapoff sysctl modprobe insmod rmmod kill pkill "
    "killall renice shutdown reboot halt poweroff init telinit at batch chroot setcap update-rc.d chkconfig hostnamectl "
    "timedatectl loginctl setenforce auditctl lvremove vgremove pvremove ssh-keygen ssh-copy-id ssh-add gpg openssl certbot "
    "launchctl defaults scutil nsenter unshare strace gdb tcpdump nmap msfconsole hydra route arp ip nmcli dhclient brctl "
    "tc service".split()
)
_ERASES = frozenset("mkfs fdisk sfdisk parted wipefs sgdisk blkdiscard dropdb dropuser lvremove vgremove".split())
# What a project's own tools run is the project's.
PROJECT = frozenset(
    "make gmake cmake ninja meson pytest py.test tox nox unittest coverage ruff black isort flake8 pylint mypy pyright "
    "bandit pre-commit jest vitest mocha eslint prettier tsc webpack vite rollup rspec rubocop rake bundle mvn gradle "
    "gradlew ant sbt gcc g++ cc clang clang++ javac java rustc ctest bazel phpunit composer dotnet mix swift swiftc "
    "xcodebuild sphinx-build mkdocs jupyter alembic django-admin flask uvicorn gunicorn shellcheck hadolint tflint "
    "golangci-lint gofmt rustfmt playwright cypress".split()
)
_SETTINGS = frozenset("set shopt export unset trap alias unalias enable bind".split())
RISKY_VARIABLES = re.compile(
    r"(?:PATH|IFS|ENV|BASH_ENV|BASH_FUNC\w*|PROMPT_COMMAND|PS[0-4]|LD_\w+|DYLD_\w+|GIT_\w+|PAGER|EDITOR|VISUAL|BROWSER|PYTHON(?:STARTUP|HOME|PATH|INSPECT)|PERL5\w*|"
    r"RUBYOPT|NODE_OPTIONS|JAVA_TOOL_OPTIONS|MAKEFLAGS|LESSOPEN|SSH_ASKPASS|KUBECONFIG|https?_proxy|all_proxy)",
    re.IGNORECASE,
)
_ROOT_LIKE = re.compile(
    r"(?:/|~|\.\.?|/?\*|[.~/]+\*?|/(?:home|root|etc|usr|var|bin|sbin|lib|lib64|boot|opt|srv|dev|proc|sys|mnt|media|data|Users|Library|System|Applications)"
    r"(?:/\*?|/[\w.-]+/?)?|[A-Za-z]:[\\/]?.*|%\w+%.*|\$.*)"
)
_SED_SCRIPT = re.compile(
    r"(?:(?:\d+|\$|/[^/]{0,200}/)(?:,(?:\d+|\$|/[^/]{0,200}/))?!?)?\s*(?:[pdqn=]|s([^\w\s\\])(?:(?!\1)(?:[^\\]|\\.)){0,500}\1(?:(?!\1)(?:[^\\]|\\.)){0,500}\1[gpIi\d]{0,4})"
)
_AWK_RISKY = re.compile(r"system\s*\(|\||getline|>|\bclose\s*\(|@load|@include")


def of_plain(name: str, words: tuple[str, ...], line: str, *, known: bool) -> list[Action]:
    """Return what a command does that runs no other."""
    full = (name, *words)
    plain = [w for w in words if not w.startswith("-") or w == "-"]
    flags = {c for w in words if w.startswith("-") and not w.startswith("--") for c in w[1:]}
    plain = [w for w in plain if not w.isdigit()] if name in ("head", "tail", "cut", "split") else plain
    paths = tuple(Thing("path", p, "$" not in p) for p in plain)[:50]
    said = shortened(line)
    if name in ("printenv", "history", "fc") or (
        name in ("export", "set", "declare", "typeset", "readonly") and not words
    ):
        if name == "history" and words:
            return [Action("deletes", said, command=full)]
        return [Action("reads", said, is_secret=True, command=full)]
    if name in _SETTINGS:
        names = [w.partition("=")[0] for w in plain]
        harmless = name in ("set", "shopt", "unset", "export") and not any(map(RISKY_VARIABLES.fullmatch, names))
        return [Action("reads", said, command=full) if harmless else unclear(line, full)]
    if name in ("tail", "head", "cat") or name in _READS_FILES:
        if name == "sort" and any(w.startswith(("-o", "--output", "--compress-program")) for w in words):
            return [unclear(line, full)]
        return [reads_files(line, plain, full)]
    if name in _DUMPS:  # to standard output; to a file, or from another machine, is not read
        is_plain = all(not w.startswith("-") or w in _DUMP_OPTIONS for w in words)
        return [Action("reads", said, command=full) if is_plain else unclear(line, full)]
    if name in _SEARCHES:
        if any(w.startswith(("--pre", "--hostname-bin", "--open-files", "--pager")) for w in words):
            return [unclear(line, full)]
        pattern = plain[0] if plain and not {"-e", "-f"} & set(words) else ""
        looks_for_secrets = (
            bool(pattern) and is_secret_name(pattern) and any(p.startswith(("/", "~")) for p in plain[1:])
        )
        read = reads_files(line, plain[1:] if pattern else plain, full)
        return [Action("reads", read.said, read.things, is_secret=read.is_secret or looks_for_secrets, command=full)]
    if name == "sed":
        return _of_sed(words, plain, line, full)
    if name in ("awk", "gawk", "mawk"):
        script = next(iter(plain), "")
        if {"-f", "-i", "-l", "-e"} & set(words) or _AWK_RISKY.search(re.sub(r"[<>]=?\s*[\d$]", "", script)):
            return [unclear(line, full)]
        return [reads_files(line, plain[1:], full)]
    if name in _READS:
        if name == "hostname" and plain:
            return [Action("administers", said, command=full)]
        return [Action("reads", said, is_secret=any(map(is_secret_path, plain)), command=full)]
    if name == "dd":
        target = next((w[3:] for w in words if w.startswith("of=")), "")
        source = next((w[3:] for w in words if w.startswith("if=")), "")
        erases = target.startswith("/dev/") and target != "/dev/null"
        does: Does = "deletes" if erases else "writes"
        return [
            reads_files(line, [source] if source else [], full),
            Action(does, said, (Thing("path", target),), is_final=erases, command=full),
        ]
    if name == "tar":
        mode = words[0].lstrip("-") if words else ""
        lists = ("t" in mode and "x" not in mode and "c" not in mode) or "--list" in words
        if any(
            w.startswith(
                ("--to-command", "--checkpoint-action", "--use-compress-program", "-I", "--rsh", "--rmt", "-F")
            )
            for w in words
        ):
            return [unclear(line, full)]
        return [
            reads_files(line, plain, full)
            if lists
            else Action("writes", said, paths, is_secret=any(map(is_secret_path, plain)), command=full)
        ]
    if name in _DELETES:
        wide = bool(flags & set("rR")) or "--recursive" in words or name in ("shred", "srm") or not known
        wide |= (
            any(c in p for p in plain for c in "*?[") or len(plain) > 5 or any(_ROOT_LIKE.fullmatch(p) for p in plain)
        )
        return [Action("deletes", said, paths, is_final=wide and name != "rmdir", command=full)]
    if name.partition(".")[0] in _ERASES:
        only_told = "-l" in words or "--list" in words
        return [Action("reads" if only_told else "deletes", said, paths, is_final=not only_told, command=full)]
    if name == "crontab":
        return [Action("reads" if words == ("-l",) else "administers", said, command=full)]
    if name == "service" and plain[1:] == ["status"]:
        return [Action("reads", said, command=full)]
    if name == "ip" and (
        not plain or not {"add", "del", "delete", "set", "flush", "change", "replace", "exec", "netns"} & set(plain)
    ):
        return [Action("reads", said, command=full)]
    if name in _ADMINISTERS:
        secret = any(map(is_secret_path, plain))
        return [
            Action("administers", said, tuple(Thing("name", w) for w in plain[:20]), is_secret=secret, command=full)
        ]
    if name in _WRITES:
        if name == "unzip" and flags & set("lZt"):
            return [reads_files(line, plain, full)]
        if name == "chmod" and (
            flags & set("R")
            and any(w in ("777", "a+rwx", "o+w", "666", "a+w") or re.fullmatch(r"0?[0-7]?777", w) for w in plain)
        ):
            return [Action("administers", said, paths, command=full)]
        things = paths[1:] if name == "chmod" else paths
        return [Action("writes", said, things, is_secret=any(map(is_secret_path, plain)), command=full)]
    if name in PROJECT or name in ("gradlew", "mvnw", "manage.py"):
        return [Action("executes", said, command=full)]
    if name in ("npx", "uvx", "bunx"):
        return [
            Action(
                "executes",
                said,
                tuple(Thing("package", w) for w in plain[:1]),
                command=full,
                is_understood=plain[:1] != [] and plain[0] in PROJECT,
            )
        ]
    if name == "base64" and known:
        return [reads_files(line, [p for p in plain if p != "-"], full)]
    return [unclear(line, full)]


def reads_files(line: str, paths: Sequence[str], command: Sequence[str], *, is_known: bool = True) -> Action:
    things = tuple(Thing("path", p, is_known and "$" not in p) for p in paths)
    return Action(
        "reads", shortened(line), things[:50], is_secret=any(map(is_secret_path, paths)), command=tuple(command)
    )


def _of_sed(words: tuple[str, ...], plain: list[str], line: str, full: tuple[str, ...]) -> list[Action]:
    scripts = [words[i + 1] for i, w in enumerate(words[:-1]) if w in ("-e", "--expression")]
    files = plain
    if scripts:
        files = [p for p in plain if p not in scripts]
    elif plain:
        scripts, files = plain[:1], plain[1:]
    parts = [
        part
        for script in scripts
        for part in ([script] if script.lstrip("0123456789,$").startswith("s") else re.split(r"[;\n]", script))
    ]
    if (
        not scripts
        or any(w in ("-f", "--file") for w in words)
        or not all(_SED_SCRIPT.fullmatch(p.strip()) for p in parts if p.strip())
    ):
        return [unclear(line, full)]
    if any(w.startswith(("-i", "--in-place")) or re.fullmatch(r"-[nErsz]*i.*", w) for w in words):
        return [Action("writes", shortened(line), tuple(Thing("path", f) for f in files), command=full)]
    return [reads_files(line, files, full)]
