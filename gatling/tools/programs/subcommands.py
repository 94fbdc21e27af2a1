"""Tools of many commands: `git`, `kubectl`, `docker`, package managers, clouds. One table row a tool, its commands by what they do.

Only what stands in a table is understood. Options that run programs or write files are listed by name, and make a line that has one
not understood.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gatling.tools.programs.action import Action, Does, Thing, ThingKind, shortened, unclear
from gatling.tools.programs.secrets import is_secret_name
from gatling.tools.programs.transfers import place_of, remote_of


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool of several commands."""

    reads: str = ""
    writes: str = ""
    deletes: str = ""
    sends: str = ""
    executes: str = ""
    administers: str = ""
    final: str = ""
    """Of those that delete or send: which destroy much, always. `push --force` where an option makes it so."""
    options: str = ""
    """Options before the command that have a value."""
    refused: str = ""
    """Options that run programs or write files; also in the form `--option=value`."""
    things: ThingKind = "name"
    has_groups: bool = False
    """Commands are of two words, `docker volume rm`; a single word stands for all below it."""

    def table(self) -> dict[str, Does]:
        rows: tuple[tuple[str, Does], ...] = (
            (self.reads, "reads"),
            (self.writes, "writes"),
            (self.deletes, "deletes"),
            (self.sends, "sends"),
            (self.executes, "executes"),
            (self.administers, "administers"),
        )
        return {command.strip(): does for text, does in rows for command in text.split(",") if command.strip()}


_PYTHON_PACKAGES = Tool(
    reads="list, show, freeze, check, index, search, tree, version, info, outdated, config, cache, help",
    writes="install, add, sync, lock, download, wheel, update, upgrade, init, create, venv",
    deletes="uninstall, remove",
    executes="run, build",
    sends="publish",
    options="--directory -C --project --python --proxy --index-url -i",
    things="package",
)
_NODE_PACKAGES = Tool(
    reads="list, ls, view, info, outdated, audit, why, search, show, version, help, explain, ping, root, prefix",
    writes="install, i, add, ci, update, upgrade, up, dedupe, init, create, link, set, pack, prune",
    deletes="uninstall, remove, rm, un",
    executes="test, t, run, run-script, start, build, lint, dev, serve, stop, restart, typecheck, format",
    sends="publish",
    administers="login, logout, adduser, token, owner, access, unpublish, deprecate",
    options="--prefix -C --cwd --workspace -w --filter",
    things="package",
)
_SYSTEM_PACKAGES = Tool(
    reads="list, show, search, info, policy, depends, rdepends, check-update, repolist, outdated, --version, -l, -L, -s, -S",
    writes="",
    administers="install, update, upgrade, dist-upgrade, full-upgrade, remove, purge, autoremove, reinstall, add, del, "
    "clean, edit-sources, erase, uninstall, tap, link, unlink, refresh, -i, -r, -P",
    things="package",
)

TOOLS: dict[str, Tool] = {
    "git": Tool(
        reads="status, log, diff, show, blame, ls-files, ls-tree, grep, rev-parse, rev-list, describe, shortlog, reflog, "
        "cat-file, ls-remote, remote show, remote -v, remote get-url, remote, stash list, stash show, branch, tag, "
        "name-rev, merge-base, count-objects, whatchanged, cherry, show-ref, for-each-ref, var, version, help, config "
        "--get, config --list, config -l, config --get-all, check-ignore, annotate, fsck, worktree list, submodule status, "
        "notes show, bisect log, range-diff, --version",
        writes="add, commit, checkout, switch, restore, merge, rebase, cherry-pick, revert, pull, fetch, clone, init, "
        "stash, stash push, stash pop, stash apply, mv, apply, am, config, remote add, remote set-url, remote rename, "
        "worktree add, submodule update, submodule init, submodule add, notes add, bisect, gc, reset, format-patch, "
        "archive, sparse-checkout, maintenance, repack",
        deletes="rm, clean, stash drop, stash clear, remote remove, remote rm, worktree remove, update-ref, prune, "
        "filter-branch, reflog expire, reflog delete",
        sends="push, send-email, request-pull",
        final="filter-branch",
        options="-C --git-dir --work-tree --namespace",
        refused="-c --exec-path --upload-pack --receive-pack --exec -O --open-files-in-pager --output --ext-diff --config-env --extcmd -x",
        things="path",
    ),
    "kubectl": Tool(
        reads="get, describe, logs, top, version, explain, api-resources, api-versions, cluster-info, diff, config view, "
        "config get-contexts, config current-context, auth can-i, events, wait, options, rollout status, rollout history, help",
        writes="apply, create, patch, edit, replace, scale, autoscale, rollout restart, rollout undo, rollout pause, "
        "rollout resume, label, annotate, set, expose, cp, config use-context, config set-context, config set",
        deletes="delete",
        executes="run, exec, attach, debug, port-forward, proxy",
        administers="drain, cordon, uncordon, taint, certificate, auth reconcile",
        options="-n --namespace --context --kubeconfig --cluster --user -s --server --as --token -l --selector -o --output -f --filename",
        refused="--kubeconfig",
    ),
    "docker": Tool(
        reads="ps, images, logs, inspect, stats, top, version, info, port, history, search, diff, events, image ls, image "
        "inspect, container ls, container inspect, container logs, volume ls, volume inspect, network ls, network inspect, "
        "compose ps, compose logs, compose config, compose images, compose top, system df, system info, context ls, "
        "manifest inspect, --version, compose version, buildx ls",
        writes="build, pull, start, stop, restart, create, tag, cp, rename, pause, unpause, kill, load, import, save, "
        "export, commit, update, container start, container stop, container restart, volume create, network create, network "
        "connect, compose up, compose start, compose stop, compose restart, compose build, compose pull, buildx build, "
        "image pull, image build, wait",
        deletes="rm, rmi, prune, container rm, image rm, volume rm, network rm, container prune, image prune, network "
        "prune, volume prune, system prune, builder prune, compose down, compose rm",
        sends="push, image push, compose push",
        executes="run, exec, attach, compose run, compose exec, container run, container exec",
        administers="login, logout, swarm init, swarm leave, swarm join, service create, service rm, plugin install, context use",
        final="volume rm, volume prune, system prune",
        options="-H --host -c --context --config -f --file -p --project-name --profile --env-file",
        has_groups=True,
    ),
    "terraform": Tool(
        reads="plan, show, validate, output, version, providers, graph, state list, state show, workspace list, workspace show",
        writes="init, get, fmt, workspace new, workspace select, refresh, console",
        administers="apply, import, taint, untaint, state mv, state push, force-unlock, login",
        deletes="destroy, state rm, workspace delete",
        final="destroy",
    ),
    "helm": Tool(
        reads="list, ls, status, get, history, show, search, template, lint, version, env, repo list, dependency list",
        writes="repo add, repo update, dependency update, pull, package, create",
        administers="install, upgrade, rollback",
        deletes="uninstall, delete, repo remove",
        final="uninstall, delete",
        options="-n --namespace --kube-context -f --values",
    ),
    "gh": Tool(
        reads="pr list, pr view, pr status, pr diff, pr checks, issue list, issue view, issue status, repo view, repo list, "
        "search, run list, run view, run watch, release list, release view, workflow list, workflow view, gist list, gist "
        "view, auth status, label list, status, browse, cache list, project list, project view",
        writes="repo clone, pr checkout, run download, release download, repo sync, label create, label edit, repo fork",
        sends="pr create, pr comment, pr edit, pr close, pr merge, pr review, pr ready, pr reopen, issue create, issue "
        "comment, issue edit, issue close, issue reopen, release create, release upload, release edit, gist create, gist "
        "edit, run rerun, workflow run, repo create, repo edit, issue transfer, issue pin",
        deletes="repo delete, issue delete, release delete, gist delete, label delete, run cancel, run delete, cache delete, repo archive",
        administers="auth login, auth token, auth logout, auth refresh, secret set, secret delete, secret list, variable "
        "set, ssh-key add, alias set, extension install, workflow enable, workflow disable, repo rename",
        final="repo delete",
        options="-R --repo",
    ),
    "systemctl": Tool(
        reads="status, list-units, list-unit-files, is-active, is-enabled, is-failed, show, cat, list-timers, list-dependencies, --version",
        administers="start, stop, restart, reload, enable, disable, mask, unmask, daemon-reload, edit, kill, isolate, "
        "set-property, reboot, poweroff, halt, suspend, try-restart, reset-failed, daemon-reexec",
        options="-t --type -H --host -M --machine",
    ),
    "pip": _PYTHON_PACKAGES,
    "uv": _PYTHON_PACKAGES,
    "poetry": _PYTHON_PACKAGES,
    "conda": _PYTHON_PACKAGES,
    "npm": _NODE_PACKAGES,
    "yarn": _NODE_PACKAGES,
    "pnpm": _NODE_PACKAGES,
    "apt": _SYSTEM_PACKAGES,
    "yum": _SYSTEM_PACKAGES,
    "brew": _SYSTEM_PACKAGES,
    "cargo": Tool(
        reads="tree, metadata, search, version, --version, help, locate-project, pkgid",
        writes="new, init, add, update, fetch, install, fmt, vendor",
        deletes="remove, rm, clean, uninstall",
        executes="build, b, check, c, test, t, run, r, bench, clippy, doc",
        sends="publish",
        administers="login, owner, yank",
        things="package",
    ),
    "go": Tool(
        reads="list, version, env, doc, vet, help",
        writes="get, mod tidy, mod init, mod download, mod vendor, install, fmt, work",
        executes="build, test, run, generate",
        deletes="clean",
        things="package",
    ),
    "rclone": Tool(
        reads="ls, lsl, lsd, lsf, size, check, about, version", sends="copy, sync, move, copyto, moveto", deletes="delete, purge", final="delete, purge"
    ),
}  # fmt: skip
TOOLS |= {
    "pip3": TOOLS["pip"],
    "podman": TOOLS["docker"],
    "oc": TOOLS["kubectl"],
    "tofu": TOOLS["terraform"],
    "apt-get": TOOLS["apt"],
    "dnf": TOOLS["yum"],
    "apk": TOOLS["apt"],
    "dpkg": TOOLS["apt"],
    "snap": TOOLS["apt"],
    "mamba": TOOLS["conda"],
    "pipx": TOOLS["pip"],
    "docker-compose": Tool(
        reads="ps, logs, config, images, top, version, port",
        writes="up, start, stop, restart, build, pull, create",
        deletes="down, rm, kill",
        executes="run, exec",
        options="-f --file -p --project-name --profile",
    ),
}
_TABLES = {name: tool.table() for name, tool in TOOLS.items()}

# Clouds name their commands alike: `aws ec2 describe-instances`, `gcloud compute instances list`.
CLOUDS = frozenset("aws gcloud az gsutil bq doctl flyctl fly heroku".split())
_CLOUD = Tool(
    reads="describe, list, get, ls, show, head, lookup, search, scan, query, batch-get, estimate, view, cat, du, stat, info, status, logs, "
    "ps, apps, tail",
    writes="create, put, update, run, start, stop, modify, copy, cp, mv, sync, set, add, tag, untag, attach, associate, register, restore, "
    "reboot, enable, import, export, resize, scale, deploy, restart, upload, download, mb, rsync, apply, invoke",
    deletes="delete, terminate, remove, rm, rb, deregister, purge, destroy, drop, detach, disassociate, release",
    sends="send, publish, share",
    administers="login, grant, revoke, allow, deny, assume, reset, rotate, disable, authorize, add-iam-policy-binding, set-iam-policy, configure",
)
_CLOUD_VERBS = _CLOUD.table()
_CLOUD_SECRETS = ("get-secret-value", "get-parameter", "get-parameters", "get-session-token", "get-login-password", "print-access-token",
                  "get-credentials", "list-keys", "decrypt")  # fmt: skip
_CLOUD_FINAL = frozenset("terminate rb destroy purge drop".split())
_CLOUD_FINAL_THINGS = frozenset(
    "bucket stack cluster database db instance instances table project group volume snapshot repository".split()
)
_FORCE = frozenset("--force -f --force-with-lease --mirror --delete -d --prune".split())


def of_subcommand(name: str, words: Sequence[str], nested: Callable[[list[str]], list[Action]]) -> list[Action]:
    """Return what a line of one of these tools does.

    Args:
        words: behind the name.
        nested: reads a command that the line runs somewhere else.
    """
    line = (name, *words)
    if name in CLOUDS:
        return [_of_cloud(name, words)]
    tool, table = TOOLS[name], _TABLES[name]
    refused = tool.refused.split()
    if any(w in refused or w.partition("=")[0] in refused for w in words if w.startswith("-")):
        return [unclear(" ".join(line), line)]
    i = _behind_options(words, tool.options.split())
    rest = words[i:]
    line = (name, *rest) if rest else line
    if not rest:
        is_asked_about = all(w in ("--version", "-v", "--help", "-h", "-V") for w in words)
        return [
            Action("reads", shortened(" ".join(line)), command=line)
            if is_asked_about
            else unclear(" ".join(line), line)
        ]
    if "--help" in rest:
        return [Action("reads", shortened(" ".join(line)), command=line)]
    if tool is TOOLS["uv"] and rest[0] in ("pip", "tool"):
        rest = rest[1:] or rest
    behind = next((w for w in rest[1:] if not w.startswith("-")), "")
    pair = f"{rest[0]} {behind}"
    flag = f"{rest[0]} {rest[1]}" if len(rest) > 1 else ""
    command = next((c for c in (pair, flag) if c in table), rest[0])
    does = table.get(command)
    if does is None or (tool.has_groups and command not in table):
        return [unclear(" ".join(line), line)]
    after = [w for w in rest[1:] if not w.startswith("-")]
    if command == pair:
        after = after[1:]
    flags = [w for w in rest[1:] if w.startswith("-")]
    special = _SPECIAL.get(name)
    if special is not None:
        found = special(command, after, flags, rest, nested)
        if found is not None:
            return found
    final = command in [c.strip() for c in tool.final.split(",")]
    if does == "executes" and "--" in rest:
        return [
            Action("executes", shortened(" ".join(line)), command=line),
            *nested(list(rest[rest.index("--") + 1 :])),
        ]
    hosts = {w: host for w in rest[1:] if (host := _remote_host(name, command, w))}
    things = tuple(Thing(tool.things, w) for w in after if "=" not in w and (w not in hosts or tool.things != "path"))
    if name == "pip" and "-r" in flags:
        things = ()
    return [Action(does, shortened(" ".join(line)), (*hosts.values(), *things[:20]), is_final=final, command=line)]


_OF_REMOTES = frozenset("clone|fetch|pull|push|ls-remote|remote add|remote set-url|submodule add|archive".split("|"))
_ADDRESS = re.compile(r"(?:^|[=+@])[a-z][a-z0-9+.-]{0,20}://[^\s]", re.IGNORECASE)


def _remote_host(name: str, command: str, word: str) -> Thing | None:
    """Return the machine that a word of a line names: `https://a.com/x`, `--index-url=https://a.com`, `git@a.com:x/y` of git."""
    if match := _ADDRESS.search(word):
        return place_of(word[match.start() :].lstrip("=+@"))
    return remote_of(word) if name == "git" and command in _OF_REMOTES else None


_FLAGS_AS_COMMANDS = frozenset("-v --version -l -L -s -S -i -r -P".split())  # `dpkg -l`


def _behind_options(words: Sequence[str], with_value: Sequence[str]) -> int:
    i = 0
    while i < len(words) and words[i].startswith("-") and len(words[i]) > 1:
        if words[i] in _FLAGS_AS_COMMANDS and words[i] not in with_value:
            return i
        i += 2 if words[i] in with_value else 1
    return i


_Special = Callable[
    [str, list[str], list[str], Sequence[str], Callable[[list[str]], list[Action]]], list[Action] | None
]


def _git(
    command: str, after: list[str], flags: list[str], rest: Sequence[str], nested: Callable[[list[str]], list[Action]]
) -> list[Action] | None:
    line = ("git", *rest)
    said = shortened(" ".join(line))
    short = {c for f in flags if f[:1] == "-" and f[:2] != "--" for c in f[1:]}
    if command == "push":
        forced = any(f.partition("=")[0] in _FORCE for f in flags) or any(w.startswith(("+", ":")) for w in after)
        hosts = tuple(filter(None, (_remote_host("git", command, w) for w in after[:1])))
        return [Action("sends", said, hosts, is_final=forced, command=line)]
    if command == "reset" and "--hard" in flags:
        return [Action("deletes", said, command=line)]
    if command in ("branch", "tag"):
        if short & set("dD") or "--delete" in flags:
            return [Action("deletes", said, tuple(Thing("name", w) for w in after), command=line)]
        lists = not after or short & set("larv") or {"--list", "--contains", "--merged", "--show-current"} & set(flags)
        return [Action("reads" if lists else "writes", said, command=line)]
    if command == "clean":
        only_told = "n" in short or "--dry-run" in flags
        return [Action("reads" if only_told else "deletes", said, is_final=not only_told, command=line)]
    if command == "remote" and after:
        return [unclear(said, line)]
    if command == "config" and (len(after) > 1 or "--edit" in flags or not after):
        risky = any(part in after[0].lower() for part in ("alias", "core.", "pager", "editor", "hook", "cmd", "ssh", "url", "credential", "filter", "textconv")) if after else True  # fmt: skip
        return [unclear(said, line) if risky else Action("writes", said, command=line)]
    if command in ("checkout", "restore") and ("--" in rest or "." in after):
        return [Action("deletes", said, tuple(Thing("path", w) for w in after if w != "."), command=line)]
    if command in ("rebase", "bisect") and after[:1] == ["run"]:
        return [unclear(said, line)]
    return None


def _kubectl(
    command: str, after: list[str], flags: list[str], rest: Sequence[str], nested: Callable[[list[str]], list[Action]]
) -> list[Action] | None:
    line = ("kubectl", *rest)
    said = shortened(" ".join(line))
    if command in ("get", "describe") and after:
        kinds = after[0].lower().split(",")
        is_secret = any(kind.partition("/")[0].partition(".")[0] in ("secret", "secrets") for kind in kinds)
        return [Action("reads", said, is_secret=is_secret, command=line)]
    if command == "config view" and "--raw" in flags:
        return [Action("reads", said, is_secret=True, command=line)]
    if command == "delete":
        kind = after[0].lower().partition("/")[0] if after else ""
        wide = {"--all", "-A", "--all-namespaces", "-l", "--selector"} & {f.partition("=")[0] for f in flags}
        large = kind in (
            "namespace",
            "namespaces",
            "ns",
            "pv",
            "pvc",
            "persistentvolume",
            "persistentvolumeclaim",
            "crd",
            "node",
            "nodes",
            "all",
        )
        things = tuple(Thing("name", w) for w in after[1:] or after)
        return [Action("deletes", said, things, is_final=bool(wide) or large or not after, command=line)]
    return None


def _docker(
    command: str, after: list[str], flags: list[str], rest: Sequence[str], nested: Callable[[list[str]], list[Action]]
) -> list[Action] | None:
    line = ("docker", *rest)
    said = shortened(" ".join(line))
    if command.rpartition(" ")[2] in ("run", "exec"):
        wide = any(
            f.partition("=")[0] in ("--privileged", "--pid", "-v", "--volume", "--mount", "--cap-add", "--device")
            for f in flags
        )
        return [
            unclear(said, line) if wide else Action("executes", said, command=line),
            *_inside_container(rest, nested),
        ]
    if command in ("compose down", "down") and {"-v", "--volumes"} & set(flags):
        return [Action("deletes", said, is_final=True, command=line)]
    return None


_CONTAINER_VALUES = frozenset(
    "-e --env -u --user -w --workdir -p --publish --name --network --net -h --hostname -l --label --entrypoint --env-file --platform -m "
    "--memory --cpus --restart --detach-keys".split()
)


def _inside_container(rest: Sequence[str], nested: Callable[[list[str]], list[Action]]) -> list[Action]:
    """Read the command that a container runs: what stands behind the image, or the container."""
    i = 2 if rest[0] in ("container", "compose") else 1
    while i < len(rest) and rest[i].startswith("-"):
        i += 2 if rest[i] in _CONTAINER_VALUES else 1
    return nested(list(rest[i + 1 :]))


_SPECIAL: dict[str, _Special] = {
    "git": _git,
    "kubectl": _kubectl,
    "oc": _kubectl,
    "docker": _docker,
    "podman": _docker,
    "docker-compose": _docker,
}


def _of_cloud(name: str, words: Sequence[str]) -> Action:
    line = (name, *words)
    said = shortened(" ".join(line))
    plain = [w for w in words if not w.startswith("-")]
    if not plain:
        return (
            unclear(said, line) if words not in (("--version",), ["--version"]) else Action("reads", said, command=line)
        )
    verb = next((w for w in plain[:5] if w in _CLOUD_VERBS or w.partition("-")[0] in _CLOUD_VERBS), "")
    if not verb:
        return unclear(said, line)
    does = _CLOUD_VERBS.get(verb) or _CLOUD_VERBS[verb.partition("-")[0]]
    head = verb.partition("-")[0]
    is_secret = does == "reads" and (
        verb in _CLOUD_SECRETS or any(is_secret_name(w) for w in plain[: plain.index(verb) + 1])
    )
    if does != "reads" and {"iam", "kms", "organizations", "role", "policy", "security-group"} & set(plain[:3]):
        does = "administers" if does != "deletes" else does
    if does == "writes" and head in ("cp", "mv", "sync", "rsync", "copy", "upload") and plain and "://" in plain[-1]:
        does = "sends"
    wide = {"--recursive", "-r", "--force", "--all"} & set(words)
    things = {w for part in (verb, *plain[:4]) for w in part.split("-")}
    final = does == "deletes" and bool(wide or head in _CLOUD_FINAL or things & _CLOUD_FINAL_THINGS)
    return Action(
        does,
        said,
        tuple(Thing("name", w) for w in plain[plain.index(verb) + 1 :][:20]),
        is_final=final,
        is_secret=is_secret,
        command=line,
    )
