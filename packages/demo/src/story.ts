/** The story: its steps in order, told as they happen. */
import { mkdtemp, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { messageOf, UndoStack } from '@stillframe/core';
import { leftBehind, takeCensus } from '@stillframe/testkit';
import type { Step, Story } from './step.ts';
import { checkpointStep, inspectStep, originalStep, searchStep } from './steps/capture.ts';
import { CannotCheckpoint, hostStep } from './steps/host.ts';
import { startNodeStep, startPodStep, startRegistryStep } from './steps/prepare.ts';
import { openSampleStep } from './steps/reading.ts';
import { convertStep, pushStep, removeStep, restoreFromRegistryStep, restoreStep } from './steps/restore.ts';
import { Stillframe } from './stillframe.ts';

const wholeStory: readonly Step[] = [
  hostStep,
  startRegistryStep,
  startNodeStep,
  startPodStep,
  checkpointStep,
  inspectStep,
  searchStep,
  restoreStep,
  originalStep,
  convertStep,
  pushStep,
  removeStep,
  restoreFromRegistryStep,
];

const readingHalf: readonly Step[] = [openSampleStep, inspectStep, searchStep];

export interface ToldStep {
  id: string;
  title: string;
  ok: boolean;
  milliseconds: number;
  /** What came of it, or why it failed. */
  line: string;
}

export interface DemoReport {
  ok: boolean;
  /** `whole`, or `reading` where this host cannot checkpoint. */
  half: 'whole' | 'reading';
  steps: ToldStep[];
  figures: Story['figures'];
  copies: Story['copies'];
}

export interface Teller {
  begin(step: Pick<Step, 'title'>): void;
  end(told: ToldStep): void;
  /** Something to be said between steps. */
  say(line: string): void;
}

/** Tells the story and cleans up behind it, whatever happens. `parent`: folder for everything the demo makes. */
export async function tell(
  teller: Teller,
  options: { parent: string; sample?: string | undefined; signal: AbortSignal },
): Promise<DemoReport> {
  const folder = await mkdtemp(join(options.parent, 'stillframe-demo-'));
  const before = await takeCensus();
  const story: Story = {
    folder,
    stillframe: new Stillframe(folder),
    cleanup: new UndoStack({ deadline: 120_000 }),
    signal: options.signal,
    sample: options.sample,
    copies: [],
    figures: {},
  };
  story.cleanup.push('folder', () => rm(folder, { recursive: true, force: true }));
  const report: DemoReport = { ok: true, half: 'whole', steps: [], figures: story.figures, copies: story.copies };
  try {
    await through(wholeStory, story, teller, report);
  } catch (error) {
    if (!(error instanceof CannotCheckpoint)) throw error;
    report.half = 'reading';
    report.steps = [];
    teller.say(`This host cannot checkpoint (${error.message}), so here is the reading half.`);
    await through(readingHalf, story, teller, report);
  } finally {
    await tellStep(cleanUp(before), story, teller, report);
  }
  return report;
}

async function through(steps: readonly Step[], story: Story, teller: Teller, report: DemoReport): Promise<void> {
  for (const step of steps) if (!(await tellStep(step, story, teller, report))) return;
}

async function tellStep(step: Step, story: Story, teller: Teller, report: DemoReport): Promise<boolean> {
  teller.begin(step);
  const from = performance.now();
  const told = { id: step.id, title: step.title, ok: true, milliseconds: 0, line: '' };
  try {
    told.line = await step.run(story);
  } catch (error) {
    if (error instanceof CannotCheckpoint) throw error;
    told.ok = false;
    report.ok = false;
    told.line = messageOf(error);
  }
  told.milliseconds = Math.round(performance.now() - from);
  report.steps.push(told);
  teller.end(told);
  return told.ok;
}

function cleanUp(before: Awaited<ReturnType<typeof takeCensus>>): Step {
  return {
    id: 'clean-up',
    title: 'Clean up, and count that nothing is left',
    async run(story) {
      await story.cleanup[Symbol.asyncDispose]();
      const left = await leftBehind(before, basename(story.folder));
      if (left.length > 0) throw new Error(`left behind: ${left.join('; ')}`);
      return 'no process, mount, namespace, cgroup or file is left';
    },
  };
}
