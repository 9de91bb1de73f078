/** What is asked of both checkpoints, fresh ones and those that are kept as fixtures. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type BaseImage, openBaseImageFile, openCheckpoint } from '@stillframe/checkpoint';
import { analyse, type Finding, findSecrets, isAtLeast, referenceText } from '@stillframe/forensics';
import { demandSecrets } from './demand-secrets.ts';
import {
  demandChanges,
  demandCode,
  demandCredentials,
  demandNothing,
  demandOpenFiles,
  demandProcesses,
  type Read,
  readViews,
} from './demands.ts';
import { expectationsOf } from './expected.ts';
import type { Truth } from './truth.ts';

/** The archives of both, and the truth about the first. */
export interface Pair {
  readonly compromised: string;
  readonly clean: string;
  readonly truth: Truth;
  /** Of the image of both, where it is at hand. */
  readonly image?: string;
}

/** Tests in the suite that calls this; `open` is done before them. */
export function testPlanted(open: () => Promise<Pair>): void {
  let truth: Truth;
  let broken: Read;
  let clean: Read;
  let image: BaseImage | undefined;
  before(async () => {
    const pair = await open();
    ({ truth } = pair);
    image = pair.image === undefined ? undefined : await openBaseImageFile(pair.image);
    broken = await readViews(await openCheckpoint(pair.compromised), image?.layers);
    clean = await readViews(await openCheckpoint(pair.clean), image?.layers);
  });
  after(async () => {
    for (const read of [broken, clean]) await read?.checkpoint[Symbol.asyncDispose]();
    await image?.[Symbol.asyncDispose]();
  });

  test('processes that pretend, run what is in no file, or were told too much', () => demandProcesses(broken, truth));
  test('files without a name, the shell of a connection, a back door and a sniffer', () =>
    demandOpenFiles(broken, truth));
  test('code that was injected, and code that is not what its file has', () => demandCode(broken, truth));
  test('files that were added, changed, emptied and given rights', () => demandChanges(broken, truth));
  test('credentials on a heap, in an environment and in files', () => demandCredentials(broken, truth));
  test('none of it is in the sibling that nobody broke into', () => demandNothing(clean, truth));
  test('rules find every planted thing where it is', async () => {
    const { findings, diagnostics } = await analyse(broken.checkpoint, { image: image?.layers });
    assert.deepEqual(diagnostics, []);
    const missed = expectationsOf(broken, truth).filter(
      ({ rule, at }) => !findings.some((found) => found.rule === rule && at(found.references)),
    );
    assert.deepEqual(
      missed.map(({ thing, rule }) => `${thing}: ${rule}`),
      [],
      findings.map(toldIn).join('\n'),
    );
  });
  test('rules say nothing bad of the sibling', async () => {
    const { findings, diagnostics } = await analyse(clean.checkpoint, { image: image?.layers });
    assert.deepEqual(diagnostics, []);
    assert.deepEqual(findings.filter(({ severity }) => isAtLeast(severity, 'high')).map(toldIn), []);
  });
  test('secrets are found in memory, environment and files, and none in the sibling', async () => {
    await demandSecrets(broken, truth);
    assert.deepEqual((await findSecrets(clean.checkpoint)).secrets, []);
  });
  test('both are read without a fault', () => {
    for (const { checkpoint } of [broken, clean]) assert.deepEqual(checkpoint.diagnostics(), []);
  });
}

function toldIn({ severity, rule, summary, references }: Finding): string {
  return `${severity} ${rule}: ${summary} (${references.map(referenceText).join(', ')})`;
}
