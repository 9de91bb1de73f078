/**
 * Runs crictl of kubernetes-sigs/cri-tools against a node of its own, verb after verb: `npx node tests/crictl/run.ts [CRICTL]`.
 * Without the path STILLFRAME_CRICTL names the program. Prints a line a step; exit code 1 at the first that goes wrong.
 */
import { openLab } from '../lab/lab.ts';
import { Crictl } from './crictl.ts';
import { steps } from './steps.ts';

const program = process.argv[2] ?? process.env['STILLFRAME_CRICTL'];
if (program === undefined) throw new Error('name crictl by an argument or by STILLFRAME_CRICTL');

const lab = await openLab();
try {
  const crictl = await Crictl.open(program, lab);
  for (const [name, step] of Object.entries(steps)) {
    const begin = performance.now();
    try {
      const said = await step(crictl);
      print(`ok    ${name.padEnd(36)} ${String(Math.round(performance.now() - begin)).padStart(6)} ms  ${said}`);
    } catch (error) {
      print(`WRONG ${name.padEnd(36)} ${error instanceof Error ? error.message : String(error)}`);
      process.exitCode = 1;
      break;
    }
  }
} finally {
  await lab[Symbol.asyncDispose]();
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
