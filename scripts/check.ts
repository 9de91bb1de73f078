/** `npm run check`: generated code, types, lint and architecture; a line a part, and the words of those that fail. */
import { architecture, linesOf, parts, runParts } from './parts.ts';

const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());
const ok = await runParts([...parts, architecture], (outcome) => process.stdout.write(linesOf(outcome)), stop.signal);
process.exitCode = ok ? 0 : 1;
