// Operations that return what their siblings are marked for in the generated tables, and are not marked themselves: the
// batch of a read, the second version of it, the password of one more kind of database. A rule with a wildcard that does
// not reach the one must not reach the other.

const MORE: Readonly<Record<string, readonly string[]>> = {
  appconfig: ['get-hosted-configuration-version'],
  cloudcontrol: ['get-resource', 'list-resources'],
  cloudformation: ['describe-change-set'],
  configservice: [
    'batch-get-aggregate-resource-config',
    'batch-get-resource-config',
    'get-aggregate-resource-config',
    'get-resource-config-history',
    'select-aggregate-resource-config',
    'select-resource-config',
  ],
  dynamodb: ['batch-execute-statement', 'batch-get-item', 'execute-transaction', 'transact-get-items'],
  dynamodbstreams: ['get-records'],
  ec2: ['export-client-vpn-client-configuration', 'get-console-screenshot'],
  glue: ['batch-get-jobs', 'get-dev-endpoint', 'get-dev-endpoints', 'get-jobs'],
  lightsail: ['get-relational-database-master-user-password'],
  logs: ['get-log-object', 'get-log-record', 'get-query-results'],
  'redshift-data': ['get-statement-result-v2'],
  s3api: ['get-object-torrent'],
  stepfunctions: ['describe-execution'],
  'timestream-query': ['query'],
};

/** @param service the word of the command line. @returns whether the output may hold secrets, besides what the table says */
export function returnsMoreSecrets(service: string, command: string): boolean {
  return Object.hasOwn(MORE, service) && (MORE[service]?.includes(command) ?? false);
}
