"""What the real aws CLI would send for a command line: its own parser, customizations, validation and serializer run, up to
the HTTP client, which is taken out. One JSON object per line in ({"argv", "warm"}) and out.

Run it with the CLI's own interpreter, in a network namespace of its own, with dummy credentials. Every command line runs in a forked child, so that none of them sees what another one left behind.
"""

import gc
import importlib
import io
import json
import os
import shutil
import signal
import sys
import tempfile
import time
import uuid

import awscli.clidriver

# The copy that this CLI uses: some packages of version 2 bring their own, some do not.
botocore = awscli.clidriver.botocore
V2 = awscli.__version__.startswith('2.')


def part(name):
    return importlib.import_module(f'{botocore.__name__}.{name}')


MAKE_API_CALL = part('client').BaseClient._make_api_call
REAL_SLEEP = time.sleep
SECONDS_MAX = 30
REQUESTS_MAX = 40
FILES = {
    'in.txt': b'hello', 'dir/in.txt': b'there', 'f.txt': b'file', 'dir/f.txt': b'below', 'doc.json': b'{"a": "b"}', 'x.bin': b'\x00\x01',
    'a.txt': b'a', 'k': b'k', 'dir/out.txt': b'old', 'a/b': b'c',
}
# The CLI has its client leave times as they come.
WHEN = '2026-01-01T00:00:00.000Z'


def plain(value):
    """A value as JSON: bytes by their hex digits, files by their bytes."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (bytes, bytearray)):
        return 'hex:' + bytes(value).hex()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if hasattr(value, 'read'):
        try:
            at = value.tell()
            data = value.read()
            value.seek(at)
        except (AttributeError, OSError, ValueError):  # a pipe
            return 'stream'
        return plain(data)
    return str(value)


class Recorder:
    def __init__(self):
        self.asked = []
        self.sent = []

    def answer(self, endpoint, model, request):
        """Instead of Endpoint.make_request: records, and gives a small answer of the right shape."""
        if len(self.sent) >= REQUESTS_MAX:
            raise RuntimeError('enough requests')
        body = request['body']
        headers = {name.lower(): plain(value) for name, value in request['headers'].items()}
        self.sent.append({
            'service': model.service_model.service_name,
            'operation': model.name,
            'region': request['context'].get('client_region'),
            'method': request['method'],
            'url': request['url'],
            'body': plain(body),
            'headers': {name: value for name, value in headers.items() if name not in ('user-agent',)},
        })
        parsed = dict(self.parsed(model, request), ResponseMetadata={'HTTPStatusCode': 200, 'HTTPHeaders': {}, 'RetryAttempts': 0})
        return FakeResponse(), parsed

    def parsed(self, model, request):
        name = model.name
        entry = {'Key': self.prefix(request) + 'x.txt', 'Size': 5, 'LastModified': WHEN, 'ETag': '"e"', 'StorageClass': 'STANDARD'}
        head = {'ContentLength': 5, 'LastModified': WHEN, 'ETag': '"e"', 'Metadata': {}}
        if model.service_model.service_name == 's3':
            if name in ('ListObjects', 'ListObjectsV2'):
                return {'Contents': [entry], 'IsTruncated': False}
            if name == 'ListObjectVersions':
                return {'Versions': [], 'IsTruncated': False}
            if name == 'ListBuckets':
                return {'Buckets': [{'Name': 'allowed', 'CreationDate': WHEN}], 'Owner': {}}
            if name == 'HeadObject':
                return head
            if name == 'CopyObject':
                return {'CopyObjectResult': {'ETag': '"e"', 'LastModified': WHEN}}
        if model.has_streaming_output:
            member = model.output_shape.serialization.get('payload')
            return dict(head, **{member: part('response').StreamingBody(io.BytesIO(b'hello'), 5)})
        return {}

    def prefix(self, request):
        for call in reversed(self.asked):
            return call['params'].get('Prefix') or ''
        return ''


class FakeResponse:
    status_code = 200
    headers = {}


def install(recorder):
    part('endpoint').Endpoint.make_request = lambda self, model, request: recorder.answer(self, model, request)
    client = part('client').BaseClient
    original = MAKE_API_CALL

    def call(self, name, params):
        if self.meta.service_model.service_name == 'route53':
            # It is sent without what stands before the last slash of an id.
            params = dict(params)
            part('handlers').fix_route53_ids(params, self.meta.service_model.operation_model(name))
        options = {botocore.xform_name(key, '-'): plain(value) for key, value in params.items()}
        recorder.asked.append({
            'service': self.meta.service_model.service_name, 'operation': name, 'params': plain(params), 'options': options,
        })
        return original(self, name, params)

    client._make_api_call = call
    # Two runs of one command line differ in these and in nothing else.
    counted = iter(range(1, 1_000_000))
    uuid.uuid4 = lambda: uuid.UUID(int=next(counted))
    # Waiters and `logs tail --follow` wait for something that never comes.
    naps = []

    def sleep(seconds):
        naps.append(seconds)
        if len(naps) > 3:
            raise RuntimeError('enough sleep')

    time.sleep = sleep


def run(argv):
    """The outcome of one command line in this process."""
    recorder = Recorder()
    install(recorder)
    out, err = io.BytesIO(), io.BytesIO()
    sys.stdout = io.TextIOWrapper(out, encoding='utf-8', write_through=True)
    sys.stderr = io.TextIOWrapper(err, encoding='utf-8', write_through=True)
    sys.stdin = io.TextIOWrapper(io.BytesIO(b'standard input'), encoding='utf-8')
    try:
        if V2:
            code = awscli.clidriver.AWSCLIEntryPoint().main(argv)
        else:
            code = awscli.clidriver.create_clidriver().main(argv)
    except SystemExit as error:
        code = error.code
    except BaseException as error:  # What escapes the CLI's own handler ends it as a traceback does.
        code = 'raised ' + type(error).__name__
    sys.stdout.flush()
    sys.stderr.flush()
    return {
        'code': code, 'asked': recorder.asked, 'sent': recorder.sent, 'files': changed(),
        'stdout': out.getvalue().hex(), 'stderr': err.getvalue().decode('utf-8', 'replace')[:400],
    }


def seen():
    found = {}
    for root, _directories, names in os.walk('.'):
        for name in names:
            path = os.path.normpath(os.path.join(root, name))
            with open(path, 'rb') as file:
                found[path] = file.read()
    return found


def changed():
    now = seen()
    return {path: plain(now.get(path)) for path in set(now) | set(FILES) if now.get(path) != FILES.get(path)}


def lay_out():
    for name in os.listdir('.'):
        shutil.rmtree(name) if os.path.isdir(name) and not os.path.islink(name) else os.unlink(name)
    for path, content in FILES.items():
        if os.path.dirname(path):
            os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'wb') as file:
            file.write(content)
        # The CLI compares times when it syncs.
        os.utime(path, (1_600_000_000, 1_600_000_000))


def forked(argv):
    """The outcome of one command line in a child."""
    lay_out()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        signal.alarm(SECONDS_MAX)
        with os.fdopen(writer, 'w') as pipe:
            pipe.write(json.dumps(run(argv)))
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    return json.loads(text) if text else {'code': 'timeout', 'asked': [], 'sent': [], 'files': {}, 'stdout': '', 'stderr': ''}


def main():
    place = tempfile.mkdtemp(prefix='turret-fuzz-')
    os.chdir(place)
    answers = os.fdopen(os.dup(1), 'w', buffering=1)
    loaders = {}
    create = part('loaders').create_loader

    def shared(search_path_string=None):
        if search_path_string not in loaders:
            loaders[search_path_string] = create(search_path_string)
        return loaders[search_path_string]

    # Service models are read once here, and inherited by every child.
    part('session').create_loader = shared
    part('loaders').create_loader = shared
    # Its C library starts threads of its own for this, which a fork does not survive.
    awscli.clidriver.disable_crt_logging = lambda: None
    # What a first command imports and lists is imported and listed once, here.
    stdio = sys.stdin, sys.stdout, sys.stderr
    lay_out()
    run(['sts', 'get-caller-identity'])
    importlib.import_module('awscli.customizations.s3.subcommands')
    sys.stdin, sys.stdout, sys.stderr = stdio
    time.sleep = REAL_SLEEP
    gc.freeze()
    warm = set()
    print(json.dumps({'ready': awscli.__version__}), file=answers)
    for line in sys.stdin:
        case = json.loads(line)
        model = case.get('warm')
        if model and model not in warm:
            warm.add(model)
            loader = next(iter(loaders.values()), None) or shared(None)
            for kind in ('service-2', 'paginators-1', 'waiters-2', 'endpoint-rule-set-1'):
                try:
                    loader.load_service_model(model, kind)
                except Exception:  # A service without waiters or paginators.
                    pass
            gc.freeze()
        print(json.dumps(forked(case['argv'])), file=answers)
    shutil.rmtree(place)


main()
