/** What the container had changed in its root filesystem. */
import { changesRecorded, type RootfsChange, readChanges } from '@stillframe/checkpoint';
import type { ChangeFacts, ChangeList } from '../contract/index.ts';
import type { AnswerRoute } from './route.ts';

/** Changes that are listed. */
const MOST = 20_000;

export const changes: AnswerRoute<'changes'> = ({ one }) =>
  one.keep('changes', async (signal): Promise<ChangeList> => {
    const list: ChangeFacts[] = [];
    let total = 0;
    for await (const change of readChanges(one.checkpoint, { partial: true, signal })) {
      total += 1;
      if (list.length < MOST) list.push(factsOf(change));
    }
    return { recorded: changesRecorded(one.checkpoint), changes: list, total };
  });

function factsOf({ path, change, type, mode, uid, gid, size, modified, linkTarget, flags }: RootfsChange): ChangeFacts {
  return {
    ...{ path, change, type: type ?? null, mode: mode ?? null, uid: uid ?? null, gid: gid ?? null },
    ...{ size: size ?? null, modified: modified ?? null, linkTarget: linkTarget ?? null, flags },
  };
}
