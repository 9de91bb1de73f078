/** Whether this host can checkpoint; where it cannot, the reading half is told. */
import type { Step } from '../step.ts';

interface HostReportJson {
  canCheckpoint: boolean;
  checks: { id: string; title: string; status: string; required: boolean; found: string }[];
}

/** Thrown by the first step where this host cannot checkpoint: the reading half is then told instead. */
export class CannotCheckpoint extends Error {}

export const hostStep: Step = {
  id: 'host',
  title: 'Ask what this host can do',
  async run({ stillframe, signal }) {
    // Exit code 1 means "cannot checkpoint" here, which is an answer.
    const report = await stillframe.json<HostReportJson>(['doctor'], [], signal).catch((error) => {
      const text = error instanceof Error ? error.message : '';
      if (text.startsWith('{')) return JSON.parse(text) as HostReportJson;
      throw error;
    });
    const lacking = report.checks.filter(
      (check) => check.required && (check.status === 'missing' || check.status === 'broken'),
    );
    if (!report.canCheckpoint) {
      throw new CannotCheckpoint(lacking.map((check) => `${check.title}: ${check.found}`).join('; '));
    }
    const criu = report.checks.find((check) => check.id === 'criu');
    return criu ? criu.found : 'everything that a checkpoint needs';
  },
};
