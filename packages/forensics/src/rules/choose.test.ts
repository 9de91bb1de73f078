import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseRules } from './choose.ts';
import { rules } from './index.ts';

const ids = (choice: Parameters<typeof chooseRules>[0]) => chooseRules(choice).map(({ id }) => id);

test('all are chosen where nothing is said, in the order of the table', () => {
  assert.deepEqual(chooseRules({}), rules);
});

test('ids and beginnings of ids choose, and leave out of what is chosen', () => {
  assert.deepEqual(ids({ only: ['shell-on-socket', 'miner'] }), ['shell-on-socket', 'miner']);
  const processes = ids({ only: ['process-*'], without: ['process-detached'] });
  assert.ok(processes.length > 3 && processes.every((id) => id.startsWith('process-')));
  assert.ok(!processes.includes('process-detached'));
  assert.equal(ids({ without: ['miner'] }).length, rules.length - 1);
});

test('a rule that there is not is an error that names near ones', () => {
  assert.throws(() => chooseRules({ without: ['minr'] }), { code: 'ERR_FORENSICS_RULE_UNKNOWN' });
  assert.throws(() => chooseRules({ only: ['socket'] }), /perhaps .*shell-on-socket/);
});
