import { AwsError } from './errors.js';
import { ACCOUNT_ID, FIXED_TIME } from './state.js';
import { formList, formValue, type AwsService, type ServiceCall } from './service.js';
import { xml, type Xml } from './xml.js';

interface Instance {
  readonly id: string;
  readonly state: readonly [code: number, name: string];
  readonly type: string;
  readonly address: string;
  readonly tags: Readonly<Record<string, string>>;
}

const INSTANCES: readonly Instance[] = [
  {
    id: 'i-0123456789abcdef0',
    state: [16, 'running'],
    type: 't3.micro',
    address: '10.0.0.10',
    tags: { Name: 'web', a: 'b' },
  },
  {
    id: 'i-0123456789abcdef1',
    state: [16, 'running'],
    type: 't3.small',
    address: '10.0.0.11',
    tags: { Name: 'db' },
  },
  {
    id: 'i-0123456789abcdef2',
    state: [80, 'stopped'],
    type: 't3.micro',
    address: '10.0.0.12',
    tags: { Name: 'batch' },
  },
];

const REGIONS: readonly (readonly [name: string, optIn: string])[] = [
  ['us-east-1', 'opt-in-not-required'],
  ['us-west-2', 'opt-in-not-required'],
  ['eu-west-1', 'opt-in-not-required'],
  ['eu-south-2', 'not-opted-in'],
];

type Filter = readonly [name: string, values: readonly string[]];

function filters(call: ServiceCall): Filter[] {
  const found: Filter[] = [];
  for (let at = 1; ; at += 1) {
    const name = formValue(call, `Filter.${at}.Name`);
    if (name === undefined) return found;
    found.push([name, formList(call, `Filter.${at}.Value`)]);
  }
}

/** EC2's own wildcards, * and ?, in a filter value. */
function matches(pattern: string, value: string | undefined): boolean {
  if (value === undefined) return false;
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 's').test(value);
}

function instanceField(instance: Instance, name: string): string | undefined {
  if (name.startsWith('tag:')) return instance.tags[name.slice(4)] ?? '\0';
  return {
    'instance-id': instance.id,
    'instance-state-name': instance.state[1],
    'instance-state-code': String(instance.state[0]),
    'instance-type': instance.type,
    'private-ip-address': instance.address,
    'vpc-id': 'vpc-0123456789abcdef0',
  }[name];
}

/** A filter this fake does not know is an error: silently ignoring it would answer more than was asked for. */
function passes(instance: Instance, wanted: readonly Filter[]): boolean {
  return wanted.every(([name, values]) => {
    const field = instanceField(instance, name);
    if (field === undefined)
      throw new AwsError('InvalidParameterValue', 400, `The filter '${name}' is invalid`);
    return values.some((value) => matches(value, field));
  });
}

const tagItems = (tags: Readonly<Record<string, string>>): Xml[] =>
  Object.entries(tags).map(([key, value]) => xml`<item><key>${key}</key><value>${value}</value></item>`);

const instanceItem = ({ id, state: [code, name], type, address, tags }: Instance): Xml =>
  xml`<item><reservationId>r-${id.slice(2)}</reservationId><ownerId>${ACCOUNT_ID}</ownerId><groupSet/><instancesSet><item><instanceId>${id}</instanceId><imageId>ami-0123456789abcdef0</imageId><instanceState><code>${code}</code><name>${name}</name></instanceState><privateDnsName>ip-${address.replaceAll('.', '-')}.ec2.internal</privateDnsName><instanceType>${type}</instanceType><launchTime>${FIXED_TIME}</launchTime><placement><availabilityZone>us-east-1a</availabilityZone></placement><subnetId>subnet-0123456789abcdef0</subnetId><vpcId>vpc-0123456789abcdef0</vpcId><privateIpAddress>${address}</privateIpAddress><tagSet>${tagItems(tags)}</tagSet></item></instancesSet></item>`;

function describeInstances(call: ServiceCall): Xml {
  const ids = formList(call, 'InstanceId');
  const unknown = ids.filter((id) => !INSTANCES.some((instance) => instance.id === id));
  if (unknown.length > 0) {
    throw new AwsError(
      'InvalidInstanceID.NotFound',
      400,
      `The instance ID '${unknown.join(', ')}' does not exist`,
    );
  }
  const wanted = filters(call);
  const found = INSTANCES.filter(({ id }) => ids.length === 0 || ids.includes(id)).filter((one) =>
    passes(one, wanted),
  );
  return xml`<reservationSet>${found.map(instanceItem)}</reservationSet>`;
}

function describeRegions(call: ServiceCall): Xml {
  const names = formList(call, 'RegionName');
  const all = formValue(call, 'AllRegions') === 'true' || names.length > 0;
  const found = REGIONS.filter(
    ([name, optIn]) => (all || optIn !== 'not-opted-in') && (names.length === 0 || names.includes(name)),
  );
  return xml`<regionInfo>${found.map(
    ([name, optIn]) =>
      xml`<item><regionName>${name}</regionName><regionEndpoint>ec2.${name}.amazonaws.com</regionEndpoint><optInStatus>${optIn}</optInStatus></item>`,
  )}</regionInfo>`;
}

function describeTags(call: ServiceCall): Xml {
  const rows = INSTANCES.flatMap(({ id, tags }) =>
    [...call.state.extraTags, ...Object.entries(tags)].map(([key, value]) => ({ id, key, value })),
  );
  const wanted = filters(call);
  const found = rows.filter((row) =>
    wanted.every(([name, values]) => {
      const field = { 'resource-id': row.id, key: row.key, value: row.value, 'resource-type': 'instance' }[
        name
      ];
      if (field === undefined)
        throw new AwsError('InvalidParameterValue', 400, `The filter '${name}' is invalid`);
      return values.some((value) => matches(value, field));
    }),
  );
  return xml`<tagSet>${found.map(
    ({ id, key, value }) =>
      xml`<item><resourceId>${id}</resourceId><resourceType>instance</resourceType><key>${key}</key><value>${value}</value></item>`,
  )}</tagSet>`;
}

export const ec2: AwsService = {
  hosts: ['ec2'],
  protocol: 'ec2',
  namespace: 'http://ec2.amazonaws.com/doc/2016-11-15/',
  operations: {
    DescribeInstances: describeInstances,
    DescribeRegions: describeRegions,
    DescribeTags: describeTags,
  },
};
