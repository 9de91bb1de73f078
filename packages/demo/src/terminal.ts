/** The story in a terminal: one line a step, with a tick, its time and what came of it. */
import { bytesText, harmless, millisecondsText } from '@stillframe/core';
import type { DemoReport, Teller } from './story.ts';

interface Terminal {
  write(text: string): unknown;
  isTTY?: boolean;
}

const TITLE_WIDTH = 46;

export function terminalTeller(out: Terminal): Teller & { summary(report: DemoReport): void } {
  const live = out.isTTY === true;
  const colour = (code: number, text: string) => (live ? `\x1b[${code}m${text}\x1b[0m` : text);
  return {
    begin: ({ title }) => live && out.write(`  … ${title}`),
    end({ ok, title, milliseconds, line }) {
      const mark = ok ? colour(32, '✓') : colour(31, '✗');
      const time = colour(2, millisecondsText(milliseconds).padStart(7));
      out.write(`${live ? '\r\x1b[K' : ''}  ${mark} ${title.padEnd(TITLE_WIDTH)}${time}  ${harmless(line)}\n`);
    },
    say: (line) => out.write(`${live ? '\r\x1b[K' : ''}\n  ${harmless(line)}\n\n`),
    summary(report) {
      const { figures } = report;
      if (report.half === 'whole' && report.ok) {
        const frozen = Number(figures['frozenMicroseconds']) / 1000;
        const rows = [
          [
            'true pause',
            `${millisecondsText(Number(figures['truePauseMicroseconds']) / 1000)} (CRIU's own account: ${millisecondsText(frozen)})`,
          ],
          ['request to archive', millisecondsText(Number(figures['requestMilliseconds']))],
          [
            'archive',
            `${bytesText(Number(figures['archiveBytes']))}, sha256 ${String(figures['sha256']).slice(0, 16)}…`,
          ],
          ['restore, each copy', millisecondsText(Number(figures['restoreMillisecondsEach']))],
          ['archive to OCI image', millisecondsText(Number(figures['convertMilliseconds']))],
          ['push', millisecondsText(Number(figures['pushMilliseconds']))],
          ['pull and restore', millisecondsText(Number(figures['pullAndRestoreMilliseconds']))],
        ];
        out.write(`\n${rows.map(([name = '', value]) => `    ${name.padEnd(24)}${value}\n`).join('')}`);
      }
      const failed = report.steps.find((step) => !step.ok);
      out.write(failed ? `\n  Failed at: ${failed.title}\n` : '\n  Everything held.\n');
    },
  };
}
