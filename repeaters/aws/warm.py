"""Imports the AWS CLI into a zygote (repeaters/sdk/zygote), for every call of it.

What is kept besides modules is what the files of the installation say, and what follows from it; the zygote ends when
they change. Nothing that depends on a call is: each makes its own session, parser and clients.
"""

import importlib
import importlib.util
import inspect
import os
import types

# What commands import late.
LATE = [
    "awscli.handlers", "docutils.languages.en", "docutils.parsers.rst.directives.body", "docutils.parsers.rst.languages.en",
    "docutils.readers.standalone", "docutils.transforms.misc", "docutils.utils.urischemes", "pygments.formatters.html",
    "pygments.lexers", "pygments.styles", "encodings.ascii", "encodings.idna", "encodings.latin_1",
]  # fmt: skip
# Read by every call, or by calls to what is used most.
DATA = ["endpoints", "partitions", "cli", "sdk-default-configuration", "_retry"]
SERVICES = ["s3", "sts", "dynamodb", "ec2", "iam", "lambda", "logs", "ssm"]
KINDS = ["service-2", "endpoint-rule-set-1", "paginators-1", "waiters-2"]


def find(name):
    try:
        found = importlib.util.find_spec(name)
    except ImportError:
        return None
    return None if found is None else found.origin


def installation():
    """Paths that tell whether another version has been installed."""
    origin = find("awscli")
    if origin is None:
        raise SystemExit("awscli is no module of this Python")
    files = [file for file in (origin, find("botocore")) if file is not None]
    return [*files, *map(os.path.dirname, files)]


def warm():
    """Returns the version, and an iterator that does a little more at every step, for when nobody waits."""
    awscli = importlib.import_module("awscli")
    clidriver = importlib.import_module("awscli.clidriver")
    for name in LATE:
        try:
            importlib.import_module(name)
        except ImportError:
            pass  # Of another version.
    # Version 2 brings its own, at one place or the other.
    botocore = "botocore" if find("botocore") is not None else "awscli.botocore"
    loaders, hooks = (importlib.import_module(f"{botocore}.{name}") for name in ("loaders", "hooks"))
    ask_code_for_its_arguments(hooks)
    remember_aliases(hooks, clidriver)
    remember_services(loaders)
    return awscli.__version__, remember_models(loaders)


def remember_services(loaders):
    """Each call looks, several times, for all versions of all services: thousands of questions to the file system."""
    find_services = loaders.Loader.list_available_services
    loader = loaders.create_loader(os.environ.get("AWS_DATA_PATH"))
    services = {kind: find_services(loader, kind) for kind in KINDS}

    def list_available_services(self, type_name):
        # Models of the user's own lie in a home directory, and ours is an empty one.
        own = os.path.isdir(loaders.Loader.CUSTOMER_DATA_PATH)
        if own or self.search_paths != loader.search_paths or type_name not in services:
            return find_services(self, type_name)
        return list(services[type_name])

    loaders.Loader.list_available_services = list_available_services


def remember_models(loaders):
    """Reads one at a step. Each is given away once: a call changes what it gets, and reads the file for another."""
    read = loaders.JSONFileLoader.load_file
    models = {}

    def load_file(self, path):
        return models.pop(path) if path in models else read(self, path)

    loaders.JSONFileLoader.load_file = load_file
    loader = loaders.create_loader(os.environ.get("AWS_DATA_PATH"))
    versions = {service: loader.determine_latest_version(service, "service-2") for service in SERVICES}
    names = [*DATA, *(f"{service}/{version}/{kind}" for service, version in versions.items() for kind in KINDS)]
    for path in (os.path.join(directory, name) for name in names for directory in loader.search_paths):
        found = read(loader.file_loader, path)
        if found is not None:
            models[path] = found
            yield


def ask_code_for_its_arguments(hooks):
    """Whether a function takes `**kwargs`, without building its signature: asked for some 400 handlers of each call."""
    ask = hooks.accepts_kwargs

    def accepts_kwargs(function):
        plain = getattr(function, "__func__", function)
        if type(plain) is not types.FunctionType or "__signature__" in vars(plain):
            return ask(function)
        code = plain.__code__
        if not code.co_flags & inspect.CO_VARKEYWORDS:
            return None
        before = code.co_argcount + code.co_kwonlyargcount + bool(code.co_flags & inspect.CO_VARARGS)
        return code.co_varnames[before]

    hooks.accepts_kwargs = accepts_kwargs


def remember_aliases(hooks, clidriver):
    """Version 1 translates the name of each event it knows, every time by a search through a hundred of them."""
    if not hasattr(hooks, "EventAliaser"):
        return
    make = hooks.EventAliaser.__init__
    learned = {}

    def init(self, event_emitter, event_aliases=None):
        make(self, event_emitter, event_aliases)
        if event_aliases is None and getattr(self, "_alias_name_cache", None) == {}:
            self._alias_name_cache = learned

    hooks.EventAliaser.__init__ = init
    # For the names it registers for; it is thrown away.
    clidriver.create_clidriver()
