import { AwsError } from './errors.js';
import { CborTime } from './cbor.js';
import { ACCOUNT_ID, FIXED_TIME } from './state.js';
import { formList, formValue, text, texts, type AwsService, type ServiceCall } from './service.js';
import { xml, Xml } from './xml.js';

/** What CreateAccessKey hands out: a canary. It must never reach an agent, and any output that has it is a leak. */
export const CANARY_ACCESS_KEY_ID = 'AKIACANARY0FAKE00001';
export const CANARY_SECRET_ACCESS_KEY = 'canaryCANARYcanaryCANARYcanaryCANARY0001';

const arn = (service: string, rest: string): string => `arn:aws:${service}::${ACCOUNT_ID}:${rest}`;

export const sts: AwsService = {
  hosts: ['sts'],
  protocol: 'query',
  namespace: 'https://sts.amazonaws.com/doc/2011-06-15/',
  operations: {
    GetCallerIdentity: () =>
      xml`<Arn>${arn('iam', 'user/operator')}</Arn><UserId>AIDAFAKEOPERATOR00001</UserId><Account>${ACCOUNT_ID}</Account>`,
  },
};

const user = (name: string): Xml =>
  xml`<member><Path>/</Path><UserName>${name}</UserName><UserId>AIDAFAKE${name.toUpperCase()}</UserId><Arn>${arn('iam', `user/${name}`)}</Arn><CreateDate>${FIXED_TIME}</CreateDate></member>`;

const TRUST = encodeURIComponent(
  '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}',
);

export const iam: AwsService = {
  hosts: ['iam'],
  protocol: 'query',
  namespace: 'https://iam.amazonaws.com/doc/2010-05-08/',
  operations: {
    ListUsers: () => xml`<Users>${['operator', 'auditor'].map(user)}</Users><IsTruncated>false</IsTruncated>`,
    ListRoles: () =>
      xml`<Roles><member><Path>/</Path><RoleName>web</RoleName><RoleId>AROAFAKEWEB00000001</RoleId><Arn>${arn('iam', 'role/web')}</Arn><CreateDate>${FIXED_TIME}</CreateDate><AssumeRolePolicyDocument>${TRUST}</AssumeRolePolicyDocument><MaxSessionDuration>3600</MaxSessionDuration></member></Roles><IsTruncated>false</IsTruncated>`,
    CreateAccessKey: (call) =>
      xml`<AccessKey><UserName>${formValue(call, 'UserName') ?? 'operator'}</UserName><AccessKeyId>${CANARY_ACCESS_KEY_ID}</AccessKeyId><Status>Active</Status><SecretAccessKey>${CANARY_SECRET_ACCESS_KEY}</SecretAccessKey><CreateDate>${FIXED_TIME}</CreateDate></AccessKey>`,
  },
};

function describeStackEvents(call: ServiceCall): Xml {
  const name = formValue(call, 'StackName') ?? '';
  if (name !== 'web') throw new AwsError('ValidationError', 400, `Stack [${name}] does not exist`);
  const id = `arn:aws:cloudformation:${call.region}:${ACCOUNT_ID}:stack/web/00000000-0000-4000-8000-000000000001`;
  const event = (number: number, status: string): Xml =>
    xml`<member><StackId>${id}</StackId><EventId>event-${number}</EventId><StackName>web</StackName><LogicalResourceId>web</LogicalResourceId><PhysicalResourceId>${id}</PhysicalResourceId><ResourceType>AWS::CloudFormation::Stack</ResourceType><Timestamp>${FIXED_TIME}</Timestamp><ResourceStatus>${status}</ResourceStatus></member>`;
  return xml`<StackEvents>${event(2, 'CREATE_COMPLETE')}${event(1, 'CREATE_IN_PROGRESS')}</StackEvents>`;
}

export const cloudformation: AwsService = {
  hosts: ['cloudformation'],
  protocol: 'query',
  namespace: 'http://cloudformation.amazonaws.com/doc/2010-05-15/',
  operations: { DescribeStackEvents: describeStackEvents },
};

function describeDatabases(call: ServiceCall): Xml {
  const wanted = formValue(call, 'DBInstanceIdentifier');
  if (wanted !== undefined && wanted !== 'orders') {
    throw new AwsError('DBInstanceNotFound', 404, `DBInstance ${wanted} not found.`);
  }
  return xml`<DBInstances><DBInstance><DBInstanceIdentifier>orders</DBInstanceIdentifier><DBInstanceClass>db.t3.micro</DBInstanceClass><Engine>postgres</Engine><DBInstanceStatus>available</DBInstanceStatus><MasterUsername>admin</MasterUsername><InstanceCreateTime>${FIXED_TIME}</InstanceCreateTime><DBInstanceArn>arn:aws:rds:${call.region}:${ACCOUNT_ID}:db:orders</DBInstanceArn></DBInstance></DBInstances>`;
}

export const rds: AwsService = {
  hosts: ['rds'],
  protocol: 'query',
  namespace: 'http://rds.amazonaws.com/doc/2014-10-31/',
  operations: { DescribeDBInstances: describeDatabases },
};

/** Two datapoints inside the asked period; CLI v2 asks in query form, CLI 1.45 in CBOR. */
function getMetricStatistics(call: ServiceCall): Xml | { readonly [name: string]: unknown } {
  const inForm = call.protocol === 'query';
  const label = inForm ? (formValue(call, 'MetricName') ?? '') : text(call.json['MetricName']);
  const rawStart = inForm ? formValue(call, 'StartTime') : call.json['StartTime'];
  const start = typeof rawStart === 'number' ? rawStart * 1000 : Date.parse(text(rawStart));
  const period = Number(inForm ? formValue(call, 'Period') : call.json['Period']);
  const statistics = inForm ? formList(call, 'Statistics') : texts(call.json['Statistics']);
  if (label === '' || Number.isNaN(start) || !(period > 0)) {
    throw new AwsError(
      'InvalidParameterValue',
      400,
      'The parameter StartTime, Period or MetricName is not valid.',
    );
  }
  const known: Record<string, number> = {
    Average: 12.5,
    Minimum: 1.5,
    Maximum: 42.5,
    Sum: 25.5,
    SampleCount: 2,
  };
  const values = Object.entries(known).filter(([name]) => statistics.includes(name));
  const times = [start, start + period * 1000];
  if (!inForm) {
    return {
      Label: label,
      Datapoints: times.map((time) => ({
        Timestamp: call.protocol === 'cbor' ? new CborTime(time / 1000) : time / 1000,
        Unit: 'Percent',
        ...Object.fromEntries(values),
      })),
    };
  }
  return xml`<Label>${label}</Label><Datapoints>${times.map(
    (time) =>
      xml`<member><Timestamp>${new Date(time).toISOString()}</Timestamp>${values.map(([name, value]) => new Xml(`<${name}>${value}</${name}>`))}<Unit>Percent</Unit></member>`,
  )}</Datapoints>`;
}

export const cloudwatch: AwsService = {
  hosts: ['monitoring'],
  protocol: 'query',
  namespace: 'http://monitoring.amazonaws.com/doc/2010-08-01/',
  operations: { GetMetricStatistics: getMetricStatistics },
};

/** CLI v2.9 asks in query form, CLI 1.45 in JSON. */
export const sqs: AwsService = {
  hosts: ['sqs', 'queue'],
  protocol: 'query',
  namespace: 'http://queue.amazonaws.com/doc/2012-11-05/',
  operations: {
    ListQueues(call) {
      const prefix =
        call.protocol === 'query'
          ? (formValue(call, 'QueueNamePrefix') ?? '')
          : text(call.json['QueueNamePrefix']);
      const urls = ['jobs', 'mail']
        .filter((name) => name.startsWith(prefix))
        .map((name) => `https://sqs.${call.region}.amazonaws.com/${ACCOUNT_ID}/${name}`);
      if (call.protocol !== 'query') return { QueueUrls: urls };
      return xml`${urls.map((url) => xml`<QueueUrl>${url}</QueueUrl>`)}`;
    },
  },
};
