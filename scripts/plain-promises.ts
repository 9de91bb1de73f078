/**
 * Loaded before each test file: node:test then follows no promises. It would know from which test an error came that nobody
 * waited for, at the price of a hook on every promise, which makes tests that read much two to four times as slow. Such an
 * error still fails the file; `node FILE` without this names its test.
 */
import { createHook } from 'node:async_hooks';

const hooks: { enable(): unknown } = Object.getPrototypeOf(createHook({}));
const { enable } = hooks;

hooks.enable = function (this: Record<symbol, unknown>) {
  // What `createHook` makes of its option `trackPromises: false`; where Node.js names it otherwise, tests are only slow.
  const flag = Object.getOwnPropertySymbols(this).find(({ description }) => description === 'kNoPromiseHook');
  if (flag && new Error().stack?.includes('node:internal/test_runner')) this[flag] = true;
  return enable.call(this);
};
