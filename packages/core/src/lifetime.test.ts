import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { orAborted, UndoStack } from './lifetime.ts';

test('steps are undone in reverse, each waited for', async () => {
  const done: string[] = [];
  {
    await using undo = new UndoStack();
    undo.push('first', () => void done.push('first'));
    undo.push('slow', async () => {
      await delay(5);
      done.push('slow');
    });
    undo.push('last', () => void done.push('last'));
  }
  assert.deepEqual(done, ['last', 'slow', 'first']);
});

test('steps that are handed over are undone by the other stack alone', async () => {
  const done: string[] = [];
  let moved: UndoStack;
  {
    await using undo = new UndoStack();
    undo.push('handed over', () => void done.push('handed over'));
    moved = undo.move();
    undo.push('own', () => void done.push('own'));
  }
  assert.deepEqual(done, ['own']);
  await moved[Symbol.asyncDispose]();
  assert.deepEqual(done, ['own', 'handed over']);
});

test('what was kept is not undone, and steps pushed later are', async () => {
  const done: string[] = [];
  const undo = new UndoStack();
  undo.push('kept', () => void done.push('kept'));
  undo.keep();
  undo.push('later', () => void done.push('later'));
  await undo[Symbol.asyncDispose]();
  await undo[Symbol.asyncDispose]();
  assert.deepEqual(done, ['later']);
});

test('a step that fails hinders no other, and the error names each with its reason', async () => {
  const done: string[] = [];
  const reason = new Error('device is busy');
  const undo = new UndoStack();
  undo.push('folder', () => void done.push('folder'));
  undo.push('mount', () => Promise.reject(reason));
  undo.push('cgroup', () => {
    throw new Error('not empty');
  });
  await assert.rejects(undo[Symbol.asyncDispose](), {
    code: 'ERR_ROLLBACK_INCOMPLETE',
    message: 'could not undo: cgroup (not empty), mount (device is busy)',
  });
  assert.deepEqual(done, ['folder']);
});

test('a failure of the work and one of its undoing are both told', async () => {
  const work = async () => {
    await using undo = new UndoStack();
    undo.push('mount', () => Promise.reject(new Error('busy')));
    throw new Error('no space');
  };
  await assert.rejects(work, (error: SuppressedError) => {
    assert.match(error.error.message, /could not undo: mount/);
    assert.equal(error.suppressed.message, 'no space');
    return true;
  });
});

test('a step that hangs is given up at the deadline; those below it are still begun', async () => {
  // The deadline's own timer keeps no process alive.
  const alive = setTimeout(() => undefined, 10_000);
  const done: string[] = [];
  const undo = new UndoStack({ deadline: 20 });
  undo.push('below', () => void done.push('below'));
  undo.push('hanging', () => new Promise(() => undefined));
  await assert.rejects(undo[Symbol.asyncDispose](), /could not undo: hanging \(.*timeout.*\)/);
  clearTimeout(alive);
  assert.deepEqual(done, ['below']);
});

test('waiting ends with the work, or with the signal when that is first', async () => {
  assert.equal(await orAborted(Promise.resolve(3), undefined), 3);
  const ending = new AbortController();
  assert.equal(await orAborted(Promise.resolve(4), ending.signal), 4);
  await assert.rejects(orAborted(Promise.reject(new Error('own')), ending.signal), /own/);
  const waiting = orAborted(new Promise(() => undefined), ending.signal);
  ending.abort(new Error('given up'));
  await assert.rejects(waiting, /given up/);
  await assert.rejects(orAborted(new Promise(() => undefined), ending.signal), /given up/);
});

test('work that fails after it was given up rejects nowhere unhandled', async () => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => unhandled.push(reason);
  process.on('unhandledRejection', note);
  const ending = new AbortController();
  const work = Promise.withResolvers<void>();
  const late = [
    orAborted(work.promise, ending.signal),
    orAborted(work.promise, AbortSignal.abort(new Error('before it began'))),
  ];
  ending.abort(new Error('given up'));
  assert.ok((await Promise.allSettled(late)).every(({ status }) => status === 'rejected'));
  work.reject(new Error('too late'));
  await delay(5);
  process.off('unhandledRejection', note);
  assert.deepEqual(unhandled, []);
});
