#!/usr/bin/env python3
"""Writes the tables of the aws repeater from an installed aws CLI's own models and command table.

    aws-tables.py generate OUT_DIR      run with the interpreter the CLI is installed in; writes OUT_DIR/<version>/
    aws-tables.py classify COMMANDS CREDENTIALS IAM OUT_DIR
                                        merges three fact files into OUT_DIR/classification.json.gz

Standard library and the CLI itself only. Same input, same bytes: members are gzip without time or name, keys are sorted.

What is read: the command table the CLI builds (so renames, removals and hand-written commands are as a user meets them), the
argparse actions its options become (so arity is as the real parser has it), the service models (wire routes) and the endpoint rule
sets (hosts). Nothing is sent anywhere.
"""

import json
import os
import sys
import zlib

sys.dont_write_bytecode = True

from aws_tables.commands import LITERAL, generate_commands  # noqa: E402
from aws_tables.hosts import generate_hosts  # noqa: E402
from aws_tables.wire import generate_wire  # noqa: E402


def load_cli():
    import awscli
    try:
        import awscli.botocore as botocore  # v2 carries its own
    except ImportError:
        import botocore
    from awscli.clidriver import create_clidriver
    try:
        from awscli.paramfile import PARAMFILE_DISABLED
    except ImportError:
        PARAMFILE_DISABLED = None  # v2: no URL is ever fetched
    LITERAL.update(tuple(entry.split('.')) for entry in PARAMFILE_DISABLED or () if entry.count('.') == 2)
    return awscli.__version__, botocore, create_clidriver()


def dump(value):
    return json.dumps(value, sort_keys=True, separators=(',', ':'), ensure_ascii=True).encode('ascii')


def gz(data):
    packer = zlib.compressobj(9, zlib.DEFLATED, 31, 9)
    return packer.compress(data) + packer.flush()


def classify(commands, credentials, iam, out):
    """service -> command -> letters: v verb reads, r IAM says Read or List, s output is a credential or secret."""
    load = lambda path: json.load(open(path, encoding='utf-8'))
    levels = load(iam)['map']
    deny = {entry.split(':', 1)[1] for entry in load(credentials)['deny_by_default']}
    facts = {}
    for row in load(commands)['commands']:
        key = row['service'] + ':' + row['op']
        letters = 'v' if row['readonly_verb'] else ''
        letters += 'r' if levels.get(key, {}).get('level') in ('Read', 'List') else ''
        letters += 's' if key in deny else ''
        facts.setdefault(row['service'], {})[row['op']] = letters
    with open(os.path.join(out, 'classification.json.gz'), 'wb') as file:
        file.write(gz(dump(facts)))


def members(parts):
    blob, index = b'', {}
    for name in sorted(parts):
        packed = gz(dump(parts[name]))
        index[name] = [len(blob), len(packed)]
        blob += packed
    return blob, index


def generate(out):
    version, botocore, driver = load_cli()
    with open(os.path.join(out, 'classification.json.gz'), 'rb') as file:
        facts = json.loads(zlib.decompress(file.read(), 31))
    commands = generate_commands(driver, facts)
    wire = generate_wire(driver.session)
    hosts = generate_hosts(botocore, driver.session, wire)
    directory = os.path.join(out, version)
    os.makedirs(directory, exist_ok=True)
    command_blob, command_index = members(commands)
    wire_blob, wire_index = members(wire)
    for name, entry in wire.items():
        wire_index[name].append(entry['sn'])
    index = {'awscli': version, 'botocore': botocore.__version__, 'services': command_index, 'models': wire_index}
    for name, data in (('commands.gz', command_blob), ('wire.gz', wire_blob), ('index.json', dump(index) + b'\n'),
                       ('hosts.json', dump(hosts) + b'\n')):
        with open(os.path.join(directory, name), 'wb') as file:
            file.write(data)
    print(version, len(command_index), 'services', sum(len(s['o']) for s in commands.values()), 'operations',
          len(command_blob), len(wire_blob), 'bytes')


if __name__ == '__main__':
    if len(sys.argv) == 3 and sys.argv[1] == 'generate':
        generate(sys.argv[2])
    elif len(sys.argv) == 6 and sys.argv[1] == 'classify':
        classify(*sys.argv[2:])
    else:
        sys.exit(__doc__)
