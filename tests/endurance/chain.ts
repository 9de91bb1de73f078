/**
 * Ten checkpoints of a container that changes one page in twenty of its memory between them, in a chain store: what the
 * store takes and each push sends, and that every one comes back as itself. Run by hand, as root:
 * `npx node tests/endurance/chain.ts [MiB] [checkpoints]`, 1024 and 10 by default. Ends with code 1 where a bar is missed.
 */
import { goesOn, isItself, makeChain } from '../lab/chain.ts';
import { openCriLab } from '../lab/lab.ts';

const [megabytes = 1024, count = 10] = process.argv.slice(2).map(Number);
/** Parts of the first archive: 1.6 GiB for ten of 1 GiB, and 8 % for a push. */
const BARS = { store: 1.6, push: 0.08 };

await using lab = await openCriLab();
const chain = await makeChain(lab, { megabytes, count });
const [first = 0] = chain.sent;
const mib = (bytes: number) => (bytes / 2 ** 20).toFixed(1).padStart(9);
process.stdout.write('checkpoint  archive MiB  store MiB  sent MiB  sent %  append s\n');
for (const [round, archive] of chain.archives.entries()) {
  const [store = 0, sent = 0, appended = 0] = [chain.store[round], chain.sent[round], chain.appended[round]];
  const share = ((sent / first) * 100).toFixed(1).padStart(6);
  const row = [
    String(round).padEnd(10),
    mib(archive),
    ` ${mib(store)}`,
    mib(sent),
    share,
    (appended / 1000).toFixed(1),
  ];
  process.stdout.write(`${row.join('  ')}\n`);
}
for (const round of chain.archives.keys()) {
  await isItself(lab, chain, round);
  await goesOn(lab, chain, { what: `oci:${chain.layout}:c${round}`, round });
  process.stdout.write(`checkpoint ${round} is itself, restores, and goes on\n`);
}
const store = (chain.store.at(-1) ?? 0) / (megabytes * 2 ** 20);
const push = Math.max(...chain.sent.slice(1)) / first;
process.stdout.write(
  `store ${store.toFixed(3)} of the memory (bar ${BARS.store}), largest push ${(push * 100).toFixed(1)} %\n`,
);
process.exitCode = store <= BARS.store && push <= BARS.push ? 0 : 1;
