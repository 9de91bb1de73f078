/** What the controller of a cluster must never lose. */
import type { Mutation } from './table.ts';

export const controllerMutations: readonly Mutation[] = [
  {
    what: 'a claim without an end is not asked for again',
    file: 'controller/src/checkpoints/worker.ts',
    find: '    if (status.claim) return await this.#abandon(checkpoint, signal);\n',
    put: '',
    tests: ['controller/src/checkpoints/crash.test.ts'],
  },
  {
    what: 'an answer that was lost is no certain failure',
    file: 'controller/src/checkpoints/outcome.ts',
    find: "  return { kind: 'unknown', reason: 'AnswerLost', message };\n",
    put: "  return { kind: 'not-asked', reason: 'AnswerLost', message };\n",
    tests: ['controller/src/checkpoints/capture.test.ts'],
  },
  {
    what: 'a status is written only to the object as it was read',
    file: 'controller/src/checkpoints/write.ts',
    find: '), uid, resourceVersion };',
    put: '), uid };',
    tests: ['controller/src/checkpoints/capture.test.ts'],
  },
  {
    what: 'a report about another archive is refused',
    file: 'controller/src/checkpoints/collected.ts',
    find: '  if (misfit !== undefined) return',
    put: '  if (misfit === null) return',
    tests: ['controller/src/checkpoints/crash.test.ts'],
  },
  {
    what: 'a leader whose renewal hangs stops',
    file: 'controller/src/leader/election.ts',
    find: '    if (!holds()) return lose();\n',
    put: '',
    tests: ['controller/src/leader/election.test.ts'],
  },
  {
    what: 'a list whose version is gone is read again',
    file: 'controller/src/cache/reflector.ts',
    find: "      if (isCode(error, 'ERR_CLUSTER_GONE')) version = undefined;\n",
    put: '',
    tests: ['controller/src/cache/reflector.test.ts'],
  },
  {
    what: 'a Checkpoint that shuts a pod off outlives its time',
    file: 'controller/src/checkpoints/retention.ts',
    find: "  if (status.quarantine) return 'it shuts its pod off';\n",
    put: '',
    tests: ['controller/src/checkpoints/quarantine.test.ts'],
  },
  {
    what: 'an alert without the token is none',
    file: 'controller/src/http/webhook.ts',
    find: 'if (!isAllowed(request, token)) return',
    put: 'if (request === undefined) return',
    tests: ['controller/src/http/http.test.ts'],
  },
];
