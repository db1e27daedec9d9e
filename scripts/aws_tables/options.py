"""The options of one command, each as one word: name[:arity type flags][=choice|choice]. repeaters/aws/tables/options.ts reads them."""

import argparse

# Options of hand-changed operations that are plain paths. Models do not know them.
PATH_OPTIONS = {'priv-launch-key': 'r', 'save-as': 'w', 'outfile': 'w', 'certificate-pem-outfile': 'w', 'public-key-outfile': 'w',
                'private-key-outfile': 'w'}
# They can stand for any other option, so the resolver refuses them by name.
NEVER_OPTIONS = ('cli-input-json', 'cli-input-yaml', 'generate-cli-skeleton')


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
