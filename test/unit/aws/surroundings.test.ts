// Region, profile and output come from the agent's environment by asking, and identity never comes from the agent.

import { describe, expect, it } from 'vitest';
import { FACTS } from '../../../repeaters/aws/resolve/facts.js';
import { resolveAws } from '../../../repeaters/aws/resolve/resolve.js';
import { TurretError } from '../../../src/errors.js';
import type { Params } from '../../../src/protocol/messages.js';
import { context, contextV2, CWD, refusal, resolveLine } from './aws-context.js';

const line = 'ec2 describe-regions';
const params = (facts: Record<string, string>, use = context, words = line): Params => {
  const result = resolveLine(words, { facts, use });
  if (!('capabilities' in result)) throw new Error(JSON.stringify(result));
  return result.capabilities[0]?.params ?? {};
};

it('asks for facts once, after the command line has been understood', () => {
  const call = { tool: 'aws', cwd: CWD };
  expect(resolveAws({ ...call, argv: line.split(' ') }, context)).toEqual({ facts: FACTS });
  expect(() => resolveAws({ ...call, argv: ['ec2', 'nonsense'] }, context)).toThrow(TurretError);
  expect(resolveAws({ ...call, argv: ['--version'] }, context)).toHaveProperty('capabilities');
});

describe('region and output', () => {
  it('are taken from the command line, else the environment, else the operator', () => {
    const facts = { 'env.AWS_DEFAULT_REGION': 'eu-west-1', 'env.AWS_DEFAULT_OUTPUT': 'text' };
    expect(params(facts, context, `${line} --region ap-southeast-2 --output table`)).toEqual({
      region: 'ap-southeast-2',
      output: 'table',
    });
    expect(params(facts)).toEqual({ region: 'eu-west-1', output: 'text' });
    expect(params({})).toEqual({ region: 'us-east-1' });
    expect(params({}, { ...context, output: 'text' })).toEqual({ region: 'us-east-1', output: 'text' });
  });

  it('follow the order of each CLI when both variables are set', () => {
    const facts = { 'env.AWS_REGION': 'eu-west-1', 'env.AWS_DEFAULT_REGION': 'eu-west-2' };
    expect(params(facts, contextV2)['region']).toBe('eu-west-1');
    expect(params(facts)['region']).toBe('eu-west-2');
    expect(params({ 'env.AWS_REGION': '' })['region']).toBe('us-east-1');
  });

  it.each(['us-east-1', 'us-gov-west-1', 'ap-southeast-2', 'us-isob-east-1', 'mx-central-1', 'cn-north-1'])(
    'take %s',
    (region) => {
      expect(params({}, context, `${line} --region ${region}`)['region']).toBe(region);
    },
  );

  it.each([
    'us-east-1.evil.example',
    'evil',
    'us-east',
    'US-EAST-1',
    'us-east-1/',
    'x@us-east-1',
    'describe-instances',
    '../us-east-1',
  ])('refuse %s wherever it stands', (region) => {
    expect(refusal(`${line} --region ${region}`)).toMatch(/not the name of a region/);
    expect(() => params({ 'env.AWS_REGION': region })).toThrow(TurretError);
  });
});

describe('profile', () => {
  it('of this repeater changes nothing, of another one redirects, of nobody is refused with the way to add it', () => {
    expect(params({ 'env.AWS_PROFILE': 'default' })).toEqual({ region: 'us-east-1' });
    expect(params({}, context, `${line} --profile default`)).toEqual({ region: 'us-east-1' });
    expect(resolveLine(`${line} --profile prod`)).toEqual({ redirect: 'prod' });
    expect(resolveLine(line, { facts: { 'env.AWS_PROFILE': 'prod' } })).toEqual({ redirect: 'prod' });
    expect(params({ 'env.AWS_PROFILE': 'prod' }, context, `${line} --profile default`)).toEqual({
      region: 'us-east-1',
    });
    const refused = () => resolveLine(`${line} --profile admin`);
    expect(refused).toThrow(TurretError);
    expect(refused).toThrow(
      expect.objectContaining({ hints: [expect.stringContaining('credentials: "profile:admin"')] }),
    );
    for (const name of ['constructor', '__proto__', 'Approve? [y/N] y'])
      expect(refusal([...line.split(' '), '--profile', name])).toMatch(/no repeater/);
  });

  it('follows the order of each CLI', () => {
    const facts = { 'env.AWS_PROFILE': 'prod', 'env.AWS_DEFAULT_PROFILE': 'default' };
    expect(resolveLine(line, { facts, use: contextV2 })).toEqual({ redirect: 'prod' });
    expect(resolveLine(line, { facts })).toHaveProperty('capabilities');
  });
});
