"""Python: a program to actions, from its syntax tree. Nothing is run, imported or looked up.

Modules that compute are known by name, and so are the functions that touch files, processes and hosts. A module that is not known, a
name that leads anywhere (`getattr`, `exec`, `__class__`), a dangerous function that is passed on without being called: not understood.
The tree is walked once, without recursion.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from gatling.tools.programs.action import MAX_ACTIONS, Action, NotUnderstood, Thing, shortened, unclear
from gatling.tools.programs.secrets import is_secret_name, is_secret_path
from gatling.tools.programs.transfers import host_of

_MAX_BRACKETS = 60
_MAX_NODES = 20_000
Nested = Callable[[str, int], list[Action]]
NestedWords = Callable[[Sequence[str], int], list[Action]]

# All that these hold computes, or only looks.
_COMPUTES = frozenset(
    "math cmath statistics datetime time re json collections itertools functools random string decimal fractions csv "
    "textwrap pprint typing dataclasses enum heapq bisect operator calendar zoneinfo uuid hashlib hmac base64 binascii html "
    "difflib unicodedata copy numbers array struct locale abc contextlib warnings traceback timeit types secrets numpy "
    "pandas scipy sklearn matplotlib seaborn plotly sympy networkx statsmodels PIL cv2 skimage nltk spacy gensim textblob "
    "bs4 lxml markdown yaml toml tomllib tabulate tqdm dateutil pytz pydantic attr attrs rich mpmath polars pyarrow xgboost "
    "lightgbm altair bokeh wordcloud regex unidecode jinja2 openpyxl docx pptx PyPDF2 pypdf pdfplumber __future__ logging "
    "argparse fnmatch glob platform io keyword token tokenize ast dis graphlib queue stat colorsys zlib "
    "gzip bz2 lzma cProfile pstats geopy shapely geopandas folium torch transformers".split()
)
# Of these, what is listed is known; the rest is not understood.
_LOOKS = frozenset(
    "os.getcwd os.listdir os.scandir os.walk os.stat os.lstat os.access os.cpu_count os.getpid os.sep os.linesep os.name "
    "os.path os.fspath os.get_terminal_size os.uname os.getlogin os.curdir os.pathsep os.extsep os.PathLike os.error "
    "os.R_OK shutil.disk_usage shutil.which shutil.get_terminal_size sys.argv sys.version sys.version_info sys.platform "
    "sys.exit sys.stdout sys.stderr sys.stdin sys.maxsize sys.getsizeof sys.path sys.executable sys.byteorder "
    "sys.float_info sys.getrecursionlimit sys.setrecursionlimit pathlib.Path pathlib.PurePath pathlib.PosixPath "
    "urllib.parse tempfile.gettempdir sqlite3.connect sqlite3.Row sqlite3.Error requests.get requests.head requests.options "
    "requests.exceptions requests.Session requests.Response requests.codes requests.HTTPError requests.RequestException "
    "httpx.get httpx.head httpx.HTTPError urllib.request.urlopen urllib.request.Request urllib.error subprocess.PIPE "
    "subprocess.DEVNULL subprocess.STDOUT subprocess.CalledProcessError subprocess.TimeoutExpired "
    "zipfile.is_zipfile tarfile.is_tarfile concurrent.futures threading.Thread threading.Lock asyncio.run asyncio.sleep "
    "asyncio.gather xml.etree.ElementTree xml.etree xml.dom xml.sax email.message email.utils email.parser email.policy "
    "email importlib.metadata collections.abc gc.collect signal.SIGINT".split()
)
_KNOWN_ROOTS = frozenset(name.partition(".")[0] for name in _LOOKS)
_GETS = frozenset(
    "requests.get requests.head requests.options httpx.get httpx.head urllib.request.urlopen urllib.request.urlretrieve".split()
)
_SENDS = frozenset(
    "requests.post requests.put requests.patch requests.request requests.delete httpx.post httpx.put httpx.patch "
    "httpx.delete httpx.request".split()
)
_NETWORK = frozenset("socket smtplib ftplib poplib imaplib telnetlib paramiko fabric http aiohttp websocket websockets pika boto3 botocore twilio slack_sdk "
                     "telebot discord tweepy stripe sendgrid mailjet httplib2 urllib3 pycurl scapy redis kafka".split())  # fmt: skip
_SHELLS = frozenset("os.system os.popen subprocess.getoutput subprocess.getstatusoutput".split())
_RUNS = frozenset(
    "subprocess.run subprocess.call subprocess.check_call subprocess.check_output subprocess.Popen".split()
)
_DELETES = frozenset("os.remove os.unlink os.rmdir os.removedirs".split())
_WRITES = frozenset(
    "os.mkdir os.makedirs os.rename os.renames os.replace os.link os.symlink os.truncate os.utime os.mkfifo shutil.copy "
    "shutil.copy2 shutil.copyfile shutil.copytree shutil.copymode shutil.copystat shutil.move shutil.make_archive "
    "shutil.unpack_archive tempfile.mkstemp tempfile.mkdtemp tempfile.NamedTemporaryFile tempfile.TemporaryDirectory "
    "tempfile.TemporaryFile os.chdir".split()
)
_ADMINISTERS = frozenset(
    "os.chmod os.chown os.lchown os.kill os.killpg os.setuid os.setgid os.chroot os.umask shutil.chown".split()
)
_SECRETS = frozenset("os.environ os.getenv os.environb getpass.getpass getpass.getuser keyring.get_password".split())
_BUILTINS = frozenset(
    "abs all any ascii bin bool bytearray bytes callable chr complex dict divmod enumerate filter float format frozenset "
    "hasattr hash hex id int isinstance issubclass iter len list map max memoryview min next object oct ord pow print "
    "property range repr reversed round set slice sorted staticmethod classmethod str sum super tuple type zip display".split()
)
_LEADS_ANYWHERE = frozenset(
    "exec eval compile __import__ getattr setattr delattr globals locals vars input breakpoint open_code __builtins__ "
    "__loader__ __spec__ help ".split()
)
_PLAIN_DUNDERS = frozenset(
    "__name__ __init__ __file__ __doc__ __version__ __len__ __str__ __repr__ __eq__ __enter__ __exit__ __iter__ "
    "__post_init__ __call__".split()
)
# Methods, whatever they are called on.
_METHODS: dict[str, str] = {
    **dict.fromkeys("unlink rmdir".split(), "deletes"),
    **dict.fromkeys("rmtree removedirs".split(), "erases"),
    **dict.fromkeys(
        "write_text write_bytes writelines to_csv to_excel to_parquet to_pickle to_feather to_hdf savefig touch mkdir "
        "symlink_to hardlink_to extractall extract writestr tofile savez_compressed write_image write_html save to_file imsave imwrite to_stata "
        "savetxt savez".split(),
        "writes",
    ),
    **dict.fromkeys("chmod lchmod chown".split(), "administers"),
    **dict.fromkeys("post put patch sendall sendmail send_message sendto connect urlretrieve send upload publish to_gbq to_sql".split(), "sends"),
    **dict.fromkeys("read_text read_bytes".split(), "reads"),
    **dict.fromkeys(
        "system popen run call check_call check_output Popen execv execve execvp spawn fork eval exec load_module "
        "import_module read_pickle load_extension executescript run_line_magic run_cell_magic system_raw getoutput "
        "start_new_session create_subprocess_shell create_subprocess_exec run_in_executor load_source".split(),
        "unclear",
    ),
}  # fmt: skip
_READS_PATH = frozenset(
    "read_csv read_excel read_json read_parquet read_table read_html read_xml read_feather read_sas read_stata loadtxt "
    "genfromtxt imread load_workbook Document PdfReader".split()
)
_HIDDEN = frozenset(
    "os sys subprocess shutil builtins importlib socket posix nt config handlers".split()
)  # modules inside of others
_UNSAFE = frozenset(
    "torch.load yaml.load yaml.unsafe_load yaml.full_load sympy.sympify sympy.parse_expr typing.get_type_hints pandas.eval timeit.timeit "
    "timeit.repeat cProfile.run transformers.pipeline".split()
)
_STRICT = frozenset(
    "pickle marshal shelve dill cloudpickle joblib ctypes cffi importlib runpy code codeop pty multiprocessing pdb "
    "webbrowser".split()
)


def of_python(text: str, depth: int, *, shell: Nested, words: NestedWords, sql: Nested) -> list[Action]:
    """Return what a Python program does. Raises: NotUnderstood."""
    lines = text.split("\n")
    found: list[Action] = []
    if any(line.lstrip().startswith(("!", "%")) for line in lines):  # notebooks run such lines elsewhere
        kept = []
        for line in lines:
            bare = line.lstrip()
            if bare.startswith("%"):
                raise NotUnderstood("a magic command")
            if bare.startswith("!"):
                found += shell(bare[1:], depth + 1)
            kept.append(line[: len(line) - len(bare)] + "pass" if bare.startswith("!") else line)
        text = "\n".join(kept)
    tree = parsed(text)
    reading = _Reading(depth, shell, words, sql)
    reading.walk(tree)
    return [*found, *reading.found] or [Action("reads", shortened(text))]


def parsed(text: str) -> ast.Module:
    """Return the syntax tree of a program. Raises: NotUnderstood."""
    depth = 0
    for c in text:  # the parser of Python is recursive
        depth += (c in "([{") - (c in ")]}")
        if depth > _MAX_BRACKETS:
            raise NotUnderstood("brackets that are too deep")
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError, Warning) as error:
        raise NotUnderstood(f"no Python: {type(error).__name__}") from None


@dataclass
class _Reading:
    depth: int
    shell: Nested
    words: NestedWords
    sql: Nested
    found: list[Action] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    """What imported names stand for."""
    texts: dict[str, str] = field(default_factory=dict)
    """Variables that hold one text, always the same."""
    inner: set[int] = field(default_factory=set)
    """Nodes of which an attribute is taken."""
    own: set[str] = field(default_factory=set)
    """Names that the program itself defines."""

    def add(self, action: Action) -> None:
        self.found.append(action)
        if len(self.found) > MAX_ACTIONS:
            raise NotUnderstood("too many actions")

    def walk(self, tree: ast.Module) -> None:
        nodes: list[ast.AST] = []
        for node in ast.walk(tree):
            nodes.append(node)
            if len(nodes) > _MAX_NODES:
                raise NotUnderstood("too long")
        self._define(nodes)
        called = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
        inner = self.inner = {id(node.value) for node in nodes if isinstance(node, ast.Attribute)}
        for node in nodes:
            if isinstance(node, ast.Call):
                self._call(node)
            elif isinstance(node, (ast.Name, ast.Attribute)) and id(node) not in called and id(node) not in inner:
                self._mention(node)
            if isinstance(node, ast.Attribute) and node.attr.startswith("__") and node.attr not in _PLAIN_DUNDERS:
                self.add(unclear(f"{node.attr} of an object"))

    def _define(self, nodes: list[ast.AST]) -> None:
        assigned: dict[str, list[ast.expr | None]] = {}
        for node in nodes:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    self._import(alias.name, alias.name)
                    self.names[alias.asname or alias.name.partition(".")[0]] = (
                        alias.name if alias.asname else alias.name.partition(".")[0]
                    )
            elif isinstance(node, ast.ImportFrom):
                module = node.module or ""
                for alias in node.names:
                    if alias.name == "*" and module not in _COMPUTES:
                        self.add(unclear(f"from {module} import *"))
                    self._import(module, f"{module}.{alias.name}")
                    self.names[alias.asname or alias.name] = f"{module}.{alias.name}"
            elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                self.own.add(node.name)
            elif isinstance(node, ast.arg):
                self.own.add(node.arg)
            elif isinstance(node, ast.Assign):
                for target in node.targets:
                    if isinstance(target, ast.Name):
                        assigned.setdefault(target.id, []).append(node.value)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                assigned.setdefault(node.id, [])
                self.own.add(node.id)
            elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
                assigned.setdefault(node.target.id, []).append(None)
        for name in assigned:
            self.names.pop(name, None)  # an import that is overwritten may be anything
        for name, values in assigned.items():
            text = _text(values[0]) if len(values) == 1 and values[0] is not None else None
            if text is not None:
                self.texts[name] = text

    def _import(self, module: str, name: str) -> None:
        root = module.partition(".")[0]
        is_known = root in _COMPUTES or root in _KNOWN_ROOTS or root in _NETWORK or name in _RUNS | _SHELLS | _WRITES
        if (root in _STRICT and name != "importlib.metadata") or not is_known:
            self.add(unclear(f"import {name}"))

    # --- what is called -------------------------------------------------------------------------------------------------------

    def _dotted(self, node: ast.expr) -> str:
        """Return what a name or an attribute stands for, `os.path.join`; empty if it is of an object."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if isinstance(node, ast.Call):  # __import__("os").system
            function = node.func.id if isinstance(node.func, ast.Name) else ""
            module = _text(node.args[0]) if function == "__import__" and node.args else None
            if module is None or not parts:
                return ""
            return ".".join([module, *reversed(parts)])
        if not isinstance(node, ast.Name):
            return ""
        root = self.names.get(node.id)
        if root is None and (parts or node.id in self.own):
            return ""
        return ".".join([root or node.id, *reversed(parts)])

    def _call(self, node: ast.Call) -> None:
        name = self._dotted(node.func)
        said = shortened(name or (node.func.attr if isinstance(node.func, ast.Attribute) else "a call"))
        root = name.partition(".")[0]
        if name and not _HIDDEN.isdisjoint(name.split(".")[1:]) and not _is_listed(name):
            self.add(unclear(f"{name}(..)", (name,)))
        elif not name:
            if isinstance(node.func, ast.Attribute):
                self._method(node, node.func.attr)
            elif not isinstance(node.func, (ast.Name, ast.Lambda)) and not isinstance(node.func, ast.Call):
                self.add(unclear("a function that is looked up"))
        elif name in _SHELLS or name in _RUNS:
            self._process(node, name)
        elif name == "shutil.rmtree":
            self.add(Action("deletes", said, self._things(node), is_final=True, command=(name,)))
        elif name in _DELETES:
            self.add(Action("deletes", said, self._things(node), command=(name,)))
        elif name in _WRITES:
            self.add(Action("writes", said, self._things(node), command=(name,)))
        elif name in _ADMINISTERS:
            self.add(Action("administers", said, self._things(node), command=(name,)))
        elif name in _SECRETS or name.startswith("os.environ"):
            self._environment(node, said)
        elif name in _GETS or name in _SENDS or root in _NETWORK:
            self._request(node, name, said)
        elif any(k.arg in ("allow_pickle", "trust_remote_code") for k in node.keywords) or name in _UNSAFE:
            self.add(unclear(f"{name}(..)", (name,)))
        elif name in (
            "open",
            "io.open",
            "io.FileIO",
            "zipfile.ZipFile",
            "codecs.open",
            "gzip.open",
            "bz2.open",
            "lzma.open",
            "os.open",
        ):
            self._open(node, name, said)
        elif name in _LEADS_ANYWHERE:
            is_import = name == "__import__" and node.args and _text(node.args[0]) is not None
            if is_import and id(node) in self.inner:
                self._import(str(_text(node.args[0])), str(_text(node.args[0])))
            else:
                self.add(unclear(f"{name}(..)", (name,)))
        elif "." not in name:
            if name not in _BUILTINS and not _is_exception(name) and name not in self.names:
                self.add(unclear(f"{name}(..)", (name,)))
        elif name.rpartition(".")[2] in _READS_PATH and root in _COMPUTES:
            self.add(self._read(node, said))
        elif (
            name.rpartition(".")[2] in _METHODS
            and root in _COMPUTES
            and root not in ("re", "json", "time", "csv", "copy", "asyncio")
        ):
            self._method(node, name.rpartition(".")[2])
        elif root not in _COMPUTES and not _is_listed(name):
            self.add(unclear(f"{name}(..)", (name,)))

    def _mention(self, node: ast.Name | ast.Attribute) -> None:
        """Look at a name that is not called here: what it stands for may be called elsewhere."""
        name = self._dotted(node)
        root = name.partition(".")[0]
        if isinstance(node, ast.Name) and isinstance(node.ctx, (ast.Store, ast.Del)):
            return
        if name in _LEADS_ANYWHERE or name == "open":
            self.add(unclear(f"{name}, passed on"))
        elif name.startswith(("os.environ", "os.getenv")):
            self.add(Action("reads", "os.environ", is_secret=True))
        elif "." in name and root not in _COMPUTES and root in {"os", *self.names.values()} and not _is_listed(name):
            self.add(unclear(f"{name}, passed on"))
        elif "." not in name and name in self.names.values() and name not in _COMPUTES and isinstance(node, ast.Name):
            self.add(unclear(f"the module {name}, passed on"))

    def _method(self, node: ast.Call, method: str) -> None:
        does = _METHODS.get(method)
        on = node.func.value if isinstance(node.func, ast.Attribute) else None
        path = self._path_of(on)
        if method in ("execute", "executemany", "read_sql", "read_sql_query"):
            query = self._text(node.args[0]) if node.args else None
            for action in self.sql(query, self.depth + 1) if query is not None else [unclear(f".{method}(..)")]:
                self.add(action)
        elif method == "open" and path:
            self._open(
                ast.Call(func=node.func, args=[ast.Constant(path), *node.args], keywords=node.keywords),
                "open",
                f"{path}.open",
            )
        elif method == "write":
            return  # the file was opened for it, and that was seen
        elif method == "delete" and (node.args and (url := self._text(node.args[0])) and "://" in url):
            self.add(Action("deletes", ".delete(..)", tuple(filter(None, (host_of(url),)))))
        elif method in ("rename", "replace") and len(node.args) == 1 and not node.keywords:
            self.add(Action("writes", f".{method}(..)", (Thing("path", path),) if path else ()))
        elif does is None:
            if method in _READS_PATH:
                self.add(self._read(node, method))
        elif does == "unclear":
            if not (method in ("run", "call", "exec", "eval", "load_module", "send") and self._is_own(on)):
                self.add(unclear(f".{method}(..)", (method,)))
        elif does == "reads":
            self.add(
                Action(
                    "reads",
                    f".{method}()",
                    (Thing("path", path, bool(path)),) if path else (),
                    is_secret=is_secret_path(path),
                )
            )
        elif does == "erases":
            self.add(Action("deletes", f".{method}(..)", self._things(node), is_final=True))
        else:
            things = (Thing("path", path),) if path else self._things(node)
            if does == "sends":
                things = tuple(h for t in things if (h := host_of(t.text)))
            self.add(Action(does, f".{method}(..)", things, is_secret=any(is_secret_path(t.text) for t in things)))  # type: ignore[arg-type]

    def _is_own(self, node: ast.expr | None) -> bool:
        return isinstance(node, ast.Name) and node.id in self.own and node.id not in self.names and node.id == "self"

    # --- arguments ------------------------------------------------------------------------------------------------------------

    def _text(self, node: ast.expr) -> str | None:
        if isinstance(node, ast.Name):
            return self.texts.get(node.id)
        return _text(node)

    def _path_of(self, node: ast.expr | None) -> str:
        """Return the path of `Path("x")`, or of a variable that holds one; empty if it is not known."""
        if (
            isinstance(node, ast.Call)
            and node.args
            and self._dotted(node.func).rpartition(".")[2] in ("Path", "PosixPath")
        ):
            return self._text(node.args[0]) or ""
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            left, right = self._path_of(node.left), self._text(node.right)
            return f"{left}/{right}" if left and right else ""
        return ""

    def _things(self, node: ast.Call) -> tuple[Thing, ...]:
        found = [(self._text(arg), self._path_of(arg)) for arg in node.args[:2]]
        return tuple(Thing("path", text or path or "$", bool(text or path)) for text, path in found) or (
            Thing("path", "$", False),
        )

    def _read(self, node: ast.Call, said: str) -> Action:
        text = self._text(node.args[0]) if node.args else None
        if text is not None and (host := host_of(text)) and "://" in text:
            return Action("reads", said, (host,))
        return Action(
            "reads", said, (Thing("path", text or "$", text is not None),), is_secret=is_secret_path(text or "")
        )

    def _open(self, node: ast.Call, name: str, said: str) -> None:
        mode_node = (
            node.args[1] if len(node.args) > 1 else next((k.value for k in node.keywords if k.arg == "mode"), None)
        )
        mode = "r" if mode_node is None else self._text(mode_node)
        path_node = node.args[0] if node.args else next((k.value for k in node.keywords if k.arg == "file"), None)
        text = (self._text(path_node) or self._path_of(path_node)) if path_node is not None else None
        thing = Thing("path", text or "$", bool(text))
        secret = is_secret_path(text or "")
        if name == "os.open" or mode is None or any(k.arg == "opener" for k in node.keywords):
            self.add(unclear(f"{name}(..)"))
        elif set(mode) & set("wax+"):
            self.add(
                Action(
                    "writes", f"open({text or '..'}, {mode})", (thing,), is_secret=secret, command=("open", text or "$")
                )
            )
        else:
            self.add(
                Action("reads", f"open({text or '..'})", (thing,), is_secret=secret, command=("open", text or "$"))
            )

    def _environment(self, node: ast.Call, said: str) -> None:
        key = self._text(node.args[0]) if node.args else None
        harmless = key is not None and not is_secret_name(key) and key.isupper() and key in ("HOME", "USER", "PATH", "LANG", "TZ", "PWD", "SHELL", "TERM", "DEBUG")  # fmt: skip
        self.add(Action("reads", said, is_secret=not harmless))

    def _request(self, node: ast.Call, name: str, said: str) -> None:
        texts = [t for arg in node.args[:2] if (t := self._text(arg)) is not None]
        texts += [t for k in node.keywords if k.arg in ("url", "host") and (t := self._text(k.value)) is not None]
        hosts = tuple(h for t in texts if (h := host_of(t)))
        sends = name not in _GETS or any(k.arg in ("data", "json", "files") for k in node.keywords)
        if name.endswith(".delete"):
            self.add(Action("deletes", said, hosts, command=(name,)))
        else:
            secret = any(is_secret_path(t) for t in texts)
            self.add(Action("sends" if sends else "reads", said, hosts, is_secret=secret, command=(name,)))

    def _process(self, node: ast.Call, name: str) -> None:
        """Read the command that another process is started for."""
        given = (
            node.args[0] if node.args else next((k.value for k in node.keywords if k.arg in ("args", "command")), None)
        )
        if given is None or any(k.arg in ("preexec_fn", "executable", "env") for k in node.keywords):
            self.add(unclear(f"{name}(..)"))
            return
        text = self._text(given)
        items = [self._text(item) for item in given.elts] if isinstance(given, (ast.List, ast.Tuple)) else None
        if text is not None:
            actions = self.shell(text, self.depth + 1)
        elif items and all(item is not None for item in items):
            actions = self.words([item for item in items if item is not None], self.depth + 1)
        else:
            actions = [unclear(f"{name}(..)")]
        for action in actions:
            self.add(action)


def _is_listed(name: str) -> bool:
    """Tell whether a name, or what it is a part of, is in the table of what only looks."""
    parts = name.split(".")
    return any(".".join(parts[:n]) in _LOOKS for n in range(1, len(parts) + 1))


def _is_exception(name: str) -> bool:
    return name.endswith(("Error", "Exception", "Warning")) or name in (
        "StopIteration",
        "KeyboardInterrupt",
        "SystemExit",
    )


def _text(node: ast.AST) -> str | None:
    """Return a constant text: a literal, or literals that are joined."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts = [part.value for part in node.values if isinstance(part, ast.Constant) and isinstance(part.value, str)]
        return "".join(parts) if len(parts) == len(node.values) else None
    pieces: list[str] = []
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):  # "a" + "b" + ..
        if not (isinstance(node.right, ast.Constant) and isinstance(node.right.value, str)):
            return None
        pieces.append(node.right.value)
        node = node.left
    if pieces and isinstance(node, ast.Constant) and isinstance(node.value, str):
        return "".join([node.value, *reversed(pieces)])
    return None
