/** `stillframe doctor`: what this host can do, and what to do about the rest. */
import { harmless } from '@stillframe/core';
import { locateCriu, runHostChecks } from '@stillframe/runtime/host';
import { renderJson } from '../display/json.ts';
import { styleOf } from '../display/style.ts';
import { renderTable } from '../display/table.ts';
import { exitCodes } from '../exit.ts';
import { outputOption, type RegisterCommand, withNodePlace } from './command.ts';

/** Exit code 1 where checkpointing is impossible on this host. */
export const doctor: RegisterCommand = (program, io, done) => {
  withNodePlace(program.command('doctor'))
    .description('What this host can do, and what to do about the rest')
    .addOption(outputOption('table', 'json'))
    .action(async ({ output, root }: { output: string; root: string }) => {
      const report = await runHostChecks({ criu: locateCriu(io.env), env: io.env, stateRoot: root, signal: io.signal });
      done(report.canCheckpoint ? exitCodes.ok : exitCodes.failed);
      if (output === 'json') {
        const { kind, schemaVersion, ...body } = report;
        io.out(renderJson(kind, schemaVersion, body));
        return;
      }
      const style = styleOf(io.colour);
      const rows = report.checks.map((check) => ({ ...check, found: harmless(check.found) }));
      io.out(
        renderTable(
          [
            { title: 'CHECK', cell: (row) => row.title },
            { title: 'STATUS', cell: (row) => row.status },
            { title: 'FOUND', cell: (row) => row.found },
          ],
          rows,
        ),
      );
      for (const { title, remedy } of rows) if (remedy) io.out(`\n${style.warn(title)}: ${remedy}\n`);
      io.out(
        `\n${report.canCheckpoint ? style.good('This host can checkpoint and restore.') : style.bad('This host cannot checkpoint yet; it can read archives.')}\n`,
      );
    });
};
