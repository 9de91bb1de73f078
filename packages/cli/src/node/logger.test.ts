import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jsonLogger } from './logger.ts';

function collected(least?: Parameters<typeof jsonLogger>[1]) {
  const written: string[] = [];
  const logger = jsonLogger({ err: (text) => void written.push(text) }, least);
  const lines = () => written.map((text) => JSON.parse(text) as Record<string, unknown>);
  return { logger, written, lines };
}

test('each entry is one line of JSON with time, level, message and its fields', () => {
  const { logger, written, lines } = collected();
  logger.log('info', 'node serves', { pid: 7, at: 2n ** 63n, nested: { list: ['a'] } });
  assert.match(written[0] ?? '', /^\{.*\}\n$/);
  const { time, ...rest } = lines()[0] ?? {};
  assert.deepEqual(rest, {
    level: 'info',
    message: 'node serves',
    pid: 7,
    at: '9223372036854775808',
    nested: { list: ['a'] },
  });
  assert.equal(new Date(String(time)).toISOString(), time);
});

test('text of evidence can forge neither a line nor what a terminal shows', () => {
  const { logger, written } = collected();
  logger.log('warn', 'image \n{"level":"error"}', { name: 'x\u001b[2J\r\u202e', deep: ['\u2028'] });
  assert.equal(written.join('').split('\n').length, 2, 'one line and its end');
  assert.doesNotMatch(written[0]?.slice(0, -1) ?? '', /[\u0000-\u001f\u2028\u202e]/);
});

test('levels below the least are left out; it is info where nothing is said', () => {
  const levels = ['debug', 'info', 'warn', 'error'] as const;
  const passed = (least?: (typeof levels)[number]) => {
    const { logger, lines } = collected(least);
    for (const level of levels) logger.log(level, level);
    return lines().map(({ level }) => level);
  };
  assert.deepEqual(passed(), ['info', 'warn', 'error']);
  assert.deepEqual(passed('debug'), levels);
  assert.deepEqual(passed('error'), ['error']);
});
