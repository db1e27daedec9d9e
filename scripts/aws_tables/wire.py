"""How each operation looks on the wire: names and markers that recognise a request."""


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
