import { AwsError } from './errors.js';
import { ACCOUNT_ID, FIXED_TIME } from './state.js';
import { member, text, texts, type AwsService, type Json, type ServiceCall } from './service.js';

const TIME_MS = Date.parse(FIXED_TIME);
const TIME_S = TIME_MS / 1000;

const EVENTS = ['START RequestId: 1', 'ERROR could not reach the database', 'END RequestId: 1'];
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  '/aws/lambda/orders': ['2026/01/02/[$LATEST]aaaa', '2026/01/02/[$LATEST]bbbb'],
  '/aws/lambda/mail': ['2026/01/02/[$LATEST]cccc'],
  g: ['stream-1', 'stream-2'],
};

function streamsOf(call: ServiceCall): readonly string[] {
  const streams = GROUPS[text(call.json['logGroupName'])];
  if (streams === undefined) {
    throw new AwsError('ResourceNotFoundException', 400, 'The specified log group does not exist.');
  }
  return streams;
}

export const logs: AwsService = {
  hosts: ['logs'],
  protocol: 'json',
  namespace: 'Logs_20140328',
  operations: {
    DescribeLogGroups: (call) => ({
      logGroups: Object.keys(GROUPS)
        .filter((name) => name.startsWith(text(call.json['logGroupNamePrefix'])))
        .map((name) => ({
          logGroupName: name,
          creationTime: TIME_MS,
          metricFilterCount: 0,
          arn: `arn:aws:logs:${call.region}:${ACCOUNT_ID}:log-group:${name}:*`,
          storedBytes: 300,
        })),
    }),
    DescribeLogStreams: (call) => ({
      logStreams: streamsOf(call)
        .filter((name) => name.startsWith(text(call.json['logStreamNamePrefix'])))
        .map((name) => ({
          logStreamName: name,
          creationTime: TIME_MS,
          lastIngestionTime: TIME_MS,
          storedBytes: 0,
        })),
    }),
    FilterLogEvents: (call) => {
      const pattern = text(call.json['filterPattern']).replaceAll('"', '');
      return {
        events: streamsOf(call).flatMap((logStreamName, stream) =>
          EVENTS.map((message, at) => ({
            logStreamName,
            timestamp: TIME_MS + at,
            message,
            ingestionTime: TIME_MS + at,
            eventId: `${stream}${at}`,
          })).filter(({ message }) => message.includes(pattern)),
        ),
        searchedLogStreams: [],
      };
    },
  },
};

const isService = (name: string): boolean => name === 'a' || name === 'b';

export const ecs: AwsService = {
  hosts: ['ecs'],
  protocol: 'json',
  namespace: 'AmazonEC2ContainerServiceV20141113',
  operations: {
    DescribeServices(call) {
      const cluster = text(call.json['cluster']) || 'default';
      const base = `arn:aws:ecs:${call.region}:${ACCOUNT_ID}`;
      if (cluster !== 'c') throw new AwsError('ClusterNotFoundException', 400, 'Cluster not found.');
      const asked = texts(call.json['services']);
      const serviceArn = (name: string): string => `${base}:service/${cluster}/${name}`;
      return {
        services: asked.filter(isService).map((name) => ({
          serviceArn: serviceArn(name),
          serviceName: name,
          clusterArn: `${base}:cluster/${cluster}`,
          status: 'ACTIVE',
          desiredCount: 1,
          runningCount: 1,
          pendingCount: 0,
          createdAt: TIME_S,
          events: [],
        })),
        failures: asked
          .filter((name) => !isService(name))
          .map((name) => ({ arn: serviceArn(name), reason: 'MISSING' })),
      };
    },
  },
};

export const secretsmanager: AwsService = {
  hosts: ['secretsmanager'],
  protocol: 'json',
  namespace: 'secretsmanager',
  operations: {
    GetSecretValue(call) {
      const id = text(call.json['SecretId']);
      if (id !== 'prod/db') {
        throw new AwsError(
          'ResourceNotFoundException',
          400,
          "Secrets Manager can't find the specified secret.",
        );
      }
      return {
        ARN: `arn:aws:secretsmanager:${call.region}:${ACCOUNT_ID}:secret:prod/db-AbCdEf`,
        Name: id,
        VersionId: '00000000-0000-4000-8000-000000000001',
        SecretString: '{"password":"canary-database-password"}',
        VersionStages: ['AWSCURRENT'],
        CreatedDate: TIME_S,
      };
    },
  },
};

function tableOf(call: ServiceCall): NonNullable<ReturnType<ServiceCall['state']['tables']['get']>> {
  const table = call.state.tables.get(text(call.json['TableName']));
  if (table === undefined)
    throw new AwsError('ResourceNotFoundException', 400, 'Requested resource not found');
  return table;
}

const keyText = (item: unknown, hashKey: string): string => {
  const value = member(item)[hashKey];
  if (value === undefined) {
    throw new AwsError('ValidationException', 400, `One of the required keys was not given a value`);
  }
  return JSON.stringify(value);
};

/** Query understands one equality on the hash key, which is what a key condition must at least have. */
function queryTable(call: ServiceCall): Json {
  const table = tableOf(call);
  const [, name, placeholder] =
    /^\s*(#?\w+)\s*=\s*(:\w+)\s*$/.exec(text(call.json['KeyConditionExpression'])) ?? [];
  const names = member(call.json['ExpressionAttributeNames']);
  const attribute = name?.startsWith('#') ? names[name] : name;
  const value = member(call.json['ExpressionAttributeValues'])[placeholder ?? ''];
  if (attribute !== table.hashKey || value === undefined) {
    throw new AwsError('ValidationException', 400, 'Query condition missed key schema element');
  }
  const found = table.items.get(JSON.stringify(value));
  const items = found === undefined ? [] : [found];
  return { Items: items, Count: items.length, ScannedCount: items.length };
}

export const dynamodb: AwsService = {
  hosts: ['dynamodb', 'ddb'],
  protocol: 'json',
  namespace: 'DynamoDB_20120810',
  operations: {
    ListTables: (call) => ({ TableNames: [...call.state.tables.keys()].sort() }),
    PutItem(call) {
      const table = tableOf(call);
      const item = member(call.json['Item']);
      table.items.set(keyText(item, table.hashKey), item);
      return {};
    },
    GetItem(call) {
      const table = tableOf(call);
      const item = table.items.get(keyText(call.json['Key'], table.hashKey));
      return item === undefined ? {} : { Item: item };
    },
    Query: queryTable,
  },
};

export const lambda: AwsService = {
  hosts: ['lambda'],
  protocol: 'rest-json',
  namespace: '',
  routes: [['GET', /^\/2015-03-31\/event-source-mappings\/?$/, 'ListEventSourceMappings']],
  operations: {
    ListEventSourceMappings: (call) => ({
      EventSourceMappings: [
        {
          UUID: '00000000-0000-4000-8000-000000000001',
          BatchSize: 10,
          EventSourceArn: `arn:aws:sqs:${call.region}:${ACCOUNT_ID}:jobs`,
          FunctionArn: `arn:aws:lambda:${call.region}:${ACCOUNT_ID}:function:orders`,
          LastModified: TIME_S,
          State: 'Enabled',
          StateTransitionReason: 'USER_INITIATED',
        },
      ].filter(({ FunctionArn }) => FunctionArn.endsWith(text(call.json['FunctionName']))),
    }),
  },
};

export const eks: AwsService = {
  hosts: ['eks'],
  protocol: 'rest-json',
  namespace: '',
  routes: [['GET', /^\/clusters\/?$/, 'ListClusters']],
  operations: { ListClusters: () => ({ clusters: ['blue', 'green'] }) },
};
