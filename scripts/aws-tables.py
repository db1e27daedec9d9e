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

import argparse
import json
import os
import re
import sys
import zlib

# (service, operation, option) triples, from the v1 CLI's own list of values it never loads; filled by load_cli. v2 has no such list
# because it never fetches a URL: there the options whose name says URL may hold one.
LITERAL = set()
URL_OPTION = re.compile(r'(^|-)(url|urls|uri|uris|endpoint|location|repository|repositories)$')
READ_VERBS = ('batch-get', 'check', 'describe', 'discover', 'estimate', 'filter', 'get', 'head', 'list', 'lookup', 'preview',
              'query', 'read', 'retrieve', 'scan', 'search', 'select', 'simulate', 'test', 'validate', 'verify', 'view')
# Verbs that only add. Everything else that is not a read counts as destructive: it may replace or remove.
ADDING_VERBS = ('add', 'allocate', 'associate', 'attach', 'copy', 'create', 'enable', 'import', 'invoke', 'publish', 'register',
                'request', 'send', 'start', 'tag', 'upload')
# Free-form data that other people wrote: an agent must not take it for instructions.
UNTRUSTED = {
    's3api': ('get-object', 'select-object-content'), 'sqs': ('receive-message',), 'kinesis': ('get-records',),
    'logs': ('filter-log-events', 'get-log-events', 'get-log-record', 'get-query-results', 'start-live-tail'),
    'dynamodb': ('get-item', 'batch-get-item', 'query', 'scan', 'execute-statement', 'transact-get-items'),
    'codecommit': ('get-blob', 'get-file', 'get-folder', 'get-comment', 'get-pull-request'), 'ec2': ('get-console-output',),
    'ssm': ('get-command-invocation',), 'athena': ('get-query-results',), 'redshift-data': ('get-statement-result',),
    'support': ('describe-communications', 'describe-cases'), 'lambda': ('invoke',), 'workmailmessageflow': ('get-raw-message-content',),
}
SECRET_MEMBER = re.compile(r'(secret|password|passphrase|privatekey|credential|sessiontoken|accesstoken|authtoken|bearertoken|'
                           r'refreshtoken|idtoken|apikey|presignedurl|signedurl|authorizationtoken)', re.I)
# Options of hand-changed operations that are plain paths. Models do not know them.
PATH_OPTIONS = {'priv-launch-key': 'r', 'save-as': 'w', 'outfile': 'w', 'certificate-pem-outfile': 'w', 'public-key-outfile': 'w',
                'private-key-outfile': 'w'}
# They can stand for any other option, so the resolver refuses them by name.
NEVER_OPTIONS = ('cli-input-json', 'cli-input-yaml', 'generate-cli-skeleton')
REGIONS = ('us-east-1', 'us-west-2', 'eu-west-1', 'cn-north-1', 'cn-northwest-1', 'us-gov-west-1', 'us-gov-east-1')
# Hosts that the endpoint rule sets do not name and the CLI nevertheless sends to (legacy and customised endpoints).
EXTRA_HOSTS = {
    's3': ['s3.amazonaws.com'], 'rds': ['rds.amazonaws.com'], 'sts': ['sts.amazonaws.com'],
    'sqs': ['queue.amazonaws.com', '{r}.queue.amazonaws.com', '{r}.queue.amazonaws.com.cn'],
    'elasticmapreduce': ['{r}.elasticmapreduce.amazonaws.com', '{r}.elasticmapreduce.amazonaws.com.cn'],
    'health': ['global.health.amazonaws.com', 'health.us-east-1.amazonaws.com'],
    'arc-region-switch': ['arc-region-switch-control-plane.us-east-1.api.aws', 'arc-region-switch.us-east-1.api.aws'],
}


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


def table_of(command):
    if hasattr(command, '_get_command_table'):
        return command._get_command_table()
    return command.subcommand_table


# ---- options ---------------------------------------------------------------------------------------------------------

def type_letter(name, arg):
    kind = arg.cli_type_name
    model = getattr(arg, 'argument_model', None)
    if name in PATH_OPTIONS:
        return PATH_OPTIONS[name]
    if type(arg).__name__ == 'StreamingOutputArgument':
        return 'w'
    if kind == 'blob':
        streaming = bool(model is not None and getattr(model, 'serialization', {}).get('streaming'))
        return 'r' if streaming else 'b'
    if kind in ('structure', 'map', 'document'):
        return 'j'
    if kind == 'list':
        member = getattr(getattr(model, 'member', None), 'type_name', 'string')
        return 'j' if member in ('structure', 'map', 'list') else 'b' if member == 'blob' else ''
    if kind in ('integer', 'long', 'float', 'double'):
        return 'n'
    return 't' if kind == 'timestamp' else ''


def arity_letter(action):
    if action.nargs == 0:
        return 'f'
    if action.nargs in ('*', '+') or action.nargs == 1 and isinstance(action.nargs, int):
        return 'm' if action.nargs != 1 else ''
    if action.nargs == 2:
        return 'p'
    if action.nargs == '?':
        return 'q'
    return '' if action.nargs is None else None


def option_words(arg_table, literal=frozenset()):
    """One word per option: name[:arity type flags][=choice|choice]; see tables/options.ts for the other side.

    literal: names whose value the CLI takes as it is, whatever it begins with (no file://, no http://).
    """
    documented = {getattr(a, '_serialized_name', None) for a in arg_table.values() if not getattr(a, '_UNDOCUMENTED', False)}
    documented.discard(None)
    words = []
    for name, arg in arg_table.items():
        if name in NEVER_OPTIONS:
            continue
        hidden = getattr(arg, '_UNDOCUMENTED', False)
        if hidden and getattr(arg, '_serialized_name', None) in documented:
            continue  # a second, hidden name of an option: one name each
        parser = argparse.ArgumentParser(add_help=False, conflict_handler='resolve')
        arg.add_to_parser(parser)
        if not parser._actions:
            continue
        action = parser._actions[0]
        arity = arity_letter(action)
        if arity is None:
            continue
        if arity == 'f':
            if name.startswith('no-') and name[3:] in arg_table and arity_is_flag(arg_table[name[3:]]):
                continue  # carried by its positive form
            arity = 'F' if 'no-' + name in arg_table else 'f'
            codes = arity
        else:
            codes = arity + type_letter(name, arg)
        codes += '!' if arg.required else ''
        codes += 'h' if name in literal or getattr(arg, 'no_paramfile', None) else ''
        codes += '' if action.option_strings else '^'
        choices = '' if not action.choices or arity == 'f' else '=' + '|'.join(str(c) for c in action.choices)
        words.append(name + (':' + codes if codes else '') + choices)
    return ' '.join(words)


def arity_is_flag(arg):
    parser = argparse.ArgumentParser(add_help=False, conflict_handler='resolve')
    arg.add_to_parser(parser)
    return bool(parser._actions) and parser._actions[0].nargs == 0


# ---- commands --------------------------------------------------------------------------------------------------------

def output_has_secret(model):
    """Only for operations no fact file knows: any output member whose name or trait says secret."""
    seen, queue = set(), [model.output_shape] if model.output_shape is not None else []
    while queue:
        shape = queue.pop()
        if shape.name in seen:
            continue
        seen.add(shape.name)
        if shape.metadata.get('sensitive'):
            return True
        if shape.type_name == 'structure':
            for name, member in shape.members.items():
                if SECRET_MEMBER.search(name):
                    return True
                queue.append(member)
        elif shape.type_name == 'list':
            queue.append(shape.member)
        elif shape.type_name == 'map':
            queue.append(shape.value)
    return False


def starts_with_verb(command, verbs):
    return any(command == verb or command.startswith(verb + '-') for verb in verbs)


def operation_flags(service, command, model, facts):
    known = facts.get(service, {}).get(command)
    secret = 's' in known if known is not None else output_has_secret(model)
    read = known is not None and 'r' in known and 'v' in known and not secret
    reads_by_name = starts_with_verb(command, READ_VERBS)
    flags = 'r' if read else ''
    flags += 's' if secret else ''
    flags += 'd' if not read and not reads_by_name and not starts_with_verb(command, ADDING_VERBS) else ''
    flags += 'u' if command in UNTRUSTED.get(service, ()) else ''
    return flags


def custom_of(command):
    subcommands = {}
    for name, child in (getattr(command, 'subcommand_table', None) or {}).items():
        subcommands[name] = custom_of(child)
    try:
        options = option_words(command.arg_table)
    except Exception as error:  # a command that cannot describe itself is refused by name anyway
        print('custom without options:', getattr(command, 'name', '?'), repr(error), file=sys.stderr)
        options = ''
    return {'a': options, 'c': subcommands} if subcommands else {'a': options}


def service_of(name, command, facts):
    model_name = command._service_name
    out = {'n': name, 'm': model_name, 'o': {}, 'w': {}, 'c': {}}
    api_to_command = {}
    children = table_of(command)
    shown = {child._operation_model.name for child in children.values()
             if hasattr(child, '_operation_model') and not getattr(child, '_UNDOCUMENTED', False)}
    for word, child in children.items():
        # Deprecated operations are hidden but work; a hidden second name of a shown operation is left out: one name each.
        hidden = getattr(child, '_UNDOCUMENTED', False)
        if hidden and (not hasattr(child, '_operation_model') or child._operation_model.name in shown):
            continue
        model = getattr(child, '_operation_model', None)
        caller = type(getattr(child, '_operation_caller', None)).__name__
        if word == 'help':
            continue
        if model is None or caller != 'CLIOperationCaller':
            if word != 'wait':
                out['c'][word] = custom_of(child)
            continue
        flags = operation_flags(name, word, model, facts)
        names = {name, model_name, model.service_model.endpoint_prefix,
                 str(model.service_model.service_id).lower().replace(' ', '-')}
        literal = {option for option in child.arg_table if not LITERAL and URL_OPTION.search(option)} or {option for service, op, option in LITERAL if service in names and op == word}
        out['o'][word] = [model.name, flags, option_words(child.arg_table, literal)]
        api_to_command[model.name] = word
    wait = children.get('wait')
    if wait is not None:
        waiters_of(command, wait, api_to_command, out)
    return out


def waiters_of(command, wait, api_to_command, out):
    for word, child in wait.subcommand_table.items():
        if word == 'help':
            continue
        waiter = child._operation_caller._waiter_name
        config = wait_model(command).get_waiter(waiter)
        polled = api_to_command.get(config.operation)
        if polled is not None:  # else the polled operation was removed from the CLI: no such waiter for us
            out['w'][word] = [polled, option_words(child.arg_table)]


def wait_model(command):
    return command.session.get_waiter_model(command._service_name)


def generate_commands(driver, facts):
    table = driver.subcommand_table if hasattr(driver, 'subcommand_table') else driver._get_command_table()
    services, customs = {}, {}
    shown = {command._service_name for command in table.values()
             if hasattr(command, '_service_name') and not getattr(command, '_UNDOCUMENTED', False)}
    for name in sorted(table):
        command = table[name]
        hidden = getattr(command, '_UNDOCUMENTED', False)
        if name == 'help' or hidden and getattr(command, '_service_name', None) in shown | {None}:
            continue
        if hasattr(command, '_service_name'):
            services[name] = service_of(name, command, facts)
        elif hasattr(command, 'subcommand_table'):
            customs[name] = {'n': name, 'm': '', 'o': {}, 'w': {}, 'c': {'': custom_of(command)}}
        else:
            customs[name] = {'n': name, 'm': '', 'o': {}, 'w': {}, 'c': {'': {'a': ''}}}
    return {**services, **customs}


# ---- wire ------------------------------------------------------------------------------------------------------------

def wire_of(model):
    meta = model.metadata
    protocol = getattr(model, 'resolved_protocol', None) or meta['protocol']
    out = {'p': protocol, 'sn': meta.get('signingName', model.endpoint_prefix), 'ep': model.endpoint_prefix,
           'id': str(model.service_id)}
    offered = list(meta.get('protocols') or [])
    if len(offered) > 1:
        out['ps'] = offered
    if meta.get('targetPrefix'):
        out['t'] = meta['targetPrefix']
    bearer = 'smithy.api#httpBearerAuth' in (meta.get('auth') or []) or meta.get('signatureVersion') == 'bearer'
    if bearer:
        out['b'] = '*'
    routes, prefixes, events, unsigned, unsigned_body = [], [], [], [], []
    for name in model.operation_names:
        op = model.operation_model(name)
        if op.endpoint is not None and op.endpoint.get('hostPrefix'):
            prefixes.append([name, op.endpoint['hostPrefix']])
        if getattr(op, 'has_event_stream_input', False):
            events.append([name, 'input'])
        if getattr(op, 'has_event_stream_output', False):
            events.append([name, 'output'])
        raw = model._service_description['operations'][name]
        if raw.get('authtype') == 'none' or raw.get('auth') == ['smithy.api#noAuth']:
            unsigned.append(name)
        if raw.get('authtype') == 'v4-unsigned-body' or raw.get('unsignedPayload'):
            unsigned_body.append(name)
        if protocol in ('rest-json', 'rest-xml'):
            routes.append(route_of(name, op))
    for key, value in (('hp', prefixes), ('ev', events), ('u', unsigned), ('up', unsigned_body)):
        if value:
            out[key] = value
    if protocol in ('rest-json', 'rest-xml'):
        out['r'] = routes
    else:
        out['o'] = list(model.operation_names)
    return out


def route_of(name, op):
    required = []
    shape = op.input_shape
    if shape is not None:
        for member in shape.required_members:
            where = shape.members[member].serialization
            if where.get('location') == 'querystring':
                required.append('q:' + where.get('name', member))
            elif where.get('location') == 'header':
                required.append('h:' + where.get('name', member).lower())
    route = [op.http.get('method', 'POST'), op.http.get('requestUri', '/'), name]
    return route + [sorted(required)] if required else route


def generate_wire(session):
    return {name: wire_of(session.get_service_model(name)) for name in session.get_available_services()}


# ---- hosts -----------------------------------------------------------------------------------------------------------

def generate_hosts(botocore, session, wire):
    provider = __import__(botocore.__name__ + '.endpoint_provider', fromlist=['x'])
    loader = session.get_component('data_loader')
    partitions = loader.load_data('partitions')
    hosts = {}
    for model, entry in wire.items():
        found = hosts.setdefault(entry['sn'], set())
        try:
            rules = loader.load_service_model(model, 'endpoint-rule-set-1')
            ruleset = provider.EndpointProvider(rules, partitions)
        except Exception as error:
            print('no rule set:', model, repr(error), file=sys.stderr)
            found.update(hosts_without_rules(entry['ep']))
            continue
        for region in REGIONS:
            for fips in (False, True):
                for dual in (False, True):
                    host, names = one_host(ruleset, rules, region, fips, dual)
                    for name in [entry['sn']] + names if host else []:
                        hosts.setdefault(name, set()).add(host)
    for name, extra in EXTRA_HOSTS.items():
        if name in hosts:
            hosts[name].update(extra)
    return {name: sorted(found) for name, found in hosts.items() if found}


def hosts_without_rules(prefix):
    return ['%s.{r}.amazonaws.com' % prefix, '%s.{r}.amazonaws.com.cn' % prefix]


def one_host(ruleset, rules, region, fips, dual):
    offered = rules['parameters']
    wanted = {'Region': region, 'UseFIPS': fips, 'UseDualStack': dual, 'AccountIdEndpointMode': 'disabled',
              'RequiresAccountId': False, 'UseGlobalEndpoint': False}
    params = {key: value for key, value in wanted.items() if key in offered}
    try:
        endpoint = ruleset.resolve_endpoint(**params)
    except Exception:  # the rule set says: no such endpoint (a FIPS twin in China, for example)
        return None, []
    host = re.sub(r'^https?://', '', endpoint.url).split('/')[0]
    schemes = (endpoint.properties or {}).get('authSchemes') or []
    return host.replace(region, '{r}'), [scheme['signingName'] for scheme in schemes if scheme.get('signingName')]


# ---- classification --------------------------------------------------------------------------------------------------

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
