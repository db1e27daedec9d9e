"""Services, operations, waiters and hand-written commands, as the CLI's own command table has them."""

import re
import sys

from .options import option_words

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


def table_of(command):
    if hasattr(command, '_get_command_table'):
        return command._get_command_table()
    return command.subcommand_table


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
