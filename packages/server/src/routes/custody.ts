/** What vouches for the archive, and what is made of it to be given to others. */
import type { CustodyAnswer } from '../contract/index.ts';
import { deskError } from '../errors.ts';
import type { AnswerRoute, DownloadRoute } from './route.ts';

export const custody: AnswerRoute<'custody'> = async ({ one }): Promise<CustodyAnswer> => {
  const proof = await one.proof();
  if (!proof) return { proof: null };
  const { checks, statement, capture, custody: entries, custodyLeft, custodyHead } = proof;
  return {
    proof: {
      checks: checks.map(({ name, state, text }) => ({ name, state, text })),
      statement: statement ?? null,
      ...{ startedAt: capture.startedAt ?? null, finishedAt: capture.finishedAt ?? null },
      ...{ askedBy: capture.askedBy, node: capture.node ?? null, pause: capture.pause ?? null },
      ...{ notCaptured: capture.notCaptured, altered: capture.altered },
      entries: entries.map(({ at, who, action, outcome }) => ({ at, who, action, outcome: outcome ?? null })),
      ...{ left: custodyLeft, head: custodyHead ?? null },
    },
  };
};

export const exports: AnswerRoute<'exports'> = async ({ one }) => ({
  exports: one.exports.map(({ name, title, about, command }) => ({ name, title, about, command })),
});

/** Throws ERR_DESK_NOT_FOUND for what is not offered, and what making it throws. */
export const saved: DownloadRoute = async ({ one, question, signal }) => {
  const wanted = question.text('name');
  const found = one.exports.find(({ name }) => name === wanted);
  if (!found) throw deskError('ERR_DESK_NOT_FOUND', 'nothing of that name is made of a checkpoint');
  const text = await found.make(signal);
  const stem = one.name.replace(/\.(?:tar|zst|gz|tgz)(?:\.(?:zst|gz))?$/, '');
  return { name: `${stem}.${found.ending}`, isOurs: true, bytes: pieces(text) };
};

async function* pieces(text: string): AsyncGenerator<Uint8Array, void, undefined> {
  yield new TextEncoder().encode(text);
}
