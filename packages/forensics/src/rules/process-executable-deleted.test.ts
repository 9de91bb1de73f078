import assert from 'node:assert/strict';
import { test } from 'node:test';
import { processExecutableDeleted as rule } from './process-executable-deleted.ts';
import { judged, processRow } from './tables.fixture.ts';

const executable = { path: '/tmp/.x', deleted: true, memfd: false, filesystem: 'overlay' };

test('a process whose executable was deleted is found by its exe', () => {
  const [found, ...more] = judged(rule, { processes: [processRow({ pid: 7, name: 'sh', executable })] });
  assert.deepEqual(found?.references, [{ kind: 'fd', pid: 7, fd: 'exe' }]);
  assert.match(found?.summary ?? '', /process 7 \(sh\) runs \/tmp\/\.x/);
  assert.deepEqual(more, []);
});

test('one whose executable is there is not, nor one that runs a memfd, which is another rule', () => {
  const memfd = processRow({ executable: { ...executable, memfd: true } });
  assert.deepEqual(judged(rule, { processes: [processRow(), memfd, processRow({ executable: undefined })] }), []);
});
