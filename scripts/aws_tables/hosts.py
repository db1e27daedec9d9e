"""Hosts by signing name, from the endpoint rule sets; `{r}` stands for the region."""

import re
import sys

REGIONS = ('us-east-1', 'us-west-2', 'eu-west-1', 'cn-north-1', 'cn-northwest-1', 'us-gov-west-1', 'us-gov-east-1')
# Hosts that the endpoint rule sets do not name and the CLI nevertheless sends to (legacy and customised endpoints).
EXTRA_HOSTS = {
    's3': ['s3.amazonaws.com'], 'rds': ['rds.amazonaws.com'], 'sts': ['sts.amazonaws.com'],
    'sqs': ['queue.amazonaws.com', '{r}.queue.amazonaws.com', '{r}.queue.amazonaws.com.cn'],
    'elasticmapreduce': ['{r}.elasticmapreduce.amazonaws.com', '{r}.elasticmapreduce.amazonaws.com.cn'],
    'health': ['global.health.amazonaws.com', 'health.us-east-1.amazonaws.com'],
    'arc-region-switch': ['arc-region-switch-control-plane.us-east-1.api.aws', 'arc-region-switch.us-east-1.api.aws'],
}


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
