/** A container that an intruder was in, and its clean sibling, checkpointed by a node of ours: what was planted is found where it is. */
import { after, describe } from 'node:test';
import { needs } from '@stillframe/testkit';
import { openStage, type Stage } from './compromised/stage.ts';
import { testPlanted } from './compromised/suite.ts';

describe('a compromised container', needs('checkpoint', 'docker-registry', 'gcc'), () => {
  let stage: Stage | undefined;
  after(() => stage?.[Symbol.asyncDispose]());

  testPlanted(async () => {
    stage = await openStage();
    return stage;
  });
});
